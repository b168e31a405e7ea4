#include "runtime/extraction/limit_headers.hpp"

#include <algorithm>
#include <iterator>
#include <charconv>
#include <cmath>

#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/slicer.hpp"
#include "runtime/http/text.hpp"

namespace lode {

namespace {

using std::chrono::milliseconds;

std::optional<double> number_in(std::string_view text) {
  text = trim(text);
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

/// At most a year: what is beyond is a mistake of the API, and would overflow.
milliseconds seconds_from_now(double seconds) {
  return milliseconds{static_cast<int64_t>(std::clamp(seconds, 0.0, 366.0 * 86400) * 1000)};
}

milliseconds until_epoch(double epoch_seconds, instant now) {
  return seconds_from_now(epoch_seconds - static_cast<double>(now.time_since_epoch().count()) / 1e6);
}

/// APIs mean seconds from now, an epoch second or an epoch millisecond.
milliseconds reset_of(double number, instant now) {
  if (number > 1e11)
    return until_epoch(number / 1000, now);
  return number > 1e9 ? until_epoch(number, now) : seconds_from_now(number);
}

void read_used_of_limit(limit_reading& reading, std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return;
  auto used = number_in(text.substr(0, slash));
  auto limit = number_in(text.substr(slash + 1));
  if (!used || !limit || *limit <= 0)
    return;
  reading.remaining = std::max(0.0, *limit - *used);
  reading.remaining_share = *reading.remaining / *limit;
}

void read_usage_percent(limit_reading& reading, std::string_view text) {
  json_document document;
  if (document.parse(text) || !document.root().is(json_kind::map))
    return;
  double highest = -1;
  for (auto child = document.root().first_child(); child.exists(); child = child.next_sibling())
    if (child.is(json_kind::number))
      highest = std::max(highest, number_in(child.raw()).value_or(-1));
  if (highest >= 0)
    reading.remaining_share = std::clamp(1 - highest / 100, 0.0, 1.0);
}

limit_reading read_rule(const limit_header& rule, std::string_view text, instant now) {
  limit_reading reading;
  reading.of = rule.of;
  auto number = number_in(text);
  switch (rule.meaning) {
    case limit_header::form::used_of_limit:
      read_used_of_limit(reading, text);
      break;
    case limit_header::form::usage_percent:
      read_usage_percent(reading, text);
      break;
    case limit_header::form::remaining:
      reading.remaining = number;
      break;
    case limit_header::form::reset_after_seconds:
      if (number)
        reading.reset_after = seconds_from_now(*number);
      break;
    case limit_header::form::reset_at_epoch:
      if (number)
        reading.reset_after = until_epoch(*number, now);
      break;
  }
  return reading;
}

/// `RateLimit: limit=100, remaining=50, reset=30` and `"default";r=50;t=30`.
std::optional<double> field_in(std::string_view text, std::string_view name) {
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == ';' || text[at - 1] == ',';
    if (begins && text.substr(at + name.size()).starts_with("="))
      return number_in(text.substr(at + name.size() + 1));
  }
  return std::nullopt;
}

void read_standard(limit_reading& reading, const std::vector<http_header>& headers, const std::string& prefix,
                   instant now) {
  auto number = [&](const char* name) {
    auto text = find_header(headers, prefix + name);
    return text ? number_in(*text) : std::nullopt;
  };
  if (auto remaining = number("Remaining")) {
    reading.remaining = remaining;
    if (auto limit = number("Limit"); limit && *limit > 0)
      reading.remaining_share = std::clamp(*remaining / *limit, 0.0, 1.0);
  }
  if (auto reset = number("Reset"))
    reading.reset_after = reset_of(*reset, now);
}

void read_combined(limit_reading& reading, std::string_view text, instant now) {
  auto first_of = [&](std::string_view long_name, std::string_view short_name) {
    auto number = field_in(text, long_name);
    return number ? number : field_in(text, short_name);
  };
  if (auto remaining = first_of("remaining", "r"))
    reading.remaining = remaining;
  if (auto reset = first_of("reset", "t"))
    reading.reset_after = reset_of(*reset, now);
}

bool says_something(const limit_reading& reading) {
  return reading.remaining_share || reading.remaining || reading.reset_after;
}

template <class T>
void keep_smaller(std::optional<T>& into, const std::optional<T>& other) {
  if (other && (!into || *other < *into))
    into = other;
}

/// Headers about the same scope are one reading: the tighter word counts, the later reset.
void add(std::vector<limit_reading>& readings, limit_reading reading) {
  if (!says_something(reading))
    return;
  if (!reading.remaining_share && reading.remaining && *reading.remaining <= 0)
    reading.remaining_share = 0;
  auto found = std::find_if(readings.begin(), readings.end(), [&](const auto& one) { return one.of == reading.of; });
  if (found == readings.end()) {
    readings.push_back(reading);
    return;
  }
  keep_smaller(found->remaining_share, reading.remaining_share);
  keep_smaller(found->remaining, reading.remaining);
  if (reading.reset_after)
    found->reset_after = std::max(found->reset_after.value_or(milliseconds{0}), *reading.reset_after);
}

bool is_known(const limit_reading& reading) {
  return reading.remaining_share || reading.remaining;
}

/// A reading that holds a reset only speaks of a used-up limit when the request was refused.
bool is_used_up(const limit_reading& reading) {
  return !is_known(reading) || (reading.remaining_share && *reading.remaining_share <= 0)
         || (reading.remaining && *reading.remaining < 1);
}

} // namespace

std::vector<limit_reading> read_limits(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                       instant now) {
  std::vector<limit_reading> readings;
  for (const auto& rule : rules)
    if (auto text = find_header(headers, rule.name))
      add(readings, read_rule(rule, *text, now));
  limit_reading standard;
  for (const char* prefix : {"X-RateLimit-", "X-Rate-Limit-", "RateLimit-"})
    read_standard(standard, headers, prefix, now);
  if (auto text = find_header(headers, "RateLimit"))
    read_combined(standard, *text, now);
  add(readings, standard);
  return readings;
}

std::optional<double> lasting_quota_left(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                         instant now) {
  std::vector<limit_header> lasting;
  std::copy_if(rules.begin(), rules.end(), std::back_inserter(lasting),
               [](const auto& rule) { return rule.meaning != limit_header::form::used_of_limit; });
  std::optional<double> least;
  for (const auto& reading : read_limits(lasting, headers, now))
    if (reading.reset_after.value_or(std::chrono::hours{1}) > std::chrono::minutes{1})
      keep_smaller(least, reading.remaining_share);
  return least;
}

std::optional<milliseconds> wait_asked(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                       instant now) {
  if (auto text = find_header(headers, "Retry-After")) {
    if (auto seconds = number_in(*text))
      return seconds_from_now(*seconds);
    if (auto date = read_http_date(*text))
      return std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(*date - now));
  }
  std::optional<milliseconds> longest;
  for (const auto& reading : read_limits(rules, headers, now))
    if (reading.reset_after && is_used_up(reading))
      longest = std::max(longest.value_or(milliseconds{0}), *reading.reset_after);
  return longest;
}

std::vector<budget_pause> pauses_asked(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                       std::chrono::nanoseconds wait, instant now) {
  bool is_refused = wait.count() > 0;
  bool is_covered = !is_refused;
  auto unless_said = is_refused ? wait : std::chrono::seconds{1};
  std::vector<budget_pause> pauses{};
  for (const auto& reading : read_limits(rules, headers, now)) {
    if (!is_used_up(reading) || (!is_refused && !is_known(reading)))
      continue;
    pauses.push_back({reading.of, reading.reset_after ? *reading.reset_after : unless_said});
    is_covered = is_covered || pauses.back().pause >= wait;
  }
  if (!is_covered)
    pauses.push_back({limit_scope::credential, wait});
  return pauses;
}

} // namespace lode
