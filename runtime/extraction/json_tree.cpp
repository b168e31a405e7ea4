#include "runtime/extraction/json_tree.hpp"

#include <algorithm>

#include "runtime/extraction/json_text.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/record_selector.hpp"

namespace lode {

namespace {

void append(std::string& out, const json_tree& tree) {
  if (tree.kind == json_kind::map) {
    out += '{';
    for (const auto& [key, item] : tree.members) {
      if (&key != &tree.members.front().first)
        out += ',';
      append_json_string(out, key);
      out += ':';
      append(out, item);
    }
    out += '}';
  } else if (tree.kind == json_kind::list) {
    out += '[';
    for (const auto& item : tree.elements) {
      if (&item != &tree.elements.front())
        out += ',';
      append(out, item);
    }
    out += ']';
  } else {
    out += tree.scalar;
  }
}

/// The member of this name (of duplicates the last), made when it is missing.
json_tree& member_of(json_tree& map, const std::string& name) {
  auto& members = map.members;
  auto found = std::find_if(members.rbegin(), members.rend(), [&](const auto& entry) { return entry.first == name; });
  return found != members.rend() ? found->second
                                 : members.emplace_back(name, json_tree{json_kind::null, "null", {}, {}}).second;
}

} // namespace

json_tree json_tree::from(json_node node) {
  json_tree tree;
  tree.kind = node.kind();
  if (tree.kind == json_kind::map) {
    for (auto key = node.first_child(); key.exists();) {
      auto item = key.next_sibling();
      tree.members.emplace_back(key.text(), from(item));
      key = item.next_sibling();
    }
  } else if (tree.kind == json_kind::list) {
    for (auto item = node.first_child(); item.exists(); item = item.next_sibling())
      tree.elements.push_back(from(item));
  } else {
    tree.scalar = node.raw();
  }
  return tree;
}

json_tree json_tree::from(const expression::value& item) {
  auto text = lode::to_json(item);
  json_document document;
  if (document.parse(text))
    return {json_kind::null, "null", {}, {}}; // e.g. a text that is not UTF-8
  return from(document.root());
}

std::string json_tree::to_json() const {
  std::string out;
  append(out, *this);
  return out;
}

void json_tree::set(const field_path& path, json_tree item) {
  auto at = this;
  for (const auto& element : path) {
    if (at->kind != json_kind::map)
      *at = {json_kind::map, {}, {}, {}};
    at = &member_of(*at, element);
  }
  *at = std::move(item);
}

void json_tree::remove(const field_path& path, size_t level) {
  bool is_end = level + 1 == path.size();
  if (is_end)
    std::erase_if(members, [&](const auto& entry) { return matches_glob(path[level], entry.first); });
  for (auto& [key, item] : members)
    if (!is_end && matches_glob(path[level], key))
      item.remove(path, level + 1);
  for (size_t i = 0; i < elements.size(); ++i) {
    if (!matches_glob(path[level], std::to_string(i)))
      continue;
    if (is_end)
      elements[i] = {json_kind::null, "null", {}, {}};
    else
      elements[i].remove(path, level + 1);
  }
}

void json_tree::change(const field_path& path, const std::function<void(json_tree&)>& edit, size_t level) {
  if (level == path.size())
    return edit(*this);
  for (auto& [key, item] : members)
    if (matches_glob(path[level], key))
      item.change(path, edit, level + 1);
  for (size_t i = 0; i < elements.size(); ++i)
    if (matches_glob(path[level], std::to_string(i)))
      elements[i].change(path, edit, level + 1);
}

} // namespace lode
