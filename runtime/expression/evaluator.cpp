#include "runtime/expression/evaluator.hpp"

#include <algorithm>

#include "runtime/expression/arithmetic.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

/// Visits one node; children are evaluated left to right and stop at the first failure.
class evaluator {
public:
  explicit evaluator(evaluation& run) : run_(run) {}

  value operator()(const literal_node& code) { return code.constant; }

  value operator()(const name_node& code) {
    if (code.name == "parameters")
      return run_.parameters().is(kind::undefined) ? value{value_map{}} : run_.parameters();
    if (auto* found = run_.names().find(code.name))
      return *found;
    return run_.fail("'" + code.name + "' is not known here; known: " + run_.names().names() + ", parameters");
  }

  value operator()(const attribute_node& code) {
    auto object = evaluate_node(run_, *code.object);
    return run_.failed() ? value{} : read_attribute(run_, object, code.name);
  }

  value operator()(const index_node& code) {
    auto object = evaluate_node(run_, *code.object);
    auto index = evaluate(code.index);
    return run_.failed() ? value{} : read_index(run_, object, index);
  }

  value operator()(const slice_node& code) {
    auto object = evaluate_node(run_, *code.object);
    value parts[] = {evaluate(code.first), evaluate(code.last), evaluate(code.step)};
    if (run_.failed())
      return {};
    if (object.is(kind::undefined))
      return run_.fail_undefined(object, "a slice of it");
    if (!object.is(kind::list) && !object.is(kind::string))
      return undefined_value{"a slice"};
    auto items = elements(run_, object);
    auto chosen = slice(items, parts[0], parts[1], parts[2]);
    if (object.is(kind::list))
      return chosen;
    std::string text;
    for (auto& each : chosen)
      text += each.string();
    return text;
  }

  value operator()(const call_node& code) {
    auto arguments = evaluate_all(code.arguments);
    return run_.failed() ? value{} : code.row->call(run_, arguments);
  }

  value operator()(const test_node& code) {
    auto arguments = evaluate_all(code.arguments);
    if (run_.failed())
      return {};
    auto verdict = is_true(code.row->call(run_, arguments));
    return verdict != code.is_negated;
  }

  value operator()(const unary_node& code) {
    auto operand = evaluate_node(run_, *code.operand);
    if (run_.failed())
      return {};
    if (code.which == sign::logical_not)
      return !is_true(operand);
    if (operand.is(kind::duration) && code.which == sign::minus)
      return calendar_duration{-operand.span().months, -operand.span().microseconds};
    return calculate(run_, code.which == sign::minus ? operation::subtract : operation::add, value{0}, operand);
  }

  value operator()(const binary_node& code) {
    auto left = evaluate_node(run_, *code.left);
    if (run_.failed())
      return {};
    bool is_logical = code.which == operation::logical_and || code.which == operation::logical_or;
    if (is_logical) {
      bool needs_right = is_true(left) == (code.which == operation::logical_and);
      return needs_right ? evaluate_node(run_, *code.right) : left;
    }
    auto right = evaluate_node(run_, *code.right);
    return run_.failed() ? value{} : calculate(run_, code.which, left, right);
  }

  value operator()(const comparison_node& code) {
    auto left = evaluate_node(run_, *code.first);
    for (auto& [which, operand] : code.rest) {
      if (run_.failed())
        return {};
      auto right = evaluate_node(run_, *operand);
      if (run_.failed() || !holds(which, left, right))
        return run_.failed() ? value{} : value{false};
      left = std::move(right);
    }
    return true;
  }

  value operator()(const conditional_node& code) {
    auto condition = evaluate_node(run_, *code.condition);
    if (run_.failed())
      return {};
    if (is_true(condition))
      return evaluate_node(run_, *code.then);
    return code.otherwise ? evaluate_node(run_, *code.otherwise) : value{undefined_value{"the missing 'else'"}};
  }

  value operator()(const list_node& code) { return evaluate_all(code.items); }

  value operator()(const map_node& code) {
    std::vector<value_map::entry> entries;
    for (auto& [key, item] : code.entries) {
      auto name = evaluate_node(run_, *key);
      entries.emplace_back(to_text(name), evaluate(item));
      if (run_.failed())
        return {};
    }
    return value_map{std::move(entries)};
  }

private:
  value evaluate(const node_pointer& code) { return code && !run_.failed() ? evaluate_node(run_, *code) : value{}; }

  value_list evaluate_all(const node_list& codes) {
    value_list out;
    out.reserve(codes.size());
    for (auto& code : codes)
      out.push_back(evaluate(code));
    return out;
  }

  bool holds(operation which, const value& left, const value& right) {
    switch (which) {
      case operation::equal:
        return equal(left, right);
      case operation::not_equal:
        return !equal(left, right);
      case operation::in:
        return contains(right, left);
      case operation::not_in:
        return !contains(right, left);
      case operation::less:
        return compare(run_, left, right) < 0;
      case operation::less_or_equal:
        return compare(run_, left, right) <= 0;
      case operation::greater:
        return compare(run_, left, right) > 0;
      default:
        return compare(run_, left, right) >= 0;
    }
  }

  bool contains(const value& container, const value& item) {
    if (container.is(kind::string)) {
      if (!item.is(kind::string))
        run_.fail("'in' a text expects text, found " + std::string{kind_name(item.kind())});
      return item.is(kind::string) && container.string().find(item.string()) != std::string::npos;
    }
    if (container.is(kind::map))
      return item.is(kind::string) && container.map().find(item.string()) != nullptr;
    auto items = elements(run_, container);
    return std::any_of(items.begin(), items.end(), [&](auto& each) { return equal(each, item); });
  }

  value_list slice(const value_list& items, const value& first, const value& last, const value& step) {
    auto whole = [this](const value& part, int64_t otherwise) {
      if (part.is(kind::integer))
        return part.integer();
      if (!part.is(kind::undefined) && !part.is(kind::none))
        run_.fail("a slice expects integers, found " + std::string{kind_name(part.kind())});
      return otherwise;
    };
    auto size = static_cast<int64_t>(items.size());
    auto by = whole(step, 1);
    if (by == 0)
      run_.fail("the step of a slice can't be 0");
    if (run_.failed())
      return {};
    auto low = by > 0 ? int64_t{0} : int64_t{-1}, high = by > 0 ? size : size - 1;
    auto place = [&](const value& part, int64_t otherwise) {
      if (!part.is(kind::integer))
        return whole(part, otherwise);
      auto at = part.integer();
      return std::clamp(at < 0 ? std::max(at, -size - 1) + size : std::min(at, size), low, high);
    };
    auto from = place(first, by > 0 ? low : high), to = place(last, by > 0 ? high : low);
    value_list out;
    by = std::clamp<int64_t>(by, -size - 1, size + 1);
    for (auto at = from; by > 0 ? at < to : at > to; at += by)
      out.push_back(items[static_cast<size_t>(at)]);
    return out;
  }

  evaluation& run_;
};

} // namespace

value evaluate_node(evaluation& run, const node& code) {
  auto out = std::visit(evaluator{run}, code.form);
  if (run.failed())
    run.locate(code.column);
  return out;
}

} // namespace lode::expression
