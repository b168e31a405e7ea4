#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/cli/demo/interrupt.hpp"
#include "runtime/cli/demo/show.hpp"

namespace lode::demo {

namespace {

constexpr int takeover_tries = 300;
constexpr int takeover_try_ms = 200;

} // namespace

// -- all at once --------------------------------------------------------------------------------------------------------

void show::kill_all_in_mid_run(mining_pass& pass, const api_traffic& traffic) {
  ++state_.kills;
  save();
  auto unfinished = pass.unfinished();
  stage_.nodes().kill_all();
  recovery_ = std::make_unique<recovery>(traffic.now, std::move(unfinished));
  display_.say(fmt::format("kill -9 of all nodes at once, {} of {} tenants in mid-run; starting them again", recovery_->waiting(),
                           healthy_.size()));
  pass.show_now();
  stage_.start_nodes();
}

void show::follow_recovery(mining_pass& pass, const api_traffic& traffic) {
  if (!recovery_ || state_.is_recovered)
    return;
  recovery_->observe(traffic);
  for (const auto& tenant : healthy_)
    if (pass.is_done(tenant))
      recovery_->is_done(tenant);
  if (!recovery_->is_over())
    return;
  state_.recovery_seconds = recovery_->seconds();
  // Counted again at the end of the pass, if the request log lives that long.
  state_.refetched_by_recovery = count_refetched(stage_.apis().request_log(), {.kill = recovery_->killed_at()});
  state_.is_recovered = true;
  save();
  display_.say(fmt::format("the last unfinished tenant went on {:.1f} s after the kill", state_.recovery_seconds));
}

// -- one for good -------------------------------------------------------------------------------------------------------

void show::lose_one_in_mid_run(mining_pass& pass) {
  auto node_of = stage_.node().nodes_of_tenants();
  std::map<std::string, int64_t> unfinished;
  for (const auto* name : node_names)
    unfinished[name] = 0;
  for (const auto& tenant : pass.unfinished())
    if (auto found = unfinished.find(node_of[tenant]); found != unfinished.end())
      ++found->second;
  // An API that hangs is given up after some tries, which would begin anew elsewhere and make the show longer.
  for (const auto& sick : sick_)
    if (sick.what == sickness::hanging)
      unfinished.erase(node_of[sick.name]);
  // Of the others the one whose loss costs most.
  const auto victim = std::ranges::max_element(unfinished, {}, [](const auto& each) { return each.second; })->first;
  for (const auto& [tenant, node] : node_of)
    if (node == victim)
      lost_.tenants.insert(tenant);
  state_.kills = 2;
  save();
  stage_.nodes().lose(victim);
  lost_.kill = stage_.apis().traffic().now;
  save();
  display_.say(fmt::format("kill -9 of {} for good; nobody tells the others", victim));
  pass.show_now();
  auto waiting = lost_in_mid_run(pass);
  display_.say(fmt::format("of its {} tenants {} are in mid-run", lost_.tenants.size(), waiting.size()));
  takeover_ = std::make_unique<takeover>(victim, lost_.kill, std::move(waiting));
}

/// Of the tenants that were the lost node's. As the store shows it: the pass notices only later that a run is over.
std::set<std::string> show::lost_in_mid_run(const mining_pass& pass) const {
  std::vector<std::string> asked;
  for (const auto& tenant : pass.unfinished())
    if (lost_.tenants.contains(tenant))
      asked.push_back(tenant);
  auto runs = stage_.nodes().latest_runs(asked);
  std::set<std::string> out;
  for (size_t i = 0; i < asked.size(); ++i)
    if (runs[i].run <= pass.planned().after_run || !runs[i].is_over())
      out.insert(asked[i]);
  return out;
}

void show::follow_takeover(mining_pass& pass) {
  if (!takeover_ || state_.is_taken_over)
    return;
  auto cluster = stage_.node().cluster();
  for (const auto& news : takeover_->observe(stage_.apis().traffic(), cluster))
    display_.say(news);
  for (const auto& tenant : healthy_)
    if (pass.is_done(tenant))
      takeover_->is_done(tenant);
  if (!takeover_->is_over())
    return;
  state_.takeover_seconds = takeover_->seconds();
  state_.is_taken_over = true;
  save();
  auto node_of = stage_.node().nodes_of_tenants();
  std::erase_if(node_of, [&](const auto& each) { return !lost_.tenants.contains(each.first); });
  display_.say(fmt::format("the last of its tenants in mid-run went on elsewhere {:.1f} s after the kill", state_.takeover_seconds));
  display_.say(fmt::format("its {} tenants are now with {}", lost_.tenants.size(), count_by_node(node_of)));
}

/// A pass may end before: nothing was in mid-run, or all of it was done before the last shard was claimed.
void show::see_takeover_end(mining_pass& pass) {
  if (state_.lost_node.empty())
    lose_one_in_mid_run(pass);
  for (int tries = 0; !state_.is_taken_over; ++tries) {
    if (tries == takeover_tries)
      throw failure{"nobody takes over from " + state_.lost_node + "; the logs of the other nodes are in " + place_.folder()};
    stage_.check_alive();
    follow_takeover(pass);
    pass.show_now();
    pause_ms(takeover_try_ms);
  }
  display_.hide();
  if (lost_.tenants.empty())
    return;
  state_.refetched_by_takeover = count_refetched(stage_.apis().request_log(), lost_);
  display_.say(fmt::format("{} pages of its tenants fetched again because of the kill", state_.refetched_by_takeover));
}

void show::describe_nodes(std::vector<node_line>& nodes, int64_t now) const {
  for (auto& node : nodes) {
    if (node.is_up)
      continue;
    node.fate = "killed";
    if (node.name != state_.lost_node)
      continue;
    if (takeover_)
      takeover_->describe(node, now);
    else
      node.fate = "dead";
  }
}

} // namespace lode::demo
