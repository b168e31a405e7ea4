#include "runtime/console/rfc3339.hpp"

#include <fmt/format.h>

namespace lode {

namespace {

/// Takes exactly `digits` digits and then `mark` (unless it is 0) off the front.
bool take_number(std::string_view& text, size_t digits, char mark, int& out) {
  if (text.size() < digits + (mark ? 1 : 0))
    return false;
  out = 0;
  for (char c : text.substr(0, digits)) {
    if (c < '0' || c > '9')
      return false;
    out = out * 10 + (c - '0');
  }
  if (mark && text[digits] != mark)
    return false;
  text.remove_prefix(digits + (mark ? 1 : 0));
  return true;
}

bool take_fraction(std::string_view& text, std::chrono::microseconds& out) {
  out = {};
  if (!text.starts_with('.'))
    return true;
  auto digits = std::min(text.find_first_not_of("0123456789", 1), text.size()) - 1;
  if (digits < 1 || digits > 6)
    return false;
  int64_t value = 0;
  for (size_t i = 1; i <= 6; ++i)
    value = value * 10 + (i <= digits ? text[i] - '0' : 0);
  text.remove_prefix(digits + 1);
  out = std::chrono::microseconds{value};
  return true;
}

bool take_zone(std::string_view text, std::chrono::minutes& out) {
  out = {};
  if (text == "Z")
    return true;
  if (text.empty() || (text[0] != '+' && text[0] != '-'))
    return false;
  auto sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!take_number(text, 2, ':', hours) || !take_number(text, 2, 0, minutes) || !text.empty() || hours > 23 || minutes > 59)
    return false;
  out = sign * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
  return true;
}

} // namespace

std::string format_time(instant time) {
  using namespace std::chrono;
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss clock{time - day};
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                          clock.minutes().count(), clock.seconds().count());
  if (auto fraction = clock.subseconds().count())
    text += fmt::format(".{:06}", fraction);
  return text + "Z";
}

std::optional<instant> parse_time(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  microseconds fraction{};
  minutes zone{};
  if (!take_number(text, 4, '-', y) || !take_number(text, 2, '-', mo) || !take_number(text, 2, 'T', d)
      || !take_number(text, 2, ':', h) || !take_number(text, 2, ':', mi) || !take_number(text, 2, 0, s)
      || !take_fraction(text, fraction) || !take_zone(text, zone))
    return std::nullopt;
  year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || mi > 59 || s > 59)
    return std::nullopt;
  return instant{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + fraction - zone;
}

} // namespace lode
