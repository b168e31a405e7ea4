#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/sharding/command_routing.hpp"
#include "messages/actors.hpp"
#include "runtime/storage/shard_hash.hpp"

namespace lode {

struct tenant_router_parts {
  incarnation self;
  std::string name;
  run_keeper_actor keeper;
  shard_region_actor region;
  peer_links_actor links; ///< null: this node has no links
  timers_actor timers;
  waiting_bounds bounds{};
  int64_t shard_count = default_shard_count;
};

/// Carries commands to the owner of their tenant's shard. What makes "at most once per id" true is the ledger in the store: an
/// id is *taken* before it is carried out, and *settled* with what became of it; nobody takes it twice. Here only that is
/// remembered which is under way; all of it may be lost. What may be repeated (is_repeatable) goes to the region without the ledger.
///
///   asked --owner is this node--> taken --region--> settled --> answered
///         --owner is a peer----> sent ----answer, or unknown when the link is lost--> answered
///         --nobody, moving, no link, "not mine"--> waits --new table, new view, tick--> asked
///                                                        --patience over--> refused
struct tenant_router_state {
  static constexpr const char* name = "lode.tenant-router";
  static constexpr std::chrono::milliseconds tick{250};
  static constexpr size_t max_unsettled = 1'000;

  tenant_router_state(tenant_router_actor::pointer self, tenant_router_parts parts);
  tenant_router_actor::behavior_type make_behavior();

  using promise = caf::typed_response_promise<command_answer>;
  using key = std::pair<int64_t, std::string>; ///< tenant and id
  /// A command that was asked here and not answered yet.
  struct asked {
    ask_tenant ask;
    waiting_room::time_point until;
    std::vector<promise> askers;
    std::string why{}; ///< it waits
  };
  /// One that is in work here, asked by whomever.
  struct in_work {
    tenant_command command;
    std::vector<std::function<void(caf::expected<command_answer>)>> done;
  };

  caf::result<command_answer> accept(ask_tenant& ask);
  void send_off(uint64_t number);
  void send_to_peer(uint64_t number, const command_way& way);
  void wait(uint64_t number, const std::string& why);
  void retry_waiting();
  void answer(uint64_t number, command_answer what);
  void judge(uint64_t number, const std::string& node, caf::expected<command_answer> what);

  void carry_out(ask_tenant ask, std::function<void(caf::expected<command_answer>)> done);
  void taken(const key& which, const command_standing& standing);
  void deliver(const key& which);
  void deliver_unwritten(const key& which);
  void settle(const key& which, command_outcome outcome, std::string reason);
  void write_down(settle_command what);
  void finish(const key& which, caf::expected<command_answer> what);

  void look();
  command_answer said(command_outcome outcome, std::string reason) const;
  waiting_room::time_point now() const;

  tenant_router_actor::pointer self;
  tenant_router_parts parts;
  view_pointer view;
  shard_table_pointer table;
  std::map<uint64_t, asked> open;   ///< by number, which grows with arrival
  std::map<key, uint64_t> numbers;  ///< of what is open
  std::map<key, in_work> work;
  std::map<key, settle_command> unsettled; ///< known, but the store did not take it yet
  waiting_room room;
  uint64_t last = 0;
  uint64_t token = 0;
  bool is_armed = false;
};
using tenant_router = tenant_router_actor::stateful_impl<tenant_router_state>;

} // namespace lode
