#include "runtime/manifest/node.hpp"

#include "runtime/expression/python_text.hpp"

namespace lode {

const manifest_node_pointer* manifest_node::find(std::string_view key) const {
  for (auto& [name, item] : entries)
    if (name == key)
      return &item;
  return nullptr;
}

expression::value to_value(const manifest_node& node) {
  if (node.is == manifest_node::shape::list) {
    expression::value_list items;
    for (auto& each : node.items)
      items.push_back(to_value(*each));
    return items;
  }
  if (node.is == manifest_node::shape::map) {
    std::vector<expression::value_map::entry> entries;
    for (auto& [key, each] : node.entries)
      entries.emplace_back(key, to_value(*each));
    return expression::value_map{std::move(entries)};
  }
  bool is_date = node.scalar.is(expression::kind::date) || node.scalar.is(expression::kind::date_time);
  return is_date ? expression::value{expression::to_text(node.scalar)} : node.scalar;
}

std::string describe(const manifest_node& node) {
  if (node.is != manifest_node::shape::scalar)
    return node.is == manifest_node::shape::list ? "a list" : "a map";
  auto text = expression::to_repr(node.scalar);
  return std::string{expression::kind_name(node.scalar.kind())} + (text.size() <= 60 ? " (" + text + ")" : "");
}

} // namespace lode
