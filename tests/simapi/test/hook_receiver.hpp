#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace simapi::test {

/// A request that a webhook made.
struct hook_call {
  std::string method, target, body;
  std::map<std::string, std::string> headers; // names in lower case
};

/// A real HTTP server that takes webhooks: a thread for each connection. Answers challenges by itself.
class hook_receiver {
public:
  /// `answer` says with which status a POST is answered; 0 = the connection is closed instead.
  explicit hook_receiver(std::function<int(const hook_call&)> answer = [](const hook_call&) { return 200; });
  ~hook_receiver();

  uint16_t port() const { return port_; }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  /// The POSTs so far, once there are this many.
  std::vector<hook_call> wait_for(size_t count);
  std::vector<hook_call> calls() { return wait_for(0); }

  bool answers_challenges = true;

private:
  void accept_all();
  void serve(boost::asio::ip::tcp::socket& socket);

  std::function<int(const hook_call&)> answer_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  uint16_t port_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<hook_call> calls_;
  std::vector<int> open_; // sockets
  std::vector<std::jthread> threads_;
  std::jthread accepting_;
};

} // namespace simapi::test
