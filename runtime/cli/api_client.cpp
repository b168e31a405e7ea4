#include "runtime/cli/api_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <chrono>

namespace lode {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

api_client::api_client(std::string address, std::string token) : address_(std::move(address)), token_(std::move(token)) {
  if (!address_.starts_with("http://"))
    address_ = "http://" + address_;
  while (address_.ends_with('/'))
    address_.pop_back();
  auto rest = address_.substr(7);
  auto colon = rest.rfind(':');
  host_ = rest.substr(0, colon);
  port_ = colon == std::string::npos ? "80" : rest.substr(colon + 1);
  if (host_.starts_with('[') && host_.ends_with(']'))
    host_ = host_.substr(1, host_.size() - 2);
}

namespace {

/// For each step of a conversation; erasing and importing may take their time.
constexpr std::chrono::seconds step_limit{120};
constexpr std::chrono::seconds connect_limit{10};

/// One conversation with a node. Each step is asynchronous only to have a deadline.
class conversation {
public:
  void connect(const std::string& host, const std::string& port) {
    asio::ip::tcp::resolver resolver{io_};
    auto found = resolver.resolve(host, port, failed_);
    if (!failed_)
      step(connect_limit, [&](auto done) { stream_.async_connect(found, [done](auto error, const auto&) { done(error); }); });
  }

  void send(const http::request<http::string_body>& request) {
    if (!failed_)
      step(step_limit, [&](auto done) { http::async_write(stream_, request, [done](auto error, size_t) { done(error); }); });
  }

  /// A server that refuses a long body answers and closes before it has read it all: that answer is looked for.
  void receive_head() {
    auto before = failed_;
    if (failed_ && failed_ != asio::error::broken_pipe && failed_ != asio::error::connection_reset)
      return;
    parser_.body_limit(boost::none);
    step(step_limit, [&](auto done) {
      http::async_read_header(stream_, buffer_, parser_, [done](auto error, size_t) { done(error); });
    });
    if (failed_ && before)
      failed_ = before;
  }

  void receive_body(const api_client::sink& into) {
    std::array<char, 64 * 1024> piece;
    while (!parser_.is_done() && !failed_) {
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      step(step_limit, [&](auto done) {
        http::async_read(stream_, buffer_, parser_, [done](auto error, size_t) { done(error); });
      });
      if (failed_ == http::error::need_buffer)
        failed_ = {};
      into({piece.data(), piece.size() - body.size});
    }
  }

  int status() const { return static_cast<int>(parser_.get().result_int()); }
  const beast::error_code& failed() const noexcept { return failed_; }

private:
  template <class Start>
  void step(std::chrono::seconds limit, Start start) {
    stream_.expires_after(limit);
    start([this](beast::error_code error) { failed_ = error; });
    io_.restart();
    io_.run();
  }

  asio::io_context io_;
  beast::tcp_stream stream_{io_};
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  beast::error_code failed_;
};

http::request<http::string_body> request_of(const std::string& method, const std::string& path, const std::string& body,
                                            const std::string& content_type) {
  http::request<http::string_body> request{http::string_to_verb(method), path, 11};
  request.set(http::field::user_agent, "lode");
  request.set(http::field::connection, "close");
  if (!body.empty())
    request.set(http::field::content_type, content_type);
  request.body() = body;
  request.prepare_payload();
  return request;
}

} // namespace

api_reply api_client::call(const std::string& method, const std::string& path, const std::string& body,
                           const std::string& content_type, const sink& into, const std::string& command) const {
  auto request = request_of(method, path, body, content_type);
  request.set(http::field::host, address_.substr(7));
  if (!token_.empty())
    request.set(http::field::authorization, "Bearer " + token_);
  if (!command.empty())
    request.set("Idempotency-Key", command);
  api_reply out;
  conversation node;
  node.connect(host_, port_);
  out.may_be_done = !node.failed();
  node.send(request);
  node.receive_head();
  if (node.failed()) {
    out.body = node.failed().message();
    return out;
  }
  out.status = node.status();
  auto keep = [&](std::string_view piece) { out.body += piece; };
  node.receive_body(into && out.status == 200 ? into : sink{keep});
  out.is_complete = !node.failed();
  return out;
}

} // namespace lode
