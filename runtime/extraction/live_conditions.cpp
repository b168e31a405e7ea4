#include "runtime/extraction/live_conditions.hpp"

#include <algorithm>

#include "runtime/extraction/record_selector.hpp"

namespace lode {

namespace {

bool is_one_of(std::string_view text, const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [text](const auto& each) { return each == text; });
}

} // namespace

std::optional<std::string> text_at(const live_place& place, json_node event, const std::vector<http_header>& headers) {
  if (!place.header.empty()) {
    const auto* found = find_header(headers, place.header);
    return found ? std::optional{*found} : std::nullopt;
  }
  if (place.field.empty())
    return std::nullopt;
  auto node = value_at(event, place.field);
  if (node.is(json_kind::string))
    return node.text();
  if (node.is(json_kind::number) || node.is(json_kind::boolean))
    return std::string{node.raw()};
  return std::nullopt;
}

bool holds(const live_condition& condition, json_node event, const std::vector<http_header>& headers) {
  if (!condition.place.header.empty()) {
    const auto* found = find_header(headers, condition.place.header);
    return found && is_one_of(*found, condition.texts);
  }
  auto node = value_at(event, condition.place.field);
  if (node.is(json_kind::string) && !node.has_escapes())
    return is_one_of(node.raw_string(), condition.texts);
  auto text = text_at(condition.place, event, headers);
  return text && is_one_of(*text, condition.texts);
}

bool hold_all(const live_conditions& conditions, json_node event, const std::vector<http_header>& headers) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const auto& each) { return holds(each, event, headers); });
}

} // namespace lode
