#include "runtime/expression/ast.hpp"

#include <algorithm>

namespace lode::expression {

namespace {

/// The largest depth of the children that it was shown.
struct depth_finder {
  uint32_t deepest = 0;

  void operator()(const literal_node&) {}
  void operator()(const name_node&) {}
  void operator()(const attribute_node& form) { see(form.object); }
  void operator()(const index_node& form) { see(form.object, form.index); }
  void operator()(const slice_node& form) { see(form.object, form.first, form.last, form.step); }
  void operator()(const call_node& form) { see_all(form.arguments); }
  void operator()(const test_node& form) { see_all(form.arguments); }
  void operator()(const unary_node& form) { see(form.operand); }
  void operator()(const binary_node& form) { see(form.left, form.right); }
  void operator()(const conditional_node& form) { see(form.condition, form.then, form.otherwise); }
  void operator()(const list_node& form) { see_all(form.items); }
  void operator()(const comparison_node& form) {
    see(form.first);
    for (const auto& [which, operand] : form.rest)
      see(operand);
  }
  void operator()(const map_node& form) {
    for (const auto& [key, item] : form.entries)
      see(key, item);
  }

private:
  template <class... Children>
  void see(const Children&... children) {
    ((deepest = std::max(deepest, children ? children->depth : 0)), ...);
  }
  void see_all(const node_list& children) {
    for (const auto& child : children)
      see(child);
  }
};

} // namespace

uint32_t depth_below(const node_form& form) {
  depth_finder finder;
  std::visit(finder, form);
  return finder.deepest;
}

} // namespace lode::expression
