#include "runtime/cli/terminal/figures.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "runtime/cli/terminal/text.hpp"
#include "runtime/console/rfc3339.hpp"

namespace lode {

namespace json = boost::json;

std::string count_text(double value) {
  if (std::abs(value) < 9.95 && std::abs(value - std::round(value)) >= 0.05)
    return fmt::format("{:.1f}", value);
  auto digits = fmt::format("{:.0f}", std::abs(value));
  for (size_t at = digits.size(); at > 3;)
    digits.insert(at -= 3, 1, ',');
  return (value <= -0.5 ? "-" : "") + digits;
}

std::string bytes_text(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1'000 && unit + 1 < units.size(); ++unit)
    bytes /= 1'024;
  return fmt::format("{:.{}f} {}", bytes, bytes < 9.95 && unit > 0 ? 1 : 0, units[unit]);
}

std::string span_text(std::chrono::seconds span) {
  const auto s = std::max<int64_t>(span.count(), 0);
  if (s < 60)
    return fmt::format("{}s", s);
  if (s < 600)
    return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 3'600)
    return fmt::format("{}m", s / 60);
  if (s < 86'400)
    return fmt::format("{}h{:02}m", s / 3'600, s / 60 % 60);
  return fmt::format("{}d{}h", s / 86'400, s / 3'600 % 24);
}

std::string share_text(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

std::string clock_text(std::string_view time) {
  auto at = time.find('T');
  return at == time.npos ? printable(time) : printable(time.substr(at + 1, 8)) + "Z";
}

namespace {

const json::value* field(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found && !found->is_null() ? found : nullptr;
}

} // namespace

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = field(object, name);
  if (!found)
    return {};
  return printable(found->is_string() ? std::string{found->get_string()} : json::serialize(*found));
}

std::optional<double> number_in(const json::object& object, std::string_view name) {
  const auto* found = field(object, name);
  return found && found->is_number() ? std::optional{found->to_number<double>()} : std::nullopt;
}

const json::object& object_in(const json::object& object, std::string_view name) {
  static const json::object nothing;
  const auto* found = field(object, name);
  return found && found->is_object() ? found->get_object() : nothing;
}

const json::array& array_in(const json::object& object, std::string_view name) {
  static const json::array nothing;
  const auto* found = field(object, name);
  return found && found->is_array() ? found->get_array() : nothing;
}

std::optional<std::chrono::seconds> span_between(std::string_view from, std::string_view to) {
  auto first = parse_time(from);
  auto last = parse_time(to);
  if (!first || !last)
    return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*last - *first);
}

} // namespace lode
