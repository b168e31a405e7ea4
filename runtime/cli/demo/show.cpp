#include "runtime/cli/demo/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/cli/demo/ask_each.hpp"
#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/interrupt.hpp"

namespace lode::demo {

namespace {

using namespace std::chrono_literals;

constexpr double kill_all_at_share = 0.45;
constexpr double lose_one_at_share = 0.1;
constexpr uint32_t few_tenants = 60; ///< they are done before a share of them can be seen
constexpr size_t import_at_once = 10; ///< lines of one request
constexpr size_t trigger_at_once = 60; ///< tenants between two looks at the nodes
constexpr int settle_ms = 1'300; ///< the sources' settle time of 1 s, and then some
constexpr int sick_tries = 120;
constexpr int sick_try_ms = 500;
constexpr int64_t least_records = 300'000; ///< of the whole show

/// 5,000 changes for 500 tenants of full size, a fifth of them inserts.
int64_t changes_of(const show_state& state) {
  return std::max<int64_t>(50, 5'000 * int64_t{state.tenants} * state.percent / (500 * 100));
}

/// Few enough that none of them brakes a full pass; none of shops that hold next to nothing.
int64_t deletes_of(const show_state& state, size_t shops) {
  if (shops == 0 || state.percent < 5)
    return 0;
  return std::max<int64_t>(1, static_cast<int64_t>(shops) * state.percent * 3 / 200);
}

} // namespace

show::show(const workplace& place, show_state& state, display& display)
  : place_(place), state_(state), display_(display), stage_(place, state) {}

show_report show::run() {
  open();
  if (state_.phase == show_phase::first_pass)
    first_pass();
  if (state_.phase == show_phase::second_pass)
    second_pass();
  return judge();
}

void show::open() {
  constexpr std::array names{"first pass", "second pass", "audit", "the end"};
  if (!state_.is_taken_over)
    state_.lost_node.clear(); // of a show that was killed in mid take-over: it is lost once more
  display_.say(fmt::format("starting a private PostgreSQL and Redis, the simulated APIs and {} nodes; next: {}",
                           stage_.nodes().size() - !state_.lost_node.empty(), names[static_cast<size_t>(state_.phase)]));
  stage_.start_servers();
  stage_.start_apis();
  tenants_ = read_tenants(stage_.apis().tenant_lines());
  sick_ = choose_sick(tenants_);
  std::vector<std::string> faults;
  for (const auto& sick : sick_)
    faults.push_back(sick.fault);
  stage_.apis().set_faults(faults);
  for (const auto& tenant : tenants_)
    if (std::ranges::none_of(sick_, [&](const auto& sick) { return sick.name == tenant.name; }))
      healthy_.push_back(tenant.name);
  // Addresses that moved while everything was down are told to the connections.
  is_import_needed_ = state_.api_port != stage_.api_port();
  stage_.start_nodes();
  stage_.nodes().await_shared();
  auto nodes = stage_.nodes().lines();
  describe_nodes(nodes, 0);
  display_.say("the nodes are linked by certificates and share the work: " + node_words(nodes));
  if (is_import_needed_)
    import_tenants();
}

void show::import_tenants() {
  for (const auto* source : {"graph", "crm", "shop"})
    stage_.node().put_source(source, place_.source(source));
  auto began = display_.seconds();
  progress shown{.title = "Import", .tenants = static_cast<int64_t>(tenants_.size())};
  auto nodes = stage_.nodes().all();
  for (size_t done = 0; done < tenants_.size();) {
    std::vector<std::string> parts(nodes.size() * 2); // each node gets two
    for (auto& part : parts)
      for (auto end = std::min(done + import_at_once, tenants_.size()); done < end; ++done)
        part += tenants_[done].import_line;
    std::erase(parts, "");
    ask_each(nodes, parts, [](const node_client& node, const std::string& lines) {
      node.import(lines);
      return 0;
    });
    shown.tenants_done = static_cast<int64_t>(done);
    stage_.nodes().look();
    shown.records = stage_.nodes().records();
    shown.shards = stage_.nodes().shards();
    shown.nodes = stage_.nodes().lines();
    shown.calls_per_second = static_cast<double>(stage_.apis().traffic().requests) / (display_.seconds() - began);
    shown.most_calls_per_second = std::max(shown.most_calls_per_second, shown.calls_per_second);
    display_.show(shown);
  }
  state_.seconds += display_.seconds() - began; // mining has begun with the first line
  state_.api_port = stage_.api_port();
  save();
  display_.say(fmt::format("{} tenants imported with their secrets: {}; their runs start", tenants_.size(),
                           count_by_node(stage_.node().nodes_of_tenants())));
  display_.say(fmt::format("the APIs of {} of them are broken on purpose; what follows counts the {} healthy ones", sick_.size(), healthy_.size()));
}

// -- first pass ---------------------------------------------------------------------------------------------------------

void show::first_pass() {
  mining_pass pass{stage_, state_, display_,
                   {"First pass", healthy_, 0, stage_.apis().traffic().live_records, 0}};
  pass.describe_nodes = [this](auto& nodes, auto now) { describe_nodes(nodes, now); };
  if (state_.kills > 0 && !state_.is_recovered)
    recovery_ = std::make_unique<recovery>(stage_.apis().traffic().now, pass.unfinished());
  pass.run([&](const api_traffic& traffic) {
    if (state_.kills == 0 && pass.share() >= kill_all_at_share)
      kill_all_in_mid_run(pass);
    follow_recovery(pass, traffic);
    save_now_and_then(traffic);
  });
  follow_recovery(pass, stage_.apis().traffic());
  const auto& totals = pass.totals();
  state_.records = totals.records;
  state_.inserted = totals.inserted;
  state_.changed = totals.changed;
  state_.unchanged = totals.unchanged;
  state_.deleted = totals.deleted;
  state_.last_run_of_first_pass = totals.last_run;
  if (recovery_)
    state_.refetched_by_recovery = count_refetched(stage_.apis().request_log(), {.kill = recovery_->killed_at()});
  display_.say(fmt::format("first pass done: {} records, {} pages fetched again because of the kill",
                           with_commas(state_.records), state_.refetched_by_recovery));
  enter(show_phase::second_pass);
}

void show::watch_sick() {
  for (int tries = 0;; ++tries) {
    stage_.check_alive();
    suspended_ = 0;
    is_every_sickness_visible_ = true;
    std::string seen;
    for (const auto& sick : sick_) {
      auto shown = describe(sick, stage_.node().connection(sick.name), stage_.node().latest_run(sick.name));
      suspended_ += shown.is_suspended;
      is_every_sickness_visible_ = is_every_sickness_visible_ && shown.is_settled;
      seen += fmt::format("         {:<12}{:<13}{}\n", sick.name, sick.label, shown.text);
    }
    if (is_every_sickness_visible_ || tries == sick_tries) {
      display_.say("all the while three APIs were broken on purpose; what a person sees of them:");
      return display_.print(seen);
    }
    pause_ms(sick_try_ms);
  }
}

// -- second pass --------------------------------------------------------------------------------------------------------

void show::second_pass() {
  if (!state_.is_mutated) {
    auto changes = changes_of(state_);
    stage_.apis().mutate(changes / 5, changes - changes / 5, state_.seed, healthy_);
    auto names = shops();
    auto deletes = deletes_of(state_, names.size());
    if (deletes > 0)
      stage_.apis().remove(deletes, state_.seed, names, {"customers"});
    display_.say(fmt::format("{} records inserted and edited and {} deleted behind the APIs", with_commas(changes), with_commas(deletes)));
    state_.is_mutated = true;
    save();
  }
  pause_ms(settle_ms); // also for a show that goes on: who killed the one before may have done so in this pause
  mining_pass pass{stage_, state_, display_, {"Second pass", healthy_, state_.last_run_of_first_pass, 0, stage_.nodes().records(),
                    [this](const std::string& tenant) { return kind_of_second_run(tenant); }}};
  pass.describe_nodes = [this](auto& nodes, auto now) { describe_nodes(nodes, now); };
  lost_.pass_began = stage_.apis().traffic().now;
  trigger_all(pass);
  pass.run([&](const api_traffic& traffic) {
    if (state_.lost_node.empty() && (pass.share() >= lose_one_at_share || state_.tenants < few_tenants))
      lose_one_in_mid_run(pass);
    follow_takeover(pass);
    save_now_and_then(traffic);
  });
  see_takeover_end(pass);
  display_.say(fmt::format("second pass done: {} new, {} changed, {} deleted, {} unchanged", with_commas(pass.totals().inserted),
                           with_commas(pass.totals().changed), with_commas(pass.totals().deleted), with_commas(pass.totals().unchanged)));
  watch_sick();
  auto totals = pass.totals();
  for (const auto& sick : sick_)
    totals.add(stage_.node().latest_run(sick.name));
  state_.records += totals.records;
  state_.inserted += totals.inserted;
  state_.changed += totals.changed;
  state_.unchanged += totals.unchanged;
  state_.deleted += totals.deleted;
  enter(show_phase::audit);
}

void show::trigger_all(mining_pass& pass) {
  auto began = display_.seconds();
  auto trigger = [this](const node_client& node, const std::string& tenant) {
    if (state_.resumed > 0 && node.latest_run(tenant).run > state_.last_run_of_first_pass)
      return 0;
    node.trigger_run(tenant, kind_of_second_run(tenant));
    return 1;
  };
  for (size_t done = 0; done < healthy_.size(); done += trigger_at_once) {
    auto end = std::min(done + trigger_at_once, healthy_.size());
    auto first = healthy_.begin();
    ask_each(stage_.nodes().all(), {first + static_cast<ptrdiff_t>(done), first + static_cast<ptrdiff_t>(end)}, trigger);
    pass.show_now();
  }
  state_.seconds += display_.seconds() - began; // mining has begun with the first one
}

std::vector<std::string> show::shops() const {
  std::vector<std::string> out;
  for (const auto& tenant : tenants_)
    if (tenant.dialect == "shop" && std::ranges::find(healthy_, tenant.name) != healthy_.end())
      out.push_back(tenant.name);
  return out;
}

/// What is deleted shows only where all is read.
std::string show::kind_of_second_run(const std::string& tenant) const {
  return std::ranges::any_of(tenants_, [&](const auto& each) { return each.name == tenant && each.dialect == "shop"; }) ? "full"
                                                                                                                       : "manual";
}

// -- the end ------------------------------------------------------------------------------------------------------------

show_report show::judge() {
  stage_.apis().freeze(true);
  if (!is_every_sickness_visible_)
    watch_sick();
  stage_.nodes().account();
  std::vector<std::string> sick;
  for (const auto& each : sick_)
    sick.push_back(each.name);
  auto audit = run_audit(place_, stage_, sick);
  display_.say(fmt::format("audit by a program that shares no code with Lode: {} records against {} versions served",
                           with_commas(audit.records), with_commas(audit.versions_served)));
  if (!audit.is_clean)
    display_.print(last_lines(audit.text, 30));
  show_report out;
  out.tenants = state_.tenants;
  out.api_calls = state_.api_calls;
  out.records = state_.records;
  out.inserted = state_.inserted;
  out.changed = state_.changed;
  out.unchanged = state_.unchanged;
  out.deleted = state_.deleted;
  out.lost = audit.lost;
  out.duplicated = audit.duplicated;
  out.kills = state_.kills;
  out.recovery_seconds = state_.recovery_seconds;
  out.pages_refetched = state_.refetched_by_recovery + state_.refetched_by_takeover;
  out.nodes = static_cast<int64_t>(stage_.nodes().size());
  out.takeover_seconds = state_.takeover_seconds;
  out.suspended = suspended_;
  auto records = static_cast<double>(state_.records);
  out.records_per_second = state_.seconds > 0 ? records / state_.seconds : 0;
  out.cpu_seconds_per_million = records > 0 ? state_.cpu_seconds / records * 1e6 : 0;
  out.peak_rss_bytes = state_.peak_rss_bytes;
  auto is_large_enough = state_.tenants < 500 || state_.percent < 100 || audit.records >= least_records;
  out.is_verified = audit.is_clean && is_every_sickness_visible_ && state_.kills > 1 && state_.is_recovered && state_.is_taken_over
                    && is_large_enough;
  enter(show_phase::finished);
  return out;
}

void show::stay() {
  display_.print(fmt::format("\nIt stays up until Ctrl-C: {0}\n  lode --node {0} cluster status\n  lode --node {0} changes graph-000\n",
                             stage_.node().address()));
  for (;;) {
    stage_.check_alive();
    pause_ms(200);
  }
}

void show::enter(show_phase phase) {
  state_.phase = phase;
  save();
}

void show::save() {
  stage_.nodes().account();
  write_text(place_.in("show.json"), to_json(state_));
  saved_at_ = std::chrono::steady_clock::now();
}

void show::save_now_and_then(const api_traffic& traffic) {
  state_.api_calls += traffic.requests - requests_counted_;
  requests_counted_ = traffic.requests;
  if (std::chrono::steady_clock::now() - saved_at_ > 1s)
    save();
}

} // namespace lode::demo
