#include "runtime/manifest/schema_words.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/expression/json_text.hpp"

namespace lode::schema_words {

using expression::kind;
using expression::value;
using expression::value_map;

namespace {

constexpr std::array types{type_words{"string", "a text"},     type_words{"integer", "a whole number"}, type_words{"number", "a number"},
                           type_words{"boolean", "true or false"}, type_words{"array", "a list"},       type_words{"object", "an object"},
                           type_words{"null", "null"}};

bool is_whole(const value& item) {
  return item.is(kind::integer) || (is_number(item) && std::trunc(item.as_double()) == item.as_double());
}

} // namespace

const value* at(const value& item, std::string_view key) {
  return item.is(kind::map) ? item.map().find(key) : nullptr;
}

const value_map* map_at(const value& item, std::string_view key) {
  const auto* found = at(item, key);
  return found && found->is(kind::map) ? &found->map() : nullptr;
}

const expression::value_list* list_at(const value& item, std::string_view key) {
  const auto* found = at(item, key);
  return found && found->is(kind::list) ? &found->list() : nullptr;
}

bool is_number(const value& item) {
  return item.is_numeric() && !item.is(kind::boolean);
}

bool has_type(const value& item, std::string_view type) {
  if (type == "string")
    return item.is(kind::string);
  if (type == "integer")
    return is_whole(item);
  if (type == "number")
    return is_number(item);
  if (type == "boolean")
    return item.is(kind::boolean);
  if (type == "array")
    return item.is(kind::list);
  if (type == "object")
    return item.is(kind::map);
  return type == "null" && item.is(kind::none);
}

std::string found_words(const value& item) {
  if (item.is(kind::boolean))
    return item.boolean() ? "true" : "false";
  if (is_number(item))
    return "a number";
  for (const auto& each : types)
    if (has_type(item, each.type))
      return std::string{each.words};
  return "nothing";
}

std::vector<type_words> allowed_types(const value& schema) {
  const auto* type = at(schema, "type");
  const auto names = !type ? expression::value_list{} : type->is(kind::list) ? type->list() : expression::value_list{*type};
  std::vector<type_words> out;
  for (const auto& name : names) {
    auto known = std::ranges::find_if(types, [&](const auto& each) { return name.is(kind::string) && each.type == name.string(); });
    if (known == types.end())
      return {};
    out.push_back(*known);
  }
  return out;
}

std::string expected_words(const value& schema) {
  std::string out;
  for (const auto& each : allowed_types(schema))
    out += (out.empty() ? "" : " or ") + std::string{each.words};
  return out.empty() ? "a value" : out;
}

bool same(const value& left, const value& right) {
  return left.is(kind::boolean) == right.is(kind::boolean) && expression::equal(left, right);
}

std::string written(const value& item) {
  auto text = expression::to_json(item);
  return text ? *text : found_words(item);
}

} // namespace lode::schema_words
