#include "runtime/expression/datetime_format.hpp"

#include <cstdio>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/calendar_names.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {

namespace {

/// One moment, printed directive by directive.
struct printer {
  date_time moment;
  civil_time parts;
  int64_t days;

  static std::string padded(int64_t number, int width, char flag, char fill = '0') {
    auto text = std::to_string(number);
    if (flag == '_')
      fill = ' ';
    if (flag != '-' && text.size() < static_cast<size_t>(width))
      text.insert(0, static_cast<size_t>(width) - text.size(), fill);
    return text;
  }

  int day_of_year() const { return static_cast<int>(days - days_from_civil(parts.year, 1, 1)) + 1; }

  // Thursday decides to which year an ISO week belongs.
  std::pair<int64_t, int> iso_week() const {
    auto thursday = days - weekday(days) + 3;
    auto year = to_civil(calendar_date{thursday}).year;
    return {year, static_cast<int>((thursday - days_from_civil(year, 1, 1)) / 7) + 1};
  }

  std::string offset() const {
    if (!moment.aware)
      return {};
    auto seconds = moment.offset_seconds < 0 ? -moment.offset_seconds : moment.offset_seconds;
    auto text = (moment.offset_seconds < 0 ? "-" : "+") + padded(seconds / 3600, 2, 0) + padded(seconds / 60 % 60, 2, 0);
    return seconds % 60 == 0 ? text : text + padded(seconds % 60, 2, 0);
  }

  std::string zone() const {
    if (!moment.aware)
      return {};
    if (moment.offset_seconds == 0)
      return "UTC";
    auto text = offset();
    return "UTC" + text.substr(0, 3) + ":" + text.substr(3);
  }

  std::string print(std::string_view format) const;
  std::string directive(char which, char flag) const;
};

std::string printer::directive(char which, char flag) const {
  auto hour_of_half = parts.hour % 12 == 0 ? 12 : parts.hour % 12;
  switch (which) {
    case 'Y': return padded(parts.year, 4, flag);
    case 'y': return padded(parts.year % 100, 2, flag);
    case 'C': return padded(parts.year / 100, 2, flag);
    case 'm': return padded(parts.month, 2, flag);
    case 'd': return padded(parts.day, 2, flag);
    case 'e': return padded(parts.day, 2, flag, ' ');
    case 'H': return padded(parts.hour, 2, flag);
    case 'I': return padded(hour_of_half, 2, flag);
    case 'M': return padded(parts.minute, 2, flag);
    case 'S': return padded(parts.second, 2, flag);
    case 'f': return padded(parts.microsecond, 6, 0);
    case 'j': return padded(day_of_year(), 3, flag);
    case 'z': return offset();
    case 'Z': return zone();
    case 's': return std::to_string(floor_divide(moment.microseconds, 1'000'000));
    case 'p': return parts.hour < 12 ? "AM" : "PM";
    case 'b':
    case 'h': return std::string{abbreviated(month_names[parts.month - 1])};
    case 'B': return std::string{month_names[parts.month - 1]};
    case 'a': return std::string{abbreviated(day_names[weekday(days)])};
    case 'A': return std::string{day_names[weekday(days)]};
    case 'u': return std::to_string(weekday(days) + 1);
    case 'w': return std::to_string((weekday(days) + 1) % 7);
    case 'G': return padded(iso_week().first, 4, flag);
    case 'V': return padded(iso_week().second, 2, flag);
    case 'U': return padded((day_of_year() + 6 - (weekday(days) + 1) % 7) / 7, 2, flag);
    case 'W': return padded((day_of_year() + 6 - weekday(days)) / 7, 2, flag);
    case 'F': return print("%Y-%m-%d");
    case 'T':
    case 'X': return print("%H:%M:%S");
    case 'R': return print("%H:%M");
    case 'D':
    case 'x': return print("%m/%d/%y");
    case 'c': return print("%a %b %e %H:%M:%S %Y");
    case 'n': return "\n";
    case 't': return "\t";
    case '%': return "%";
    default: return {'%', which};
  }
}

std::string printer::print(std::string_view format) const {
  std::string out;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%' || at + 1 == format.size()) {
      out += format[at];
      continue;
    }
    if (format.substr(at).starts_with("%_ms")) {
      out += padded(parts.microsecond / 1000, 3, 0);
      at += 3;
      continue;
    }
    char flag = 0;
    if (at + 2 < format.size() && std::string_view{"-_0"}.find(format[at + 1]) != std::string_view::npos)
      flag = format[++at];
    out += directive(format[++at], flag);
  }
  return out;
}

} // namespace

std::string format_date_time(date_time moment, std::string_view format) {
  if (format == "%ms")
    return std::to_string(floor_divide(moment.microseconds, 1'000));
  if (format == "%epoch_microseconds")
    return std::to_string(moment.microseconds);
  if (format == "%s_as_float")
    return real_to_text(static_cast<double>(moment.microseconds) / 1e6);
  return printer{moment, to_civil(moment), day_of(moment).days}.print(format);
}

} // namespace lode::expression
