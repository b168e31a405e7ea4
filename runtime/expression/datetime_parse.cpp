#include <charconv>
#include <cmath>
#include <cstdlib>

#include "runtime/expression/date_text.hpp"
#include "runtime/expression/date_time_matcher.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_cursor.hpp"

namespace lode::expression {

namespace {

// The years 1 to 9999.
constexpr int64_t first_moment = -62'135'596'800'000'000;
constexpr int64_t last_moment = 253'402'300'799'999'999;

constexpr size_t longest_text = 1000;

failure mismatch(std::string_view text, std::string_view format) {
  return {shown_date(text) + " is not a date of the format '" + std::string{format} + "'", 0};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

/// How many microseconds the unit of an epoch format has; nothing for other formats.
std::optional<int64_t> epoch_unit(std::string_view format) {
  if (format == "%s")
    return 1'000'000;
  if (format == "%ms")
    return 1'000;
  if (format == "%epoch_microseconds")
    return 1;
  return std::nullopt;
}

std::optional<date_time> from_epoch(std::string_view text, int64_t micros_per_unit) {
  auto digits = trimmed(text);
  if (digits.starts_with("+"))
    digits.remove_prefix(1);
  int64_t count = 0;
  auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (code != std::errc{} || end != digits.data() + digits.size() || digits.empty())
    return std::nullopt;
  if (count < first_moment / micros_per_unit || count > last_moment / micros_per_unit)
    return std::nullopt;
  return date_time{count * micros_per_unit, 0, true};
}

std::optional<date_time> from_real_epoch(std::string_view text) {
  std::string copy{text};
  char* end = nullptr;
  auto seconds = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || !(std::abs(seconds) < 2.6e11))
    return std::nullopt;
  auto micros = static_cast<int64_t>(std::nearbyint(seconds * 1e6));
  if (micros < first_moment || micros > last_moment)
    return std::nullopt;
  return date_time{micros, 0, true};
}

std::optional<date_time> from_directives(std::string_view text, std::string_view format) {
  std::string plain{format};
  for (auto at = plain.find("%_ms"); at != plain.npos; at = plain.find("%_ms"))
    plain.replace(at, 4, "%f");
  date_time_matcher matcher;
  return text.size() <= longest_text && matcher.match(text, plain) ? matcher.moment() : std::nullopt;
}

} // namespace

result<date_time> parse_date_time(std::string_view text, std::string_view format) {
  auto unit = epoch_unit(format);
  auto moment = unit                      ? from_epoch(text, *unit)
                : format == "%s_as_float" ? from_real_epoch(text)
                                          : from_directives(text, format);
  if (!moment)
    return mismatch(text, format);
  return *moment;
}

result<date_time> parse_date_value(const value& item, std::string_view format) {
  if (item.is(kind::date_time))
    return item.moment();
  if (item.is(kind::real) && epoch_unit(format) && std::abs(item.real()) < 9e18)
    return parse_date_time(std::to_string(static_cast<int64_t>(item.real())), format);
  if (item.is(kind::undefined) || item.is(kind::none) || item.is(kind::list) || item.is(kind::map))
    return failure{
      "expected a date of the format '" + std::string{format} + "', found " + std::string{kind_name(item.kind())}, 0};
  return parse_date_time(to_text(item), format);
}

} // namespace lode::expression
