#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/scheduling/schedule_registry.hpp"
#include "messages/runs.hpp"

namespace lode {

/// What happens when a run becomes due while the one before is still open.
enum class overlap_policy : uint8_t {
  skip,  ///< nothing: the next due time is the next chance
  queue, ///< one run begins when the open one ends, however many became due
};

/// What happens to due times that passed while nobody could start them (node down, run too long).
enum class missed_policy : uint8_t {
  run_once, ///< one run at once stands for all of them
  skip,     ///< none: on with the next one
};

/// How far feedback may move an interval: the owner's word.
struct feedback_bounds {
  std::chrono::milliseconds min{};
  std::chrono::milliseconds max{};
};

/// When a connection runs by itself. A value; every function on it is pure.
struct schedule {
  schedule_policy_pointer policy;
  std::optional<std::chrono::milliseconds> every; ///< as configured; absent unless the policy is `interval`
  std::chrono::milliseconds jitter{};
  overlap_policy overlap = overlap_policy::skip;
  missed_policy missed = missed_policy::run_once;
  urgency priority = urgency::normal;
  std::optional<feedback_bounds> feedback; ///< only with `every`
};

/// Reads a JSON object with the keys of exactly one kind in `kinds` (`every`; `cron`, `time_zone`; `manual`) and
/// optionally `jitter`, `overlap`, `missed`, `feedback`, `priority`. Fails with errc::bad_argument, all mistakes at
/// once: each names key, value found and what is allowed.
caf::expected<schedule> parse_schedule(std::string_view json_text, const schedule_registry& kinds);
caf::expected<schedule> parse_schedule(std::string_view json_text);

/// The first due time of a new connection; nothing: only by hand. `random` spreads it by up to the jitter.
std::optional<instant> first_due(const schedule& schedule, instant now, uint64_t random);

/// The due time that follows `after`, the due time that is dealt with now: the run that starts stands for all that were
/// missed, so it lies in the future. Up to the jitter later, drawn from `random` (all its bits). Nothing: not due by itself.
std::optional<instant> next_due(const schedule& schedule, instant after, instant now, uint64_t random);

/// What becomes of a stored due time when a node finds it, perhaps long after: `due` itself, or a later one because it
/// was missed (another one has passed since) and such runs are skipped.
std::optional<instant> effective_due(const schedule& schedule, instant due, instant now, uint64_t random);

/// What a run that has ended says about when to come back.
struct run_result {
  double changed_share = 0;            ///< of the records that it read, 0 to 1
  bool owes_gap = false;               ///< an interval could not be read and stays owed
  std::optional<double> quota_left{};  ///< of the API's limits, 0 to 1; absent: it does not say
};

/// The interval to go on with after a run: twice as long where less than a tenth of a quota is left; else half of `current`
/// when a gap is owed or more than half of the records had changed; twice as long when less than 1 % had. Within the owner's
/// bounds; `current` where there are none.
std::chrono::milliseconds adjust(const schedule& schedule, std::chrono::milliseconds current, const run_result& run);

/// The interval in force: what feedback has arrived at, as long as the owner's own interval is the one it began with.
std::chrono::milliseconds current_interval(const schedule& schedule, const std::optional<run_pace>& pace);

/// The schedule with another interval; unchanged when it is not one of intervals.
schedule with_interval(schedule schedule, std::chrono::milliseconds interval);

} // namespace lode
