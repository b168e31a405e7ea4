#pragma once

#include "tests/simapi/live/schedule.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace simapi {

/// Where webhooks go: a server, and the path for this hook.
struct hook_url {
  std::string host;
  uint16_t port = 80;
  std::string path;

  std::string server() const { return host + ':' + std::to_string(port); }
};

/// Reads `http://HOST[:PORT]/PATH[?QUERY]`; nothing if it is none.
std::optional<hook_url> parse_hook_url(const std::string& text);

/// A registered webhook of one tenant, and what waits for it.
struct hook {
  uint32_t id = 0;
  uint32_t tenant = 0;
  std::string text; // the URL as it was given
  hook_url url;
  uint32_t streams = ~0u; // a bit per stream_kind
  uint32_t batch = 1;     // events in one request at most
  uint32_t parallel = 1;  // requests at once
  uint32_t first_retry_ms = 1000, most_retry_ms = 60'000;
  uint32_t timeout_ms = 10'000;

  std::deque<outgoing_event> waiting;
  size_t retrying = 0; // events in requests that are to be tried again
  size_t unanswered = 0; // events in requests under way
  uint32_t in_flight = 0;
  bool is_ready = false; // its server knows that something waits
  uint64_t attempts = 0, failed = 0, answered = 0; // requests
  int last_status = 0;                             // of the latest answer; 0 = there was none

  size_t pending() const { return waiting.size() + retrying + unanswered; }
};

/// One request to a webhook, to be made or made.
struct delivery {
  uint32_t hook = 0;
  std::string server;
  outgoing_events events;
  uint32_t attempts = 0; // that failed
};

constexpr bool is_accepted(int status) {
  return status >= 200 && status < 300;
}

/// All webhooks: decides which request is made when. Pure; `now` is any clock in milliseconds.
class hook_table {
public:
  explicit hook_table(uint64_t seed) : seed_(seed) {}

  /// The same tenant and URL once more changes the hook. Answers its id.
  uint32_t add(hook made);
  bool remove(uint32_t id);
  size_t remove_tenant(uint32_t tenant);
  void clear();
  const std::map<uint32_t, hook>& all() const { return hooks_; }
  const hook* find(uint32_t id) const;
  std::vector<const hook*> of(uint32_t tenant) const;

  /// Gives an event to its tenant's hooks. Answers how many of them were too full to take it.
  size_t push(const outgoing_event& what);

  /// The next request to make, if any may be made now.
  std::optional<delivery> take(int64_t now);

  /// A request was answered with this status (0 = not at all). Answers false for a hook that is gone.
  bool finish(delivery of, int status, int64_t now);

  /// A journal says that this event was answered 2xx.
  void forget(uint32_t hook, uint64_t number);

  std::optional<int64_t> next_due() const;

  /// Events that no hook has answered 2xx yet.
  size_t waiting() const { return waiting_; }

  size_t limit = 100'000;           // events that wait for one hook at most
  uint32_t requests_per_server = 16; // at once

private:
  struct server {
    uint32_t in_flight = 0;
    std::deque<uint32_t> ready;   // hooks with something to send, served in turn
    std::deque<delivery> again;
  };

  void make_ready(hook& which);
  std::optional<delivery> take_from(server& which);
  hook* next_ready(server& which);
  static delivery cut_request(hook& from);

  uint64_t seed_;
  uint32_t last_id_ = 0;
  size_t waiting_ = 0;
  std::map<uint32_t, hook> hooks_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> by_tenant_;
  std::map<std::string, server> servers_;
  std::multimap<int64_t, delivery> retries_;
};

} // namespace simapi
