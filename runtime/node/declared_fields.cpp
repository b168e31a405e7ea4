#include "runtime/node/declared_fields.hpp"

#include <set>
#include <string>

namespace lode {

namespace {

using expression::kind;

std::string text_at(const expression::value_map& map, std::string_view name) {
  const auto* found = map.find(name);
  return found && found->is(kind::string) ? found->string() : std::string{};
}

/// What `type` names, without null: "string" or ["null", "string"].
std::set<std::string> types_of(const expression::value_map& property) {
  std::set<std::string> out;
  const auto* type = property.find("type");
  if (type && type->is(kind::string))
    out.insert(type->string());
  if (type && type->is(kind::list))
    for (const auto& each : type->list())
      if (each.is(kind::string))
        out.insert(each.string());
  out.erase("null");
  return out;
}

view_type text_type(const expression::value_map& property) {
  auto format = text_at(property, "format");
  return format == "date-time" ? view_type::timestamp : format == "date" ? view_type::date : view_type::text;
}

view_type type_of(const expression::value& declared) {
  if (!declared.is(kind::map))
    return view_type::json;
  const auto& property = declared.map();
  auto types = types_of(property);
  if (types == std::set<std::string>{"string"})
    return text_type(property);
  if (types == std::set<std::string>{"boolean"})
    return view_type::boolean;
  if (types == std::set<std::string>{"integer"})
    return view_type::integer;
  if (types == std::set<std::string>{"number"} || types == std::set<std::string>{"integer", "number"})
    return view_type::number;
  // Of several simple types all have a text.
  auto is_simple = !types.empty() && !types.contains("object") && !types.contains("array");
  return is_simple ? view_type::text : view_type::json;
}

} // namespace

std::vector<view_field> declared_fields(const expression::value& schema) {
  std::vector<view_field> out;
  const auto* properties = schema.is(kind::map) ? schema.map().find("properties") : nullptr;
  if (properties && properties->is(kind::map))
    for (const auto& [name, declared] : properties->map())
      out.push_back({name, type_of(declared)});
  return out;
}

} // namespace lode
