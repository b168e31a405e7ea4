#pragma once

#include "runtime/http/http_client.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace lode {

/// The http_client of unit tests: answers from a script, on the caller's thread, without sockets or time.
/// In mode `at_once` start() calls back before it returns; in mode `on_demand` each deliver_next() completes the oldest
/// open request. A request without a scripted answer fails with `connect`. Thread-safe.
class scripted_http_client : public http_client {
public:
  enum class delivery { at_once, on_demand };

  explicit scripted_http_client(delivery mode = delivery::at_once) : mode_(mode) {}
  ~scripted_http_client() override;

  /// Adds an answer for this URL, exactly as requested. Answers are used in order, the last one for ever.
  void answer(const std::string& url, http_result result);
  /// The same with a plain response.
  void answer(const std::string& url, int status, std::string body, std::vector<http_header> headers = {});
  /// Adds an answer for requests whose URL has none of its own. Each is used once, in order.
  void answer_any(http_result result);

  /// Completes the oldest open request; false if there is none.
  bool deliver_next();

  /// Everything started so far, in order.
  std::vector<http_request> requests() const;

  request_handle start(http_request request, callback done) override;
  void cancel(request_handle handle) override;
  http_client_stats stats() const override;

private:
  struct open_request {
    std::string url;
    callback done;
  };

  http_result next_answer(const std::string& url);
  void finish(callback done, http_result result);

  const delivery mode_;
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<http_result>> answers_;
  std::deque<http_result> answers_for_any_;
  std::map<std::uint64_t, open_request> open_;
  std::vector<http_request> requests_;
  http_client_stats stats_;
};

} // namespace lode
