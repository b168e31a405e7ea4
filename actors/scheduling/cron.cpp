#include "actors/scheduling/cron.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "messages/type_ids.hpp"

namespace lode {

namespace {

using namespace std::chrono_literals;
using std::chrono::minutes;

struct field {
  const char* name;
  unsigned lowest;
  unsigned highest;
  std::span<const std::string_view> names; // of lowest, lowest + 1, ...
};

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

constexpr std::array fields{field{"minute", 0, 59, {}}, field{"hour", 0, 23, {}}, field{"day-of-month", 1, 31, {}},
                            field{"month", 1, 12, month_names}, field{"day-of-week", 0, 7, weekday_names}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators, bool keep_empty) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find_first_of(separators, at), text.size());
    if (end > at || keep_empty)
      parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::optional<unsigned> read_number(std::string_view text) {
  unsigned value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size())
    return {};
  return value;
}

std::optional<unsigned> read_value(const field& of, std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (auto i = std::ranges::find(of.names, lower); i != of.names.end())
    return of.lowest + static_cast<unsigned>(i - of.names.begin());
  auto value = read_number(text);
  if (!value || *value < of.lowest || *value > of.highest)
    return {};
  return value;
}

/// Adds what one item of the list names to `values`; false: it cannot be read.
bool read_item(const field& of, std::string_view item, std::bitset<64>& values) {
  auto slash = item.find('/');
  auto range = item.substr(0, slash);
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    auto given = read_number(item.substr(slash + 1));
    if (!given || *given == 0)
      return false;
    step = *given;
  }
  unsigned first = of.lowest;
  unsigned last = of.highest;
  if (range != "*") {
    auto dash = range.find('-');
    auto from = read_value(of, range.substr(0, dash));
    auto to = dash == std::string_view::npos ? from : read_value(of, range.substr(dash + 1));
    bool is_single = dash == std::string_view::npos;
    if (!from || !to || *from > *to || (is_single && slash != std::string_view::npos))
      return false;
    first = *from;
    last = *to;
  }
  for (auto value = first; value <= last; value += step)
    values.set(value);
  return true;
}

std::string allowed_in(const field& of) {
  auto text = "*, " + std::to_string(of.lowest) + "-" + std::to_string(of.highest);
  if (!of.names.empty())
    text += ", names " + std::string{of.names.front()} + "-" + std::string{of.names.back()};
  return text + ", ranges a-b (a <= b), steps */n or a-b/n, lists a,b";
}

caf::error bad(std::string text) {
  return caf::make_error(errc::bad_argument, std::move(text));
}

caf::expected<std::bitset<64>> read_field(const field& of, std::string_view text) {
  std::bitset<64> values;
  for (auto item : split(text, ",", true))
    if (!read_item(of, item, values))
      return bad("cron: " + std::string{of.name} + " '" + std::string{text} + "': allowed are " + allowed_in(of));
  return values;
}

/// A 29 February that is a Sunday comes every 28 years, around 2100 after 40.
constexpr std::chrono::days longest_gap{41 * 366};

template <size_t N>
std::bitset<N> lowest_bits(const std::bitset<64>& values) {
  return std::bitset<N>{values.to_ullong() & ((1ull << N) - 1)};
}

} // namespace

caf::expected<cron_expression> cron_expression::parse(std::string_view text, std::string_view zone) {
  auto parts = split(text, " \t", false);
  if (parts.size() != fields.size())
    return bad("cron '" + std::string{text} + "': " + std::to_string(parts.size())
               + " fields, needed are 5: minute hour day-of-month month day-of-week");
  std::array<std::bitset<64>, fields.size()> values;
  for (size_t i = 0; i < fields.size(); ++i) {
    auto read = read_field(fields[i], parts[i]);
    if (!read)
      return std::move(read.error());
    values[i] = *read;
  }
  cron_expression result;
  result.minutes_ = lowest_bits<60>(values[0]);
  result.hours_ = lowest_bits<24>(values[1]);
  result.days_ = lowest_bits<32>(values[2]);
  result.months_ = lowest_bits<13>(values[3]);
  result.weekdays_ = lowest_bits<7>(values[4]);
  if (values[4].test(7))
    result.weekdays_.set(0);
  result.every_day_ = parts[2].starts_with('*');
  result.every_weekday_ = parts[4].starts_with('*');
  try {
    result.zone_ = date::locate_zone(zone);
  } catch (const std::runtime_error&) {
    return bad("time_zone '" + std::string{zone} + "': not in the system's time zone database (package tzdata); "
               "allowed are names such as UTC or Europe/Berlin");
  }
  if (!result.next(instant{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}}))
    return bad("cron '" + std::string{text} + "': names a date that never comes");
  return result;
}

bool cron_expression::names_day(std::chrono::year_month_day day) const {
  if (!months_.test(static_cast<unsigned>(day.month())))
    return false;
  bool of_month = days_.test(static_cast<unsigned>(day.day()));
  bool of_week = weekdays_.test(std::chrono::weekday{std::chrono::local_days{day}}.c_encoding());
  return every_day_ || every_weekday_ ? of_month && of_week : of_month || of_week;
}

instant cron_expression::to_instant(std::chrono::local_time<minutes> local) const {
  date::local_seconds at{local.time_since_epoch()};
  auto info = zone_->get_info(at);
  // In a gap the first instant after it; at a repeated time `first` is the earlier of the two.
  if (info.result == date::local_info::nonexistent)
    return instant{info.first.end.time_since_epoch()};
  return instant{(at.time_since_epoch() - info.first.offset)};
}

std::optional<instant> cron_expression::next_on(std::chrono::local_days day, minutes from, instant after) const {
  for (auto hour = static_cast<size_t>(from / 1h); hour < hours_.size(); ++hour) {
    if (!hours_.test(hour))
      continue;
    for (size_t minute = 0; minute < minutes_.size(); ++minute) {
      auto time = std::chrono::hours{hour} + minutes{minute};
      if (time < from || !minutes_.test(minute))
        continue;
      if (auto due = to_instant(day + time); due > after)
        return due;
    }
  }
  return {};
}

std::optional<instant> cron_expression::next(instant after) const {
  using namespace std::chrono;
  auto offset = zone_->get_info(date::sys_seconds{floor<seconds>(after).time_since_epoch()}).offset;
  auto local = floor<minutes>(local_time<microseconds>{after.time_since_epoch() + offset});
  auto day = floor<days>(local);
  auto from = local - day;
  for (auto last = day + longest_gap; day <= last; day += days{1}, from = 0min)
    if (names_day(year_month_day{day}))
      if (auto due = next_on(day, from, after))
        return due;
  return {};
}

} // namespace lode
