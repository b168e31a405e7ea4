#include "runtime/node/history_log.hpp"

#include <algorithm>
#include <utility>

namespace lode {

namespace {

int64_t place_of(instant time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch() / node_history::finest;
}

using member = std::optional<double> history_step::*;

/// Of what is known; nothing when nothing is.
void average(history_step& out, const std::vector<const history_step*>& of, member which) {
  double sum = 0;
  int known = 0;
  for (const auto* step : of)
    if (step->*which) {
      sum += *(step->*which);
      ++known;
    }
  if (known > 0)
    out.*which = sum / known;
}

history_step averaged(const std::vector<const history_step*>& of) {
  history_step out;
  for (auto which : {&history_step::records, &history_step::calls, &history_step::changed_share, &history_step::errors,
                     &history_step::lateness, &history_step::queue, &history_step::memory})
    average(out, of, which);
  return out;
}

} // namespace

std::optional<cluster_sums> cluster_counter::count(const std::vector<node_report>& heard, const std::vector<incarnation>& wanted, instant now) {
  auto difference = [](uint64_t later, uint64_t earlier) { return later >= earlier ? static_cast<double>(later - earlier) : 0; };
  std::map<incarnation, node_status> present;
  for (const auto& report : heard)
    present[report.status.self] = report.status;
  const auto before = std::exchange(before_, present);
  const auto counted = std::exchange(counted_, now);
  cluster_sums sums;
  for (auto self : wanted) {
    auto i = present.find(self);
    if (i == present.end())
      return std::nullopt;
    const auto& x = i->second;
    auto then = before.find(self);
    const bool is_new = counted && x.uptime <= std::chrono::duration_cast<std::chrono::seconds>(now - *counted);
    if (then == before.end() && !is_new)
      return std::nullopt;
    const auto y = then != before.end() ? then->second : node_status{};
    sums.records += difference(x.records, y.records);
    sums.changed += difference(x.inserted + x.updated, y.inserted + y.updated);
    sums.calls += difference(x.calls, y.calls);
    sums.failed_calls += difference(x.failed_calls, y.failed_calls);
    sums.memory += static_cast<double>(x.memory_bytes);
  }
  return sums;
}

history_step step_of(const cluster_sums& sums, double seconds) {
  history_step out;
  out.records = sums.records / seconds;
  out.calls = sums.calls / seconds;
  out.errors = sums.failed_calls * 60 / seconds;
  out.memory = sums.memory;
  if (sums.records > 0)
    out.changed_share = std::min(1.0, sums.changed / sums.records);
  return out;
}

void history_log::put(instant end, const history_step& step) {
  std::lock_guard lock{mutex_};
  steps_[place_of(end)] = step;
  while (steps_.size() > most_steps)
    steps_.erase(steps_.begin());
}

history_table history_log::look(instant now, std::chrono::seconds span, std::chrono::seconds step) const {
  const auto each = step / finest;
  const auto count = span / step;
  const auto last = place_of(now) / each * each; // so that a question a moment later has the same steps
  history_table out{instant{finest * (last - count * each)}, step, {}};
  std::lock_guard lock{mutex_};
  for (auto end = last - (count - 1) * each; end <= last; end += each) {
    std::vector<const history_step*> of;
    for (auto place = end - each + 1; place <= end; ++place)
      if (auto i = steps_.find(place); i != steps_.end())
        of.push_back(&i->second);
    out.steps.push_back(averaged(of));
  }
  return out;
}

} // namespace lode
