#include "runtime/console/merge_patch.hpp"

#include <boost/json/object.hpp>

namespace lode {

namespace json = boost::json;

namespace {

bool holds_null(const json::value& value) {
  if (value.is_null())
    return true;
  if (!value.is_object())
    return false;
  for (const auto& member : value.get_object())
    if (holds_null(member.value()))
      return true;
  return false;
}

/// False: no patch can say it.
bool add_difference(json::object& patch, const json::object& before, const json::object& after) {
  for (const auto& member : before)
    if (!after.contains(member.key()))
      patch[member.key()] = nullptr;
  for (const auto& member : after) {
    const auto* was = before.if_contains(member.key());
    const auto& is = member.value();
    if (was && *was == is)
      continue;
    if (was && was->is_object() && is.is_object()) {
      json::object inner;
      if (!add_difference(inner, was->get_object(), is.get_object()))
        return false;
      patch[member.key()] = std::move(inner);
    } else if (holds_null(is)) {
      return false;
    } else {
      patch[member.key()] = is;
    }
  }
  return true;
}

} // namespace

std::optional<json::value> merge_patch_between(const json::value& before, const json::value& after) {
  json::object patch;
  if (!before.is_object() || !after.is_object() || !add_difference(patch, before.get_object(), after.get_object()))
    return std::nullopt;
  return json::value(std::move(patch));
}

} // namespace lode
