#include <algorithm>

#include "runtime/expression/expression_parser.hpp"

namespace lode::expression {

node_pointer expression_parser::parse_operand() {
  auto object = parse_primary();
  while (object) {
    if (is_symbol("."))
      object = parse_attribute(std::move(object));
    else if (is_symbol("["))
      object = parse_subscript(std::move(object));
    else if (is_symbol("("))
      return fail("only functions and methods can be called", 0, true);
    else
      break;
  }
  return has_failed() ? nullptr : std::move(object);
}

node_pointer expression_parser::parse_primary() {
  if (is(token::type::name))
    return parse_name();
  if (is(token::type::text))
    return parse_text();
  if (is(token::type::number)) {
    auto start = column();
    auto number = current().number;
    return advance() ? make(literal_node{std::move(number)}, start) : nullptr;
  }
  if (is_symbol("("))
    return parse_group();
  if (is_symbol("["))
    return parse_list();
  if (is_symbol("{"))
    return parse_map();
  return fail("expected a value, found " + describe(current()));
}

/// Texts that stand side by side are one.
node_pointer expression_parser::parse_text() {
  auto start = column();
  std::string all;
  while (is(token::type::text)) {
    all += current().text;
    if (!advance())
      return nullptr;
  }
  return make(literal_node{std::move(all)}, start);
}

/// A value in parentheses, or a tuple: a list to us.
node_pointer expression_parser::parse_group() {
  auto start = column();
  auto items = advance() ? parse_items(")") : std::nullopt;
  if (!items)
    return nullptr;
  auto& [values, ends_with_comma] = *items;
  bool is_tuple = ends_with_comma || values.size() != 1;
  return is_tuple ? make(list_node{std::move(values)}, start) : std::move(values.front());
}

node_pointer expression_parser::parse_list() {
  auto start = column();
  auto items = advance() ? parse_items("]") : std::nullopt;
  return items ? make(list_node{std::move(items->first)}, start) : nullptr;
}

/// Items up to the closing bracket, and whether a comma came last.
std::optional<std::pair<node_list, bool>> expression_parser::parse_items(std::string_view closing) {
  node_list items;
  bool ends_with_comma = false;
  while (!is_symbol(closing)) {
    auto item = parse_conditional();
    if (!item)
      return std::nullopt;
    items.push_back(std::move(item));
    ends_with_comma = is_symbol(",");
    if (ends_with_comma && !advance())
      return std::nullopt;
    if (!ends_with_comma && !is_symbol(closing)) {
      fail("expected ',' or " + quoted(closing) + ", found " + describe(current()));
      return std::nullopt;
    }
  }
  if (!advance())
    return std::nullopt;
  return std::pair{std::move(items), ends_with_comma};
}

node_pointer expression_parser::parse_map() {
  auto start = column();
  std::vector<std::pair<node_pointer, node_pointer>> entries;
  if (!advance())
    return nullptr;
  while (!is_symbol("}")) {
    auto key = parse_conditional();
    if (!key || !expect_symbol(":"))
      return nullptr;
    auto item = parse_conditional();
    if (!item)
      return nullptr;
    entries.emplace_back(std::move(key), std::move(item));
    if (!is_symbol("}") && !expect_symbol(","))
      return nullptr;
  }
  return advance() ? make(map_node{std::move(entries)}, start) : nullptr;
}

node_pointer expression_parser::parse_name() {
  auto name = current().text;
  auto start = column();
  if (!advance())
    return nullptr;
  if (name == "true" || name == "True")
    return make(literal_node{true}, start);
  if (name == "false" || name == "False")
    return make(literal_node{false}, start);
  if (name == "none" || name == "None")
    return make(literal_node{none_value{}}, start);
  if (is_symbol("("))
    return parse_call(macro_table(), "function", name, start, nullptr);
  if (name != "parameters" && !where_.names.empty()
      && std::find(where_.names.begin(), where_.names.end(), name) == where_.names.end())
    return fail("unknown name " + quoted(name) + "; known here: " + known_names(), start);
  return make(name_node{std::move(name)}, start);
}

std::string expression_parser::known_names() const {
  std::string all;
  for (auto name : where_.names)
    all += std::string{name} + ", ";
  return all + "parameters";
}

/// `.name`, `.method(...)` or `.0`.
node_pointer expression_parser::parse_attribute(node_pointer object) {
  if (!advance())
    return nullptr;
  auto start = column();
  if (is(token::type::number)) {
    auto index = make(literal_node{current().number}, start);
    return advance() ? make(index_node{std::move(object), std::move(index)}, start) : nullptr;
  }
  if (!is(token::type::name))
    return fail("expected a name after '.', found " + describe(current()));
  auto name = current().text;
  if (!advance())
    return nullptr;
  if (!is_symbol("("))
    return make(attribute_node{std::move(object), std::move(name)}, start);
  return parse_call(method_table(), "method", name, start, std::move(object));
}

/// `[index]` or `[first:last:step]`.
node_pointer expression_parser::parse_subscript(node_pointer object) {
  auto start = column();
  if (!advance())
    return nullptr;
  node_pointer parts[3];
  size_t colons = 0;
  while (!is_symbol("]")) {
    if (is_symbol(":")) {
      if (++colons > 2)
        return fail("a slice has at most two ':'");
      if (!advance())
        return nullptr;
    } else if (!(parts[colons] = parse_conditional())) {
      return nullptr;
    } else if (!is_symbol("]") && !is_symbol(":")) {
      return fail("expected ']', found " + describe(current()));
    }
  }
  if (!advance())
    return nullptr;
  if (colons > 0)
    return make(slice_node{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])}, start);
  if (!parts[0])
    return fail("expected an index between '[' and ']'", start);
  return make(index_node{std::move(object), std::move(parts[0])}, start);
}

} // namespace lode::expression
