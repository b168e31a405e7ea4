#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "runtime/console/api_message.hpp"

namespace lode {

/// Answers that other threads give some time later, or never, or when the server is gone. Waited for on the I/O thread.
class late_answers : public std::enable_shared_from_this<late_answers> {
public:
  using clock = std::chrono::steady_clock;
  using tell = api_response::tell;

  explicit late_answers(boost::asio::io_context& io) : io_(&io) {}

  /// Calls `start`, and waits for what is told; nothing when that takes longer. What is told after that, or again, is dropped.
  boost::asio::awaitable<std::optional<api_response>> wait(const std::function<void(tell)>& start, clock::time_point until);
  /// The I/O ends: nothing is told any more.
  void close();

private:
  struct waiter {
    boost::asio::steady_timer timer;
    std::optional<api_response> answer;
  };
  void told(uint64_t number, api_response answer);

  std::mutex guard_;
  boost::asio::io_context* io_; ///< null: closed
  std::map<uint64_t, waiter*> waiters_; ///< I/O thread only; each lives in the conversation that waits
  uint64_t last_ = 0;
};

} // namespace lode
