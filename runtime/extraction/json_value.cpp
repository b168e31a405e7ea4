#include "runtime/extraction/json_value.hpp"

#include <algorithm>
#include <array>

#include "runtime/expression/json_text.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/json_text.hpp"

namespace lode {

using expression::value;

namespace {

value map_of(json_node node) {
  std::vector<expression::value_map::entry> entries;
  for (auto key = node.first_child(); key.exists();) {
    auto item = key.next_sibling();
    entries.emplace_back(key.text(), to_value(item));
    key = item.next_sibling();
  }
  return expression::value_map{std::move(entries)};
}

constexpr bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9')
         || letter == '_';
}

/// `'name'` at the start of `text`, or nothing.
std::optional<std::string> quoted_name(std::string_view text) {
  if (text.empty() || (text[0] != '\'' && text[0] != '"'))
    return std::nullopt;
  auto end = text.find(text[0], 1);
  if (end == std::string_view::npos || text.substr(0, end).find('\\') != std::string_view::npos)
    return std::nullopt;
  return std::string{text.substr(1, end - 1)};
}

/// The member that is read by what follows the variable: `.name`, `['name']`, `.get('name'`.
std::optional<std::string> member_after(std::string_view text) {
  if (text.starts_with("["))
    return quoted_name(text.substr(1));
  if (text.starts_with(".get("))
    return quoted_name(text.substr(5));
  if (!text.starts_with("."))
    return std::nullopt;
  size_t length = 1;
  while (length < text.size() && is_name_letter(text[length]))
    ++length;
  constexpr std::array<std::string_view, 6> methods{"", "get", "items", "keys", "values", "update"};
  auto name = text.substr(1, length - 1);
  if (std::find(methods.begin(), methods.end(), name) != methods.end())
    return std::nullopt;
  return std::string{name};
}

} // namespace

value to_value(json_node node) {
  if (!node.exists())
    return {};
  switch (node.kind()) {
    case json_kind::null:
      return expression::none_value{};
    case json_kind::boolean:
      return node.raw() == "true";
    case json_kind::number:
      return expression::number_from_text(node.raw());
    case json_kind::string:
      return node.text();
    case json_kind::map:
      return map_of(node);
    case json_kind::list:
      break;
  }
  expression::value_list items;
  for (auto item = node.first_child(); item.exists(); item = item.next_sibling())
    items.push_back(to_value(item));
  return items;
}

std::string to_json(const value& item) {
  if (auto text = expression::to_json(item))
    return std::move(*text);
  std::string out; // dates, and what holds them
  append_json_string(out, expression::to_text(item));
  return out;
}

std::optional<std::vector<std::string>> members_read(const expression::program& code, std::string_view variable) {
  std::vector<std::string> names;
  std::string_view text = code.source();
  for (auto at = text.find(variable); at != std::string_view::npos; at = text.find(variable, at + 1)) {
    auto end = at + variable.size();
    if ((at > 0 && is_name_letter(text[at - 1])) || (end < text.size() && is_name_letter(text[end])))
      continue; // part of a longer name
    auto name = member_after(text.substr(end));
    if (!name)
      return std::nullopt;
    names.push_back(std::move(*name));
  }
  return names;
}

value body_for(const std::vector<const expression::program*>& programs, json_node body) {
  if (!body.is(json_kind::map))
    return to_value(body);
  std::vector<expression::value_map::entry> entries;
  for (auto code : programs) {
    auto names = members_read(*code, "response");
    if (!names)
      return to_value(body);
    for (auto& name : *names)
      if (auto item = body.member(name); item.exists())
        entries.emplace_back(name, to_value(item));
  }
  return expression::value_map{std::move(entries)};
}

} // namespace lode
