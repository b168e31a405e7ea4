#pragma once

#include <deque>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "actors/extraction/byte_budget.hpp"
#include "actors/scheduling/quota_table.hpp"
#include "messages/actors.hpp"

namespace lode {

/// How much waits, and bytes in flight: for metrics. Called on every change.
using fetch_gate_report = std::function<void(int64_t for_quota, int64_t for_bytes, int64_t bytes)>;

/// Serves a quota_table and a byte_budget. A request waits first for its quota, then for bytes, tenants in turn. What a
/// client holds is given back when it ends. A pause holds back whoever uses the budget. A restart forgets pauses; the next
/// response brings them back.
struct fetch_gate_state {
  static constexpr const char* name = "lode.fetch-gate";

  fetch_gate_state(fetch_gate_actor::pointer self, timers_actor timers, uint64_t capacity, fetch_gate_report report);
  fetch_gate_actor::behavior_type make_behavior();

  struct waiting {
    permit_client_actor client;
    ask_permit ask;
  };

  void admit(waiting request);
  void wait_for_quota(waiting request, std::chrono::nanoseconds wait);
  void reserve(waiting request);
  void grant(waiting request);
  void grant_reserved();
  bool serve_first_of(std::deque<waiting>& queue);
  void retry_quota();
  void wake_at(quota_table::time_point when);
  void correct(const caf::actor_addr& client, const correct_permit& permit);
  void release(caf::actor_addr client, uint64_t bytes);
  void client_ended(const caf::actor_addr& client);
  void show();

  fetch_gate_actor::pointer self;
  timers_actor timers;
  byte_budget bytes;
  fetch_gate_report report;
  quota_table quotas;
  std::multimap<quota_table::time_point, waiting> for_quota;
  std::map<tenant_id, std::deque<waiting>> for_bytes;
  std::deque<tenant_id> turn; ///< tenants in for_bytes, next one first
  int64_t waiting_for_bytes = 0;
  std::map<caf::actor_addr, uint64_t> held;
  quota_table::time_point armed_for = quota_table::time_point::max();
  uint64_t armed = 0;
};
using fetch_gate = fetch_gate_actor::stateful_impl<fetch_gate_state>;

} // namespace lode
