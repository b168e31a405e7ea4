#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/scenario/sinks/told_changes.hpp"
#include "tests/support/dice.hpp"
#include "tests/support/test_http_server.hpp"

namespace lode::test {

/// A receiver of webhooks that keeps what it is told, and then acknowledges it or, at random, does not: it refuses, asks for a pause, hangs
/// until the sender leaves, hangs up.
class hook_receiver {
public:
  explicit hook_receiver(uint32_t seed) : dice_(seed) {}

  std::string url() const { return server_.url("/hooks"); }
  static const char* secret() { return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"; }

  /// From now on it acknowledges everything.
  void behave() { behaves_ = true; }
  size_t requests();
  /// In the order in which requests were here whole.
  std::vector<told_change> told();
  /// Of these, what was acknowledged.
  std::vector<acknowledged_change> acknowledged();
  /// What was wrong with requests.
  std::vector<std::string> complaints();
  /// How often it did what.
  std::string tally();

private:
  enum class answer : uint8_t { acknowledge, refuse, pause, hang, hang_up };

  void serve(server_connection& connection);
  answer take(const server_request& request, size_t& number);

  std::mutex mutex_;
  dice dice_;
  std::atomic<bool> behaves_ = false;
  size_t requests_ = 0;
  std::vector<told_change> told_;
  struct acknowledged_request {
    size_t number;
    std::chrono::steady_clock::time_point at;
    std::vector<told_change> changes;
  };
  std::vector<acknowledged_request> acknowledged_;
  std::set<size_t> last_ones_; ///< requests after which their connection ended
  std::vector<std::string> complaints_;
  std::map<answer, size_t> answers_;
  test_http_server server_{[this](server_connection& connection) { serve(connection); }};
};

} // namespace lode::test
