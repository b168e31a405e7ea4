#include "actors/scheduling/duration_text.hpp"

#include <array>
#include <charconv>

namespace lode {

namespace {

using std::chrono::milliseconds;

struct unit {
  std::string_view name;
  int64_t factor; // milliseconds
};

constexpr std::array units{unit{"d", 86'400'000}, unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000},
                           unit{"ms", 1}};
constexpr int64_t longest = 366 * units.front().factor;

} // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text.empty())
    return {};
  int64_t total = 0;
  size_t next_unit = 0;
  while (!text.empty()) {
    uint32_t count = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (problem != std::errc{})
      return {};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    auto letters = text.substr(0, text.find_first_not_of("dhms"));
    while (next_unit < units.size() && units[next_unit].name != letters)
      ++next_unit;
    if (next_unit == units.size() || count > longest / units[next_unit].factor)
      return {};
    total += count * units[next_unit++].factor;
    text.remove_prefix(letters.size());
  }
  if (total > longest)
    return {};
  return milliseconds{total};
}

std::string duration_text(milliseconds span) {
  std::string text;
  auto left = span.count();
  for (const auto& each : units)
    if (auto count = left / each.factor; count > 0) {
      text += std::to_string(count) + std::string{each.name};
      left -= count * each.factor;
    }
  return text.empty() ? "0s" : text;
}

} // namespace lode
