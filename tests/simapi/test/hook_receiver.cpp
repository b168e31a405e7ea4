#include "tests/simapi/test/hook_receiver.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cctype>
#include <sys/socket.h>

namespace simapi::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

hook_receiver::hook_receiver(std::function<int(const hook_call&)> answer)
  : answer_(std::move(answer)), acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), port_(acceptor_.local_endpoint().port()),
    accepting_([this] { accept_all(); }) {}

hook_receiver::~hook_receiver() {
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
  accepting_.join();
  {
    std::scoped_lock lock{mutex_};
    for (auto each : open_)
      ::shutdown(each, SHUT_RDWR);
  }
  threads_.clear();
}

void hook_receiver::accept_all() {
  for (;;) {
    boost::system::error_code error;
    auto socket = acceptor_.accept(error);
    if (error)
      return;
    std::scoped_lock lock{mutex_};
    open_.push_back(socket.native_handle());
    threads_.emplace_back([this, its = std::make_shared<tcp::socket>(std::move(socket))] { serve(*its); });
  }
}

void hook_receiver::serve(tcp::socket& socket) {
  boost::beast::flat_buffer buffer;
  boost::system::error_code error;
  for (;;) {
    http::request<http::string_body> asked;
    http::read(socket, buffer, asked, error);
    if (error)
      break;
    hook_call call{std::string{asked.method_string()}, std::string{asked.target()}, asked.body(), {}};
    for (const auto& each : asked) {
      std::string name{each.name_string()};
      for (auto& c : name)
        c = static_cast<char>(std::tolower(c));
      call.headers[name] = std::string{each.value()};
    }
    http::response<http::string_body> answer{http::status::ok, 11};
    if (call.method == "GET") {
      auto at = call.target.find("challenge=");
      answer.body() = answers_challenges && at != std::string::npos ? call.target.substr(at + 10) : "no";
    } else {
      auto status = answer_(call);
      std::scoped_lock lock{mutex_};
      calls_.push_back(call);
      came_.notify_all();
      if (status == 0)
        break;
      answer.result(static_cast<unsigned>(status));
    }
    answer.prepare_payload();
    http::write(socket, answer, error);
    if (error)
      break;
  }
  std::scoped_lock lock{mutex_};
  std::erase(open_, socket.native_handle());
  socket.close(error);
}

std::vector<hook_call> hook_receiver::wait_for(size_t count) {
  std::unique_lock lock{mutex_};
  came_.wait(lock, [&] { return calls_.size() >= count; });
  return calls_;
}

} // namespace simapi::test
