#include "config/text_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace lode::setting_text {

namespace {

struct unit {
  std::string_view name;
  uint64_t factor;
};
constexpr std::array time_units{unit{"d", 86'400'000}, unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000},
                                unit{"ms", 1}};
constexpr std::array byte_units{unit{"GiB", 1u << 30}, unit{"MiB", 1u << 20}, unit{"KiB", 1u << 10}, unit{"B", 1}};

std::string_view trim(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Splits "1.5 h" after the last digit or dot.
std::pair<std::string_view, std::string_view> split_unit(std::string_view text) {
  text = trim(text);
  auto at = std::min(text.find_first_not_of("0123456789."), text.size());
  return {text.substr(0, at), trim(text.substr(at))};
}

template <size_t N>
std::string in_largest_unit(uint64_t value, const std::array<unit, N>& units, std::string_view gap) {
  for (const auto& [name, factor] : units)
    if (value % factor == 0 && (value != 0 || factor == 1))
      return std::to_string(value / factor) + std::string{gap} + std::string{name};
  return {};
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto [number, suffix] = split_unit(text);
  if (number == "0" && suffix.empty())
    return std::chrono::milliseconds{0};
  double value = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || error != std::errc{} || end != number.data() + number.size())
    return std::nullopt;
  for (const auto& [name, factor] : time_units)
    if (suffix == name) {
      value *= static_cast<double>(factor);
      if (value > 1e15 || value != std::floor(value))
        return std::nullopt;
      return std::chrono::milliseconds{static_cast<int64_t>(value)};
    }
  return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds value) {
  if (value.count() == 0)
    return "0s";
  return in_largest_unit(static_cast<uint64_t>(value.count()), time_units, "");
}

std::optional<byte_count> parse_bytes(std::string_view text) {
  auto [number, suffix] = split_unit(text);
  auto value = whole_number<uint64_t>(number);
  if (!value)
    return std::nullopt;
  for (const auto& [name, factor] : byte_units)
    if (suffix == name || (suffix.empty() && factor == 1)) {
      if (*value > std::numeric_limits<uint64_t>::max() / factor)
        return std::nullopt;
      return byte_count{*value * factor};
    }
  return std::nullopt;
}

std::string format_bytes(byte_count value) {
  return in_largest_unit(value.value, byte_units, " ");
}

std::optional<uint32_t> parse_count(std::string_view text) {
  return whole_number<uint32_t>(trim(text));
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  auto least = std::max<size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : candidates)
    if (auto distance = edit_distance(name, candidate); distance < least) {
      least = distance;
      best = candidate;
    }
  return best;
}

} // namespace lode::setting_text
