#pragma once

#include <caf/disposable.hpp>

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/extraction/byte_budget.hpp"
#include "actors/scheduling/quota_table.hpp"
#include "actors/supervision/activity_board.hpp"
#include "messages/actors.hpp"

namespace lode {

/// How much waits, and bytes in flight: for metrics. Called on every change.
using fetch_gate_report = std::function<void(int64_t for_quota, int64_t for_bytes, int64_t bytes)>;

enum class lease_result : uint8_t {
  granted,
  refused, ///< fewer turns than were asked for: the budget is used up, by us or others
  failed,  ///< no answer from Redis
};

/// How the gate shares budgets with other nodes.
struct budget_sharing {
  turn_leaser_actor leaser; ///< nothing where there is no Redis
  /// Nodes that may be sending requests, this one included. It must count a newcomer before that one is given work.
  std::function<uint32_t()> live_nodes = [] { return 1u; };
  std::function<void(lease_result)> leased = [](auto) {}; ///< once per budget and order
  /// Redis is configured and not used, and why; or it is used.
  std::function<void(bool is_fallback, const std::string& why)> fallback = [](auto, const auto&) {};
};

/// Serves a quota_table and a byte_budget. A request goes when its quota and its bytes are there; those that wait for bytes
/// take turns by tenant, those that a budget holds back go in order. What a client holds is given back when it ends; what it
/// asked for is dropped then, without using a turn, and when it asks again with a higher generation. A pause holds back whoever
/// uses the budget. A restart forgets pauses; the next response brings them back.
///
/// The gate has two timers on CAF's clock, not on the node's timer service, whose 50 ms are longer than a turn can wait.
struct fetch_gate_state {
  static constexpr const char* name = "lode.fetch-gate";

  fetch_gate_state(fetch_gate_actor::pointer self, uint64_t capacity, fetch_gate_report report, budget_sharing sharing = {},
                   activity_board* board = nullptr);
  fetch_gate_actor::behavior_type make_behavior();

  using time_point = quota_table::time_point;
  struct waiting {
    uint64_t number = 0; ///< in the order in which they asked
    permit_client_actor client;
    ask_permit ask;
    std::vector<quota_limit> limits;
    std::string from{}; ///< the budget whose queue stands still as its front waits for bytes: this one
  };
  struct quota_queue {
    std::map<uint64_t, waiting> requests{}; ///< by number
    time_point wake{};                      ///< stands in `wakes`, unless the front is out
    bool is_front_out = false;              ///< it waits for bytes
  };
  struct known_client {
    uint64_t bytes = 0;      ///< held
    uint64_t generation = 0; ///< of its latest request
  };

  void remember(const waiting& request);
  bool is_dropped(const waiting& request) const;
  void admit(waiting request);
  void queue_up(quota_queue& queue, waiting request);
  void wait_for_quota(waiting request, const quota_hold& hold, time_point now);
  bool reserve(waiting request, time_point now);
  void grant(waiting request, time_point now);
  void grant_reserved();
  waiting take_first_of(const tenant_id& tenant);
  void use_bytes(waiting request, time_point now);
  void resume(const std::string& budget, time_point now);
  void serve_due();
  void serve(const std::string& budget, time_point now);
  void wake_up();
  void hear(const report_quota& said);
  void tick();
  std::unordered_map<std::string, size_t> demand() const;
  void order_turns();
  void take_turns(const lease_turns& order, const turns_leased& answer);
  void correct(const caf::actor_addr& client, const correct_permit& permit);
  void release(caf::actor_addr client, uint64_t bytes);
  void client_ended(const caf::actor_addr& client);
  void show();
  /// On the board: what this one waits for.
  void show(const waiting& request, doing why, std::chrono::nanoseconds wait, const std::string& budget);

  fetch_gate_actor::pointer self;
  byte_budget bytes;
  fetch_gate_report report;
  budget_sharing sharing;
  activity_board* board; ///< may be null
  quota_table quotas;
  std::unordered_map<std::string, quota_queue> for_quota; ///< by the budget that holds back; empty only with its front out
  std::set<std::pair<time_point, std::string>> wakes;     ///< when which queue is looked at again
  caf::disposable waker;
  time_point armed_for = time_point::max();
  std::map<tenant_id, std::deque<waiting>> for_bytes;
  std::deque<tenant_id> turn; ///< tenants in for_bytes, next one first
  int64_t waiting_for_quota = 0;
  int64_t waiting_for_bytes = 0;
  std::map<caf::actor_addr, known_client> clients;
  uint64_t asked = 0;
  bool is_ordering = false;
  time_point forget_at{};
  std::minstd_rand random{std::random_device{}()};
};
using fetch_gate = fetch_gate_actor::stateful_impl<fetch_gate_state>;

} // namespace lode
