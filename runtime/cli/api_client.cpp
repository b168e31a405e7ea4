#include "runtime/cli/api_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

namespace lode {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::string_view plain = "http://", secure = "https://";

} // namespace

api_client::api_client(std::string address, std::string token, std::string ca_file)
  : address_(std::move(address)), token_(std::move(token)), ca_file_(std::move(ca_file)) {
  is_secure_ = address_.starts_with(secure);
  if (!is_secure_ && !address_.starts_with(plain))
    address_.insert(0, plain);
  while (address_.ends_with('/'))
    address_.pop_back();
  auto rest = address_.substr((is_secure_ ? secure : plain).size());
  auto colon = rest.find(':', rest.starts_with('[') ? rest.find(']') : 0);
  host_ = rest.substr(0, colon);
  port_ = colon == std::string::npos ? (is_secure_ ? "443" : "80") : rest.substr(colon + 1);
  if (host_.starts_with('[') && host_.ends_with(']'))
    host_ = host_.substr(1, host_.size() - 2);
}

namespace {

/// For each step of a conversation; erasing and importing may take their time.
constexpr std::chrono::seconds step_limit{120};
constexpr std::chrono::seconds connect_limit{10};

/// What does not depend on how bytes come: a conversation in which each step has a deadline.
class conversation {
public:
  virtual ~conversation() = default;

  virtual void connect(const std::string& host, const std::string& port) = 0;
  virtual void send(const http::request<http::string_body>& request) = 0;
  virtual void receive_head() = 0;
  virtual void receive_body(const api_client::sink& into) = 0;

  std::string content_type() const { return std::string{parser_.get()[http::field::content_type]}; }
  int status() const { return static_cast<int>(parser_.get().result_int()); }
  bool has_failed() const noexcept { return failed_.failed(); }
  void give_up_after(std::chrono::seconds patience) { patience_ = patience; }
  std::string why() const { return why_.empty() ? failed_.message() : why_; }

protected:
  template <class Start>
  void step(beast::tcp_stream& stream, std::chrono::seconds limit, Start start) {
    stream.expires_after(std::min(limit, patience_));
    start([this](beast::error_code error) { failed_ = error; });
    io_.restart();
    io_.run();
  }

  std::chrono::seconds patience_ = step_limit;
  asio::io_context io_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  beast::error_code failed_;
  std::string why_; ///< in better words than those of `failed_`
};

/// Over a stream, plain or TLS. Each step is asynchronous only to have a deadline.
template <class Stream>
class conversation_over : public conversation {
public:
  template <class... Arguments>
  explicit conversation_over(Arguments&... arguments) : stream_(io_, arguments...) {}

  void connect(const std::string& host, const std::string& port) override {
    asio::ip::tcp::resolver resolver{io_};
    auto found = resolver.resolve(host, port, failed_);
    if (!failed_)
      step(connect_limit, [&](auto done) { lowest().async_connect(found, [done](auto error, const auto&) { done(error); }); });
  }

  void send(const http::request<http::string_body>& request) override {
    if (!failed_)
      step(step_limit, [&](auto done) { http::async_write(stream_, request, [done](auto error, size_t) { done(error); }); });
  }

  /// A server that refuses a long body answers and closes before it has read it all: that answer is looked for.
  void receive_head() override {
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

  void receive_body(const api_client::sink& into) override {
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

protected:
  template <class Start>
  void step(std::chrono::seconds limit, Start start) {
    conversation::step(lowest(), limit, start);
  }
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  Stream stream_;
};

/// The authorities by which a node is believed; the first thing that is wrong with them.
class trusted {
public:
  explicit trusted(const std::string& ca_file) {
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    boost::system::error_code failed;
    if (ca_file.empty())
      context.set_default_verify_paths(failed);
    else
      context.load_verify_file(ca_file, failed);
    if (failed)
      wrong = ca_file + ": expected a readable file with certificates in PEM form (" + failed.message() + ")";
  }

  asio::ssl::context context{asio::ssl::context::tls_client};
  std::string wrong;
};

class secure_conversation : trusted, public conversation_over<beast::ssl_stream<beast::tcp_stream>> {
public:
  explicit secure_conversation(const std::string& ca_file) : trusted(ca_file), conversation_over(context) {}

  void connect(const std::string& host, const std::string& port) override {
    conversation_over::connect(host, port);
    if (failed_)
      return;
    auto* session = stream_.native_handle();
    boost::system::error_code is_name;
    asio::ip::make_address(host, is_name);
    if (is_name) {
      SSL_set1_host(session, host.c_str());
      SSL_set_tlsext_host_name(session, host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
    }
    SSL_set_verify(session, SSL_VERIFY_PEER, nullptr);
    step(connect_limit, [&](auto done) { stream_.async_handshake(asio::ssl::stream_base::client, done); });
    if (!failed_)
      return;
    const auto verdict = SSL_get_verify_result(session);
    why_ = !wrong.empty()         ? wrong
           : verdict != X509_V_OK ? std::string{"its certificate is not accepted: "} + X509_verify_cert_error_string(verdict)
                                      + "; --ca-file names the certificates of those who may vouch for it"
                                  : "TLS: " + failed_.message();
  }
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
  request.set(http::field::host, address_.substr((is_secure_ ? secure : plain).size()));
  if (!token_.empty())
    request.set(http::field::authorization, "Bearer " + token_);
  if (!command.empty())
    request.set("Idempotency-Key", command);
  api_reply out;
  std::unique_ptr<conversation> node;
  if (is_secure_)
    node = std::make_unique<secure_conversation>(ca_file_);
  else
    node = std::make_unique<conversation_over<beast::tcp_stream>>();
  if (patience_)
    node->give_up_after(*patience_);
  node->connect(host_, port_);
  out.may_be_done = !node->has_failed();
  node->send(request);
  node->receive_head();
  if (node->has_failed()) {
    out.body = node->why();
    return out;
  }
  out.status = node->status();
  out.content_type = node->content_type();
  auto keep = [&](std::string_view piece) { out.body += piece; };
  node->receive_body(into && out.status == 200 ? into : sink{keep});
  out.is_complete = !node->has_failed();
  return out;
}

} // namespace lode
