#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/expression/argument_binding.hpp"
#include "runtime/expression/ast.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/token_cursor.hpp"

namespace lode::expression {

/// Parses one `{{ expression }}` to a tree by recursive descent, a function per rule of the grammar. Every function begins
/// at the first token of its rule and ends behind the last one; null means that the parsing has failed. For one use.
class expression_parser : private token_cursor {
public:
  /// `at` is the offset behind the opening braces; `where` says which names are known.
  expression_parser(std::string_view source, size_t at, const scope& where) : token_cursor(source, at), where_(where) {}

  /// The tree, read up to and with the closing braces, or null: error() says why.
  node_pointer parse();

  using token_cursor::error;
  using token_cursor::position;
  using token_cursor::trims_after;

private:
  class level;
  using rule = node_pointer (expression_parser::*)();
  using binary_operators = std::initializer_list<std::pair<std::string_view, operation>>;

  node_pointer make(node_form form, size_t column);

  // Operators, loosest first (parse_operators.cpp).
  node_pointer parse_conditional();
  node_pointer parse_or();
  node_pointer parse_and();
  node_pointer parse_not();
  node_pointer parse_comparison();
  node_pointer parse_sum();
  node_pointer parse_concatenation();
  node_pointer parse_product();
  node_pointer parse_power();
  node_pointer parse_filtered();
  node_pointer parse_signed();
  node_pointer parse_binary(binary_operators operators, rule operand);
  std::optional<operation> take_comparison();

  // Operands and what follows them (parse_operands.cpp).
  node_pointer parse_operand();
  node_pointer parse_primary();
  node_pointer parse_text();
  node_pointer parse_group();
  node_pointer parse_list();
  node_pointer parse_map();
  std::optional<std::pair<node_list, bool>> parse_items(std::string_view closing);
  node_pointer parse_name();
  std::string known_names() const;
  node_pointer parse_attribute(node_pointer object);
  node_pointer parse_subscript(node_pointer object);

  // Filters, tests and calls (parse_calls.cpp).
  node_pointer parse_filters(node_pointer subject);
  node_pointer parse_filter(node_pointer subject);
  node_pointer parse_test(node_pointer subject);
  node_pointer parse_call(std::span<const function_row> table, std::string_view what, const std::string& name,
                          size_t column, node_pointer subject);
  bool parse_arguments(std::vector<given_argument>& given);
  bool bind(const function_row& row, std::string_view what, std::vector<given_argument> given, node_list& arguments,
            size_t column);

  const scope& where_;
  int nesting_ = 0;
};

} // namespace lode::expression
