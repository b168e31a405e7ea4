#include "runtime/node/node_life.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <thread>

#include "runtime/node/startup.hpp"
#include "runtime/storage/generation_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

constexpr restart_limits tree_restarts{5, std::chrono::minutes{1}, std::chrono::milliseconds{200}, std::chrono::seconds{5}};
/// On top of cluster.drain_timeout, for what the store has to be told.
constexpr std::chrono::seconds drain_extra{5};
constexpr std::chrono::milliseconds between_looks{50};

/// How a life ended.
struct life_ending {
  std::optional<exit_code> code;
  bool owns_something = true; ///< what is to be handed over
};

/// Ends the process with `code` when it cannot stop by itself: CAF's destructor can wait for ever on a stalled peer.
void arm_watchdog(std::chrono::milliseconds patience, exit_code code) {
  std::thread([patience, code] {
    std::this_thread::sleep_for(patience);
    log_error("the node did not stop in time and is ended");
    std::_Exit(code);
  }).detach();
}

/// What the store shows does not let the node go on as it is.
life_ending end_with(const known_store::verdict& news) {
  if (news.what == store_finding::went_back) {
    log_error(message_of(doubted_store(news.why)));
    return {exit_conflict, true};
  }
  log_error(news.why + ": what this node knows is of before, it ends and is to be started anew");
  return {exit_failed, false}; // in the new generation it owns nothing
}

life_ending end_of_life(mining_tree& tree, mining_resources& resources, const caf::error& why) {
  resources.held.end();
  tree.abandon();
  const auto& name = resources.config.node.name;
  if (why == errc::conflict) {
    log_error("another process has taken the name of this node (node.name is " + name
              + "): stop one of the two, or give it a node.name of its own");
    return {exit_conflict, false};
  }
  log_warning("other nodes have declared node " + name
              + " gone: it has not beaten for long (it stood still, or the way to PostgreSQL was cut). It drops its work and begins anew");
  return {std::nullopt, false};
}

/// Whether somebody else is there to whom the shards may go.
bool has_successor(const view_pointer& view, incarnation self) {
  return view && std::ranges::any_of(view->nodes, [&](const node_row& node) {
           return node.self != self && node.state == node_state::member;
         });
}

/// Until the node owns nothing, for a bounded time.
void drain(life_parts& parts, mining_tree& tree) {
  auto& resources = parts.resources;
  if (!has_successor(resources.views.latest(), resources.self()))
    return;
  const auto limit = resources.config.cluster.drain_timeout + drain_extra;
  log_info("node " + resources.config.node.name + " gives its shards to the other nodes; a second signal ends it at once");
  tree.finish_deliveries();
  tree.set_draining(true);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (resources.figures.shards > 0 && !tree.is_broken() && !tree.life_end() && has_successor(resources.views.latest(), resources.self())) {
    if (std::chrono::steady_clock::now() > end)
      return log_warning(std::to_string(resources.figures.shards) + " shards were not given away in time; the node ends all the same");
    if (parts.signals.arrived_within(between_looks))
      return tree.abandon();
  }
}

/// Until something ends it. The tree is built anew when one of its actors ends by a defect.
life_ending mine(life_parts& parts) {
  auto& [system, resources, control, watch, signals] = parts;
  restart_budget<std::chrono::steady_clock::time_point> budget{tree_restarts};
  const auto patience = resources.config.node.shutdown_timeout + std::chrono::seconds{10};
  for (;;) {
    mining_tree tree{system, resources};
    control.use(&tree);
    bool is_told = false;
    known_store::verdict news;
    while (!tree.is_broken() && !tree.life_end() && (news = watch.news()).what == store_finding::as_expected
           && !(is_told = signals.arrived_within(std::chrono::milliseconds{100}))) {
    }
    if (is_told)
      drain(parts, tree);
    control.use(nullptr);
    // The tree stops as it leaves its scope.
    if (is_told) {
      arm_watchdog(patience, exit_failed);
      return {exit_ok, !tree.life_end()};
    }
    if (auto why = tree.life_end())
      return end_of_life(tree, resources, *why);
    if (news.what != store_finding::as_expected) {
      auto ending = end_with(news);
      arm_watchdog(patience, *ending.code);
      return ending;
    }
    auto wait = budget.spend(std::chrono::steady_clock::now());
    if (!wait) {
      arm_watchdog(patience, exit_failed);
      log_error("a shared actor failed again and again; the node gives up");
      return {exit_failed, true};
    }
    log_error("a shared actor ended by a defect; its tree is built anew from the store");
    if (signals.arrived_within(std::chrono::duration_cast<std::chrono::milliseconds>(*wait)))
      return {exit_ok, true};
  }
}

/// Waits for the database, until the node is told to stop.
caf::expected<joined_node> join(life_parts& parts, membership_store& members) {
  const auto& config = parts.resources.config;
  const node_identity who{config.node.name, parts.resources.self(), parts.resources.gate.address, config.cluster.weight};
  for (int tries = 0;; ++tries) {
    auto joined = members.join(who);
    if (joined || joined.error() != errc::store_unavailable)
      return joined;
    if (tries % 10 == 0)
      log_warning("waiting for PostgreSQL to join the cluster: " + message_of(joined.error()));
    if (parts.signals.arrived_within(std::chrono::milliseconds{500}))
      return joined;
  }
}

/// A node that gave up hands nothing over: its next start counts a crash, so that the page that broke it is suspected.
void hand_over(membership_store& members, incarnation self, exit_code code) {
  if (code == exit_failed)
    log_warning("the shards stay claimed: the next start counts as after a crash");
  else if (auto error = members.leave(self))
    log_warning("shards could not be released, the next start counts as after a crash: " + message_of(error));
}

} // namespace

std::optional<exit_code> live(life_parts& parts) {
  auto& resources = parts.resources;
  resources.begin_life(random_incarnation(), 0);
  auto members = resources.open_membership("node");
  auto joined = join(parts, *members);
  if (!joined) {
    if (joined.error() == errc::not_owner)
      return std::nullopt; // it took so long that others have declared it gone
    if (joined.error() == errc::store_unavailable) {
      log_info("told to stop before PostgreSQL answered");
      return exit_ok;
    }
    log_error(message_of(joined.error()));
    return exit_code_of(code_of(joined.error()));
  }
  // It was asked at the start too. Asked once more by a node that others see alive, so that none of another name began meanwhile.
  if (auto wrong = resources.settle_identity(); wrong && wrong != errc::store_unavailable) {
    log_error(message_of(wrong));
    hand_over(*members, resources.self(), exit_code_of(code_of(wrong)));
    return exit_code_of(code_of(wrong));
  }
  resources.flaps = joined->flaps;
  const auto ending = mine(parts);
  resources.held.end();
  if (ending.code && ending.owns_something)
    hand_over(*members, resources.self(), *ending.code);
  return ending.code;
}

} // namespace lode
