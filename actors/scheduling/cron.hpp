#pragma once

#include <caf/expected.hpp>

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "messages/storage.hpp"

namespace date {
class time_zone;
}

namespace lode {

/// The five fields `minute hour day-of-month month day-of-week` in a time zone. A field is `*`, a number, a name (months
/// jan-dec, days sun-sat), a range `a-b`, a step `*/n` or `a-b/n`, or a list of these; day 7 is Sunday. As in every cron,
/// a day counts when either day field names it if both are restricted, else when both do.
///
/// A local time that occurs twice (clocks set back) is due once, at its first occurrence; one that does not exist
/// (clocks set forward) is due at the first instant that does.
class cron_expression {
public:
  /// `zone` is a name of the system's time zone database, for example "Europe/Berlin".
  /// Fails with errc::bad_argument: which field, what was found, what is allowed; also when no day ever matches.
  static caf::expected<cron_expression> parse(std::string_view fields, std::string_view zone);

  /// The first due time after `after`; nothing when there is none within 41 years.
  std::optional<instant> next(instant after) const;

private:
  bool names_day(std::chrono::year_month_day day) const;
  std::optional<instant> next_on(std::chrono::local_days day, std::chrono::minutes from, instant after) const;
  instant to_instant(std::chrono::local_time<std::chrono::minutes> local) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool every_day_ = false;     // the day-of-month field begins with '*'
  bool every_weekday_ = false;
  const date::time_zone* zone_ = nullptr; // owned by the library's database for as long as the process lives
};

} // namespace lode
