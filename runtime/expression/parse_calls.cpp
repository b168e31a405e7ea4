#include "runtime/expression/expression_parser.hpp"

namespace lode::expression {

node_pointer expression_parser::parse_filters(node_pointer subject) {
  while (subject && (is_symbol("|") || is_word("is"))) {
    bool is_filter = is_symbol("|");
    if (!advance())
      return nullptr;
    subject = is_filter ? parse_filter(std::move(subject)) : parse_test(std::move(subject));
  }
  return has_failed() ? nullptr : std::move(subject);
}

node_pointer expression_parser::parse_filter(node_pointer subject) {
  auto start = column();
  auto name = current().text;
  if (!is(token::type::name))
    return fail("expected the name of a filter after '|', found " + describe(current()));
  return advance() ? parse_call(filter_table(), "filter", name, start, std::move(subject)) : nullptr;
}

/// `is [not] name`, with an argument in parentheses or without.
node_pointer expression_parser::parse_test(node_pointer subject) {
  bool is_negated = is_word("not");
  if (is_negated && !advance())
    return nullptr;
  auto start = column();
  auto name = current().text;
  if (!is(token::type::name))
    return fail("expected the name of a test after 'is', found " + describe(current()));
  if (!advance())
    return nullptr;
  auto* row = find_row(test_table(), name);
  if (row == nullptr)
    return fail("unknown test " + quoted(name) + "; known: " + row_names(test_table()), start, true);
  std::vector<given_argument> given;
  if (is_symbol("(")) {
    if (!parse_arguments(given))
      return nullptr;
  } else if (!row->parameters.empty()) {
    auto item = parse_operand();
    if (!item)
      return nullptr;
    given.push_back({"", std::move(item), start});
  }
  node_list arguments;
  arguments.push_back(std::move(subject));
  if (!bind(*row, "test", std::move(given), arguments, start))
    return nullptr;
  return make(test_node{row, std::move(arguments), is_negated}, start);
}

/// A function, filter or method whose name was read; `subject` is null for functions.
node_pointer expression_parser::parse_call(std::span<const function_row> table, std::string_view what,
                                           const std::string& name, size_t start, node_pointer subject) {
  auto* row = find_row(table, name);
  if (row == nullptr)
    return fail("unknown " + std::string{what} + " " + quoted(name) + "; known: " + row_names(table), start, true);
  std::vector<given_argument> given;
  if (is_symbol("(") && !parse_arguments(given))
    return nullptr;
  node_list arguments;
  if (subject)
    arguments.push_back(std::move(subject));
  return bind(*row, what, std::move(given), arguments, start) ? make(call_node{row, std::move(arguments)}, start)
                                                              : nullptr;
}

/// Everything from `(` to `)`.
bool expression_parser::parse_arguments(std::vector<given_argument>& given) {
  if (!expect_symbol("("))
    return false;
  while (!is_symbol(")")) {
    given_argument each{"", nullptr, column()};
    if (is(token::type::name) && is_before("=")) {
      each.name = current().text;
      if (!advance() || !advance())
        return false;
    }
    if (!(each.item = parse_conditional()))
      return false;
    given.push_back(std::move(each));
    if (!is_symbol(")") && !expect_symbol(","))
      return false;
  }
  return advance();
}

bool expression_parser::bind(const function_row& row, std::string_view what, std::vector<given_argument> given,
                             node_list& arguments, size_t start) {
  if (auto misfit = bind_arguments(row, what, std::move(given), arguments, start)) {
    fail(std::move(*misfit));
    return false;
  }
  return true;
}

} // namespace lode::expression
