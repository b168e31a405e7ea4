#include "runtime/cli/demo/mining_pass.hpp"

#include <algorithm>
#include <utility>

#include "runtime/cli/demo/interrupt.hpp"

namespace lode::demo {

namespace {

using namespace std::chrono_literals;

constexpr auto tick = 200ms;
constexpr auto look_again = 1500ms;
constexpr auto longest_standstill = 90s;
constexpr int64_t quiet_ms = 500;
constexpr int looks_at_once = 60;
constexpr int repeats = 2;

} // namespace

void pass_totals::add(const run_shown& run) {
  records += run.records;
  inserted += run.inserted;
  changed += run.updated;
  unchanged += run.unchanged;
  deleted += run.deleted;
  last_run = std::max(last_run, run.run);
}

mining_pass::mining_pass(stage& stage, show_state& state, display& display, plan plan)
  : stage_(stage), state_(state), display_(display), plan_(std::move(plan)) {
  for (const auto& tenant : plan_.tenants)
    open_[tenant].after_run = plan_.after_run;
  shown_.title = plan_.title;
  shown_.tenants = static_cast<int64_t>(plan_.tenants.size());
  shown_.records_expected = plan_.records_expected;
}

void mining_pass::run(const std::function<void(const api_traffic&)>& each_time) {
  moved_at_ = std::chrono::steady_clock::now();
  for (auto before = moved_at_; !open_.empty();) {
    stage_.check_alive();
    auto traffic = stage_.apis().traffic();
    measure(traffic);
    look_at_quiet_ones(traffic);
    display_.show(shown_);
    each_time(traffic);
    check_movement();
    auto now = std::chrono::steady_clock::now();
    state_.seconds += std::chrono::duration<double>(now - before).count();
    before = now;
    if (auto rest = tick - (now - before); rest > 0ms)
      pause_ms(static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(rest).count()));
  }
  display_.show(shown_);
  display_.hide();
}

void mining_pass::measure(const api_traffic& traffic) {
  now_ = traffic.now;
  auto& nodes = stage_.nodes();
  nodes.account();
  nodes.look();
  shown_.records = nodes.records() - plan_.records_before;
  if (plan_.records_expected > 0)
    shown_.records = std::min(shown_.records, plan_.records_expected);
  shown_.waiting_for_quota = nodes.waiting_for_quota();
  shown_.nodes = nodes.lines();
  describe_nodes(shown_.nodes, now_);
  auto now = std::chrono::steady_clock::now();
  if (calls_counted_ >= 0 && now - calls_at_ < 500ms)
    return;
  auto span = std::chrono::duration<double>(now - calls_at_).count();
  if (calls_counted_ >= 0)
    shown_.calls_per_second = static_cast<double>(traffic.requests - calls_counted_) / span;
  shown_.most_calls_per_second = std::max(shown_.most_calls_per_second, shown_.calls_per_second);
  calls_counted_ = traffic.requests;
  calls_at_ = now;
}

void mining_pass::look_at_quiet_ones(const api_traffic& traffic) {
  auto now = std::chrono::steady_clock::now();
  std::vector<std::string> quiet;
  for (const auto& [tenant, watch] : open_) {
    auto seen = traffic.tenants.find(tenant);
    if (seen == traffic.tenants.end())
      throw failure{"the simulated APIs no longer know tenant " + tenant};
    if (seen->second.in_flight == 0 && seen->second.last_request_at < traffic.now - quiet_ms && watch.next_look <= now)
      quiet.push_back(tenant);
  }
  // The longest not looked at first.
  std::ranges::stable_sort(quiet, {}, [&](const auto& tenant) { return open_[tenant].next_look; });
  quiet.resize(std::min<size_t>(quiet.size(), looks_at_once));
  auto runs = stage_.nodes().latest_runs(quiet);
  for (size_t i = 0; i < quiet.size(); ++i) {
    open_[quiet[i]].next_look = now + look_again;
    look_at(quiet[i], runs[i]);
  }
  shown_.tenants_done = static_cast<int64_t>(done_.size());
}

void mining_pass::look_at(const std::string& tenant, const run_shown& run) {
  auto& watch = open_[tenant];
  if (!run.is_over() || run.run <= watch.after_run)
    return;
  totals_.add(run);
  if (run.phase != "finished" && watch.repeated < repeats) {
    display_.say(tenant + ": its run ended " + run.phase + " (" + run.reason + "); started once more");
    ++watch.repeated;
    watch.after_run = run.run;
    return stage_.node().trigger_run(tenant, plan_.kind_of(tenant));
  }
  done_.insert(tenant);
  open_.erase(tenant);
}

void mining_pass::check_movement() {
  auto now = std::chrono::steady_clock::now();
  auto sum = shown_.records + shown_.tenants_done;
  if (sum != std::exchange(moved_sum_, sum))
    moved_at_ = now;
  if (now - moved_at_ < longest_standstill)
    return;
  const auto& tenant = open_.begin()->first;
  auto run = stage_.node().latest_run(tenant);
  auto connection = stage_.node().connection(tenant);
  throw failure{plan_.title + " stands still with " + std::to_string(open_.size()) + " tenants not done, such as " + tenant + ": run "
                + std::to_string(run.run) + " " + run.phase + " " + run.reason + ", connection " + connection.state + " "
                + connection.reason};
}

std::set<std::string> mining_pass::unfinished() const {
  std::set<std::string> out;
  for (const auto& [tenant, watch] : open_)
    out.insert(tenant);
  return out;
}

double mining_pass::share() const {
  auto tenants = static_cast<double>(done_.size()) / static_cast<double>(std::max<size_t>(1, plan_.tenants.size()));
  auto records = plan_.records_expected > 0
                   ? static_cast<double>(shown_.records) / static_cast<double>(plan_.records_expected) : 0.0;
  return std::max(tenants, records);
}

void mining_pass::show_now() {
  measure(stage_.apis().traffic());
  display_.show(shown_);
}

} // namespace lode::demo
