#include "tests/simapi/time_text.hpp"

#include <charconv>
#include <chrono>

namespace simapi {
namespace {

struct civil {
  int year;
  unsigned month, day, hour, minute, second, millisecond, weekday;
};

civil to_civil(int64_t time) {
  using namespace std::chrono;
  auto point = sys_time<milliseconds>{milliseconds{time}};
  auto day = floor<days>(point);
  auto date = year_month_day{day};
  auto rest = static_cast<unsigned>((point - day).count());
  return {int(date.year()),        unsigned(date.month()), unsigned(date.day()), rest / 3'600'000,
          rest / 60'000 % 60,      rest / 1000 % 60,       rest % 1000,          weekday{day}.c_encoding()};
}

void append_digits(std::string& out, unsigned value, int width) {
  char digits[8];
  for (int i = width - 1; i >= 0; --i, value /= 10)
    digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<size_t>(width));
}

void append_civil(std::string& out, const civil& when) {
  append_digits(out, static_cast<unsigned>(when.year), 4);
  out += '-';
  append_digits(out, when.month, 2);
  out += '-';
  append_digits(out, when.day, 2);
  out += 'T';
  append_digits(out, when.hour, 2);
  out += ':';
  append_digits(out, when.minute, 2);
  out += ':';
  append_digits(out, when.second, 2);
}

/// Takes `count` digits from the front of the text.
std::optional<int64_t> take_digits(std::string_view& text, size_t count) {
  int64_t value = 0;
  if (text.size() < count || count == 0)
    return {};
  auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count || value < 0)
    return {};
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected)
    return false;
  text.remove_prefix(1);
  return true;
}

/// `Z`, `+01:00`, `+0100`, or nothing; answers minutes east of UTC.
std::optional<int64_t> parse_zone(std::string_view text) {
  if (text.empty() || text == "Z")
    return 0;
  // A plus sign that a client forgot to encode arrives as a space.
  int64_t sign = text.front() == '-' ? -1 : 1;
  if (text.front() != '+' && text.front() != '-' && text.front() != ' ')
    return {};
  text.remove_prefix(1);
  auto hours = take_digits(text, 2);
  take(text, ':');
  auto minutes = take_digits(text, 2);
  if (!hours || !minutes || !text.empty())
    return {};
  return sign * (*hours * 60 + *minutes);
}

std::optional<int64_t> take_date(std::string_view& text) {
  using namespace std::chrono;
  auto year_part = take_digits(text, 4);
  if (!year_part || !take(text, '-'))
    return {};
  auto month_part = take_digits(text, 2);
  if (!month_part || !take(text, '-'))
    return {};
  auto day_part = take_digits(text, 2);
  if (!day_part)
    return {};
  auto date = year_month_day{year{static_cast<int>(*year_part)}, month{static_cast<unsigned>(*month_part)},
                             day{static_cast<unsigned>(*day_part)}};
  if (!date.ok())
    return {};
  return duration_cast<milliseconds>(sys_days{date}.time_since_epoch()).count();
}

int64_t take_fraction(std::string_view& text) {
  int64_t milliseconds = 0;
  for (int64_t weight = 100; !text.empty() && text.front() >= '0' && text.front() <= '9'; weight /= 10) {
    milliseconds += weight * (text.front() - '0');
    text.remove_prefix(1);
  }
  return milliseconds;
}

} // namespace

void append_seconds(std::string& out, int64_t time) {
  append_civil(out, to_civil(time));
}

void append_milliseconds(std::string& out, int64_t time) {
  auto when = to_civil(time);
  append_civil(out, when);
  out += '.';
  append_digits(out, when.millisecond, 3);
}

std::string http_date(int64_t time) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto when = to_civil(time);
  std::string iso;
  append_civil(iso, when);
  return std::string{days[when.weekday]} + ", " + iso.substr(8, 2) + ' ' + months[when.month - 1] + ' '
         + iso.substr(0, 4) + ' ' + iso.substr(11, 8) + " GMT";
}

std::optional<int64_t> parse_time(std::string_view text, int64_t number_unit_ms) {
  constexpr int64_t limit = 1'000'000'000'000'000; // keeps all arithmetic on times within 64 bits
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc{} && end == text.data() + text.size())
    return number > -limit && number < limit ? std::optional{number * number_unit_ms} : std::nullopt;
  auto date = take_date(text);
  if (!date || text.empty())
    return date;
  if (!take(text, 'T') && !take(text, ' '))
    return {};
  auto hour = take_digits(text, 2);
  auto minute = take(text, ':') ? take_digits(text, 2) : std::nullopt;
  if (!hour || !minute)
    return {};
  int64_t seconds = 0, fraction = 0;
  if (take(text, ':')) {
    auto second = take_digits(text, 2);
    if (!second)
      return {};
    seconds = *second;
    if (take(text, '.'))
      fraction = take_fraction(text);
  }
  auto zone = parse_zone(text);
  if (!zone)
    return {};
  return *date + ((*hour * 60 + *minute - *zone) * 60 + seconds) * 1000 + fraction;
}

} // namespace simapi
