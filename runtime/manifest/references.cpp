#include "runtime/manifest/references.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace lode {

namespace {

using node_pointer = manifest_node_pointer;

bool is_reference(const manifest_node& node) {
  return node.is_text() && node.scalar.string().starts_with("#/");
}

class resolver {
public:
  resolver(const node_pointer& root, const std::string& file, std::vector<diagnostic>& notes)
    : root_(root), file_(file), notes_(notes) {}

  node_pointer resolve(const node_pointer& node) {
    if (is_reference(*node))
      return follow(node);
    if (node->is == manifest_node::shape::map)
      return resolve_map(node);
    if (node->is != manifest_node::shape::list)
      return node;
    auto out = std::make_shared<manifest_node>(*node);
    for (auto& item : out->items)
      item = resolve(item);
    return out;
  }

private:
  node_pointer resolve_map(const node_pointer& node) {
    auto out = std::make_shared<manifest_node>();
    out->is = manifest_node::shape::map;
    out->line = node->line;
    for (auto& [key, item] : node->entries)
      if (key != "$ref")
        out->entries.emplace_back(key, key == "config_overrides" ? item : resolve(item));
    auto* reference = node->find("$ref");
    if (reference == nullptr)
      return out;
    auto target = resolve(*reference);
    if (target->is != manifest_node::shape::map || out->entries.empty())
      return target;
    auto merged = std::make_shared<manifest_node>(*target);
    merged->line = node->line;
    for (auto& [key, item] : out->entries) {
      auto old = std::find_if(merged->entries.begin(), merged->entries.end(), [&key](auto& each) { return each.first == key; });
      if (old != merged->entries.end())
        old->second = item;
      else
        merged->entries.emplace_back(key, item);
    }
    return merged;
  }

  node_pointer follow(const node_pointer& node) {
    auto& reference = node->scalar.string();
    if (auto known = resolved_.find(reference); known != resolved_.end())
      return known->second;
    if (!open_.insert(reference).second)
      return fail(*node, "the reference '" + reference + "' leads back to itself");
    auto target = look_up(reference);
    auto out = target ? resolve(target) : fail(*node, "the reference '" + reference + "' leads nowhere");
    open_.erase(reference);
    return resolved_[reference] = out;
  }

  node_pointer look_up(const std::string& reference) const {
    auto rest = std::string_view{reference}.substr(2);
    auto node = root_;
    while (!rest.empty()) {
      if (auto* whole = node->find(rest))
        return *whole;
      auto end = std::min(rest.find('/'), rest.size());
      auto head = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (auto* found = node->find(head))
        node = *found;
      else if (auto place = index_of(head); place < node->items.size())
        node = node->items[place];
      else
        return nullptr;
    }
    return node;
  }

  static size_t index_of(std::string_view text) {
    bool is_number = !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == text.npos;
    return is_number ? static_cast<size_t>(std::stoul(std::string{text})) : SIZE_MAX;
  }

  node_pointer fail(const manifest_node& at, std::string message) {
    notes_.push_back({diagnostic::level::error, file_, at.line, "#", std::move(message)});
    auto nothing = std::make_shared<manifest_node>();
    nothing->scalar = expression::none_value{};
    nothing->line = at.line;
    return nothing;
  }

  const node_pointer& root_;
  const std::string& file_;
  std::vector<diagnostic>& notes_;
  std::set<std::string> open_;
  std::map<std::string, node_pointer> resolved_; // so that a target is resolved, and its mistakes told, once
};

} // namespace

manifest_node_pointer resolve_references(const manifest_node_pointer& root, const std::string& file,
                                         std::vector<diagnostic>& notes) {
  return resolver{root, file, notes}.resolve(root);
}

} // namespace lode
