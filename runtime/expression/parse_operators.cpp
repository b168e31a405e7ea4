#include <algorithm>
#include <array>

#include "runtime/expression/expression_parser.hpp"

namespace lode::expression {

namespace {

// Each bracket counts about three times.
constexpr int deepest_nesting = 192;
constexpr uint32_t deepest_tree = 400;

} // namespace

/// Counts nesting while it lives, so that parsing can't exhaust the stack. False: too deep, and the parsing has failed.
class expression_parser::level {
public:
  explicit level(expression_parser& parser) : parser_(parser) {
    if (++parser_.nesting_ > deepest_nesting)
      parser_.fail("the expression is nested too deeply (limit " + std::to_string(deepest_nesting) + ")");
  }
  ~level() { --parser_.nesting_; }
  level(const level&) = delete;
  level& operator=(const level&) = delete;

  explicit operator bool() const { return parser_.nesting_ <= deepest_nesting; }

private:
  expression_parser& parser_;
};

node_pointer expression_parser::make(node_form form, size_t column) {
  auto below = depth_below(form);
  if (below >= deepest_tree)
    return fail("the expression is too deep (limit " + std::to_string(deepest_tree) + ")", column);
  return std::make_unique<const node>(node{std::move(form), static_cast<uint32_t>(column), below + 1});
}

node_pointer expression_parser::parse() {
  if (!advance())
    return nullptr;
  if (is(token::type::end))
    return fail("expected an expression, found nothing between the braces");
  auto root = parse_conditional();
  if (root && !is(token::type::end))
    return fail("expected an operator or '}}', found " + describe(current()));
  return root;
}

node_pointer expression_parser::parse_conditional() {
  level here{*this};
  if (!here)
    return nullptr;
  auto start = column();
  auto then = parse_or();
  while (then && is_word("if")) {
    if (!advance())
      return nullptr;
    auto condition = parse_or();
    if (!condition)
      return nullptr;
    node_pointer otherwise;
    if (is_word("else"))
      if (!advance() || !(otherwise = parse_conditional()))
        return nullptr;
    then = make(conditional_node{std::move(condition), std::move(then), std::move(otherwise)}, start);
  }
  return has_failed() ? nullptr : std::move(then);
}

node_pointer expression_parser::parse_binary(binary_operators operators, rule operand) {
  auto left = (this->*operand)();
  while (left) {
    auto found = std::find_if(operators.begin(), operators.end(),
                              [this](const auto& each) { return is_symbol(each.first) || is_word(each.first); });
    if (found == operators.end())
      return left;
    auto place = column();
    if (!advance())
      return nullptr;
    auto right = (this->*operand)();
    if (!right)
      return nullptr;
    left = make(binary_node{found->second, std::move(left), std::move(right)}, place);
  }
  return nullptr;
}

node_pointer expression_parser::parse_or() {
  return parse_binary({{"or", operation::logical_or}}, &expression_parser::parse_and);
}

node_pointer expression_parser::parse_and() {
  return parse_binary({{"and", operation::logical_and}}, &expression_parser::parse_not);
}

node_pointer expression_parser::parse_not() {
  level here{*this};
  if (!here)
    return nullptr;
  if (!is_word("not"))
    return parse_comparison();
  auto start = column();
  auto operand = advance() ? parse_not() : nullptr;
  return operand ? make(unary_node{sign::logical_not, std::move(operand)}, start) : nullptr;
}

node_pointer expression_parser::parse_comparison() {
  auto start = column();
  auto first = parse_sum();
  if (!first)
    return nullptr;
  std::vector<std::pair<operation, node_pointer>> rest;
  while (auto which = take_comparison()) {
    auto right = parse_sum();
    if (!right)
      return nullptr;
    rest.emplace_back(*which, std::move(right));
  }
  if (has_failed())
    return nullptr;
  return rest.empty() ? std::move(first) : make(comparison_node{std::move(first), std::move(rest)}, start);
}

/// The comparison that stands here, consumed; nothing when there is none.
std::optional<operation> expression_parser::take_comparison() {
  constexpr std::array<std::pair<std::string_view, operation>, 6> symbols{{{"==", operation::equal},
                                                                           {"!=", operation::not_equal},
                                                                           {"<=", operation::less_or_equal},
                                                                           {">=", operation::greater_or_equal},
                                                                           {"<", operation::less},
                                                                           {">", operation::greater}}};
  for (auto [symbol, which] : symbols)
    if (is_symbol(symbol))
      return advance() ? std::optional{which} : std::nullopt;
  if (is_word("in"))
    return advance() ? std::optional{operation::in} : std::nullopt;
  if (!is_word("not") || !advance())
    return std::nullopt;
  if (is_word("in"))
    return advance() ? std::optional{operation::not_in} : std::nullopt;
  fail("expected 'in' after 'not', found " + describe(current()));
  return std::nullopt;
}

node_pointer expression_parser::parse_sum() {
  return parse_binary({{"+", operation::add}, {"-", operation::subtract}}, &expression_parser::parse_concatenation);
}

node_pointer expression_parser::parse_concatenation() {
  return parse_binary({{"~", operation::concatenate}}, &expression_parser::parse_product);
}

node_pointer expression_parser::parse_product() {
  return parse_binary(
    {{"*", operation::multiply}, {"/", operation::divide}, {"//", operation::floor_divide}, {"%", operation::modulo}},
    &expression_parser::parse_power);
}

node_pointer expression_parser::parse_power() {
  return parse_binary({{"**", operation::power}}, &expression_parser::parse_filtered);
}

// A sign binds weaker than `.` and `[]`, filters bind weaker than the sign.
node_pointer expression_parser::parse_filtered() {
  level here{*this};
  return here ? parse_filters(parse_signed()) : nullptr;
}

node_pointer expression_parser::parse_signed() {
  if (!is_symbol("-") && !is_symbol("+"))
    return parse_operand();
  auto start = column();
  auto which = is_symbol("-") ? sign::minus : sign::plus;
  if (!advance())
    return nullptr;
  level here{*this};
  auto operand = here ? parse_signed() : nullptr;
  return operand ? make(unary_node{which, std::move(operand)}, start) : nullptr;
}

} // namespace lode::expression
