#include "runtime/expression/program.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/expression/evaluator.hpp"
#include "runtime/expression/parser.hpp"
#include "runtime/expression/python_literal.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {

namespace {

constexpr size_t longest_output = 1 << 20;

const template_node& empty_template() {
  static const template_node none;
  return none;
}

/// Python's texts and values that count as false (manifest format, "template evaluation").
bool is_false(const value& item) {
  constexpr std::array<std::string_view, 9> spellings{"False", "false", "", "0", "0.0", "{}", "[]", "()", "set()"};
  switch (item.kind()) {
    case kind::none:
      return false;
    case kind::string:
      return std::find(spellings.begin(), spellings.end(), item.string()) != spellings.end();
    default:
      return !is_true(item);
  }
}

/// True if `ast.literal_eval(repr(item))` gives the item back.
bool survives_literal_reader(const value& item) {
  switch (item.kind()) {
    case kind::none:
    case kind::boolean:
    case kind::integer:
    case kind::number:
    case kind::string:
      return true;
    case kind::real:
      return std::isfinite(item.real());
    case kind::list:
      return std::all_of(item.list().begin(), item.list().end(), survives_literal_reader);
    case kind::map:
      return std::all_of(item.map().begin(), item.map().end(),
                         [](auto& entry) { return survives_literal_reader(entry.second); });
    default:
      return false;
  }
}

/// The literal reader applied to what a template yields. Values that would come back unchanged
/// skip the way through text, so their digits and the time stay.
value read_literal(value outcome, literals allowed) {
  auto is_allowed = [allowed](const value& item) {
    return allowed == literals::all || item.is(kind::string) || item.is(kind::list);
  };
  if (!outcome.is(kind::string)) {
    if (is_allowed(outcome) && survives_literal_reader(outcome))
      return outcome;
    outcome = to_text(outcome);
  }
  auto found = read_python_literal(outcome.string());
  return found && is_allowed(*found) ? std::move(*found) : outcome;
}

bool is_empty(const value& outcome) {
  return outcome.is(kind::undefined) || (outcome.is(kind::string) && outcome.string().empty());
}

failure located(const failure& why, const std::string& source) {
  auto out = why;
  out.message += " in '" + source.substr(0, 200) + (source.size() > 200 ? "...'" : "'");
  return out;
}

} // namespace

result<program> program::parse(std::string_view text, const scope& where) {
  auto root = parse_template(text, where);
  if (!root)
    return located(root.error(), std::string{text});
  return program{std::move(*root)};
}

program program::literal(std::string text) {
  auto root = std::make_shared<template_node>();
  root->source = text;
  root->parts.emplace_back(std::move(text));
  return program{std::move(root)};
}

const std::string& program::source() const noexcept {
  return root_ ? root_->source : empty_template().source;
}

bool program::is_plain() const noexcept {
  return !root_ || std::all_of(root_->parts.begin(), root_->parts.end(), [](auto& part) { return part.index() == 0; });
}

result<program::rendered> program::render(const context& names) const {
  if (!root_ || root_->parts.empty())
    return rendered{value{std::string{}}, false, {}};
  std::string text;
  for (auto& part : root_->parts) {
    if (auto* plain = std::get_if<std::string>(&part)) {
      text += *plain;
    } else {
      evaluation run{names, root_->parameters};
      auto found = evaluate_node(run, *std::get<node_pointer>(part));
      if (run.failed() && run.is_undefined_chain())
        return rendered{{}, true, located(run.why(), root_->source)};
      if (run.failed())
        return located(run.why(), root_->source);
      if (root_->parts.size() == 1)
        return rendered{std::move(found), false, {}};
      text += to_text(found);
    }
    if (text.size() > longest_output)
      return located({"the result is longer than 1 MiB", 1}, root_->source);
  }
  return rendered{value{std::move(text)}, false, {}};
}

result<value> evaluate(const program& code, const context& names, literals allowed) {
  auto out = code.render(names);
  if (!out)
    return out.error();
  if (out->is_undefined_chain)
    return out->why;
  return is_empty(out->outcome) ? value{std::string{}} : read_literal(std::move(out->outcome), allowed);
}

result<std::string> evaluate_text(const program& code, const context& names) {
  auto found = evaluate(code, names);
  if (!found)
    return found.error();
  return to_text(*found);
}

result<bool> evaluate_condition(const program& code, const context& names) {
  auto out = code.render(names);
  if (!out)
    return out.error();
  if (out->is_undefined_chain || is_empty(out->outcome))
    return false;
  return !is_false(read_literal(std::move(out->outcome), literals::all));
}

result<value> evaluate_entry(const program& code, const context& names, literals allowed) {
  auto out = code.render(names);
  if (!out)
    return out.error();
  if (out->is_undefined_chain || is_empty(out->outcome))
    return value{none_value{}};
  return read_literal(std::move(out->outcome), allowed);
}

} // namespace lode::expression
