// When the next run of a connection is due.
#include "actors/scheduling/run_keeper.hpp"

#include <algorithm>

#include "actors/extraction/connection_context.hpp"

namespace lode {

namespace {

run_result result_of(const run_summary& run, std::optional<double> quota_left) {
  const auto& n = run.counters;
  auto changed = static_cast<double>(n.inserted + n.updated) / static_cast<double>(std::max<int64_t>(1, n.records));
  return {changed, run.failed > 0, quota_left};
}

} // namespace

caf::expected<std::optional<schedule>> run_keeper_state::schedule_of(const connection_context& connection) {
  auto result = parse_schedule(connection.schedule, parts.schedules);
  // A schedule is checked when it is set; one that a newer release wrote only runs by hand here.
  if (!result)
    return std::optional<schedule>{};
  if (!result->feedback)
    return std::optional{std::move(*result)};
  auto pace = parts.runs->load_pace(connection.connection);
  if (!pace)
    return pace.error();
  auto interval = current_interval(*result, *pace);
  return std::optional{with_interval(std::move(*result), interval)};
}

std::optional<instant> run_keeper_state::moved_by_policy(const std::optional<schedule>& timing, instant due) {
  if (!timing)
    return std::nullopt;
  auto effective = effective_due(*timing, due, parts.now(), random());
  return effective && *effective > parts.now() ? effective : std::nullopt;
}

std::optional<instant> run_keeper_state::due_after(const std::optional<schedule>& timing, instant due) {
  return timing ? next_due(*timing, due, parts.now(), random()) : std::nullopt;
}

caf::error run_keeper_state::move_on(const connection_context& connection, const std::optional<schedule>& timing,
                                     std::optional<instant> next, bool is_overlapped) {
  if (is_overlapped && timing && timing->overlap == overlap_policy::queue)
    return parts.runs->queue_run(connection.connection, next);
  return parts.runs->set_due(connection.connection, next, run_kind::scheduled);
}

caf::error run_keeper_state::adjust_interval(const adjust_pace& ask) {
  const auto& connection = *ask.connection;
  auto timing = parse_schedule(connection.schedule, parts.schedules);
  if (!timing || !timing->feedback)
    return {};
  auto run = parts.runs->load_run(ask.run);
  if (!run)
    return run.error();
  auto pace = parts.runs->load_pace(connection.connection);
  if (!pace)
    return pace.error();
  auto current = current_interval(*timing, *pace);
  auto next = adjust(*timing, current, result_of(*run, ask.quota_left));
  if (next == current)
    return {};
  return parts.runs->set_pace(connection.connection, ask.run, {*timing->every, next}, next - current, parts.now());
}

} // namespace lode
