#include "runtime/expression/calendar.hpp"

#include <algorithm>
#include <cstdio>

namespace lode::expression {

namespace {

constexpr int64_t micros_per_second = 1'000'000;
constexpr int64_t micros_per_day = 86'400 * micros_per_second;

struct year_month_day {
  int64_t year;
  int month, day;
};

// Howard Hinnant's civil_from_days.
year_month_day civil_from_days(int64_t days) {
  days += 719'468;
  auto era = floor_divide(days, 146'097);
  auto of_era = days - era * 146'097;
  auto year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  auto of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  auto shifted = (5 * of_year + 2) / 153;
  auto day = static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1);
  auto month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

date_time shift(date_time moment, const calendar_duration& span, int sign) {
  if (span.months != 0) {
    auto parts = to_civil(moment);
    auto months = parts.year * 12 + parts.month - 1 + sign * span.months;
    parts.year = floor_divide(months, 12);
    parts.month = static_cast<int>(months - parts.year * 12) + 1;
    parts.day = std::min(parts.day, days_in_month(parts.year, parts.month));
    moment = from_civil(parts, moment.offset_seconds, moment.aware);
  }
  // Years 1 to 9999, what Python and ISO-8601 can write; beyond them we stay at the edge.
  constexpr int64_t first = -62'135'596'800'000'000, last = 253'402'300'799'999'999;
  moment.microseconds = std::clamp(moment.microseconds + sign * span.microseconds, first, last);
  return moment;
}

} // namespace

int days_in_month(int64_t year, int month) {
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : lengths[month - 1];
}

int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  auto era = floor_divide(year, 400);
  auto of_era = year - era * 400;
  auto of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

civil_time to_civil(date_time moment) {
  auto local = moment.microseconds + moment.offset_seconds * micros_per_second;
  auto days = floor_divide(local, micros_per_day);
  auto rest = local - days * micros_per_day;
  auto [year, month, day] = civil_from_days(days);
  auto seconds = rest / micros_per_second;
  return {year,
          month,
          day,
          static_cast<int>(seconds / 3600),
          static_cast<int>(seconds / 60 % 60),
          static_cast<int>(seconds % 60),
          static_cast<int>(rest % micros_per_second)};
}

civil_time to_civil(calendar_date day) {
  auto [year, month, of_month] = civil_from_days(day.days);
  return {year, month, of_month, 0, 0, 0, 0};
}

date_time from_civil(const civil_time& parts, int32_t offset_seconds, bool aware) {
  auto seconds = days_from_civil(parts.year, parts.month, parts.day) * 86'400 + parts.hour * 3600 + parts.minute * 60
                 + parts.second - offset_seconds;
  return {seconds * micros_per_second + parts.microsecond, offset_seconds, aware};
}

int weekday(int64_t days) {
  return static_cast<int>((days % 7 + 10) % 7);
}

date_time add(date_time moment, const calendar_duration& span) {
  return shift(moment, span, 1);
}

date_time subtract(date_time moment, const calendar_duration& span) {
  return shift(moment, span, -1);
}

calendar_date day_of(date_time moment) {
  return {floor_divide(moment.microseconds + moment.offset_seconds * micros_per_second, micros_per_day)};
}

date_time midnight(calendar_date day) {
  return {day.days * micros_per_day, 0, true};
}

std::string iso_text(calendar_date day) {
  auto parts = to_civil(day);
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%04lld-%02d-%02d", static_cast<long long>(parts.year), parts.month, parts.day);
  return buffer;
}

std::string iso_text(date_time moment, char separator) {
  auto parts = to_civil(moment);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%c%02d:%02d:%02d", separator, parts.hour, parts.minute, parts.second);
  auto out = iso_text(day_of(moment)) + buffer;
  if (parts.microsecond != 0) {
    std::snprintf(buffer, sizeof buffer, ".%06d", parts.microsecond);
    out += buffer;
  }
  if (!moment.aware)
    return out;
  auto offset = moment.offset_seconds < 0 ? -moment.offset_seconds : moment.offset_seconds;
  std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", moment.offset_seconds < 0 ? '-' : '+', offset / 3600,
                offset / 60 % 60);
  out += buffer;
  if (offset % 60 != 0) {
    std::snprintf(buffer, sizeof buffer, ":%02d", offset % 60);
    out += buffer;
  }
  return out;
}

} // namespace lode::expression
