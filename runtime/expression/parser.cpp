#include "runtime/expression/parser.hpp"

#include <algorithm>
#include <array>

#include "runtime/expression/lexer.hpp"

namespace lode::expression {

namespace {

// Bounds what an untrusted template can cost.
constexpr size_t longest_template = 65'536;
// Each bracket counts about three times.
constexpr int deepest_nesting = 192;
constexpr uint32_t deepest_tree = 400;

std::string quoted(std::string_view text) {
  return "'" + std::string{text} + "'";
}

std::string describe(const token& found) {
  if (found.is == token::type::end)
    return "the end of the expression";
  return found.is == token::type::text ? "text " + quoted(found.text) : quoted(found.text);
}

uint32_t depth_of(const node_pointer& child) {
  return child ? child->depth : 0;
}

/// Names of a row's parameters; the last may be "...".
std::vector<std::string_view> split_names(std::string_view names) {
  std::vector<std::string_view> out;
  while (!names.empty()) {
    auto end = std::min(names.find(' '), names.size());
    out.push_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return out;
}

/// Parses one expression by recursive descent; every function returns null after a failure.
class expression_parser {
public:
  expression_parser(std::string_view source, size_t at, const scope& where) : lexer_(source, at), where_(where) {}

  node_pointer parse() {
    if (!advance())
      return nullptr;
    if (current_.is == token::type::end)
      return fail("expected an expression, found nothing between the braces");
    auto root = parse_conditional();
    if (root && current_.is != token::type::end)
      return fail("expected an operator or '}}', found " + describe(current_));
    return root;
  }

  const failure& error() const { return error_; }
  const lexer& cursor() const { return lexer_; }

private:
  /// Counts nesting while it lives, so that parsing can't exhaust the stack.
  struct level {
    explicit level(int& depth) : depth(depth) { ++depth; }
    ~level() { --depth; }
    level(const level&) = delete;
    int& depth;
  };

  struct argument {
    std::string name;
    node_pointer item;
    size_t column;
  };

  // -- tokens ------------------------------------------------------------------------------------

  bool advance() {
    auto next = lexer_.next();
    if (!next) {
      set_error(next.error());
      return false;
    }
    current_ = std::move(*next);
    return true;
  }
  bool is_symbol(std::string_view text) const { return current_.is == token::type::symbol && current_.text == text; }
  bool is_word(std::string_view text) const { return current_.is == token::type::name && current_.text == text; }
  bool accept_symbol(std::string_view text) { return is_symbol(text) && advance(); }
  bool accept_word(std::string_view text) { return is_word(text) && advance(); }
  bool expect_symbol(std::string_view text) {
    if (is_symbol(text))
      return advance();
    fail("expected " + quoted(text) + ", found " + describe(current_));
    return false;
  }

  void set_error(failure why) {
    if (error_.message.empty())
      error_ = std::move(why);
  }
  std::nullptr_t fail(std::string message, size_t column = 0, bool is_unsupported = false) {
    set_error({std::move(message), column != 0 ? column : current_.column, is_unsupported});
    return nullptr;
  }

  template <class Form>
  node_pointer make(Form form, size_t column, uint32_t below) {
    if (below >= deepest_tree)
      return fail("the expression is too deep (limit " + std::to_string(deepest_tree) + ")", column);
    return std::make_unique<const node>(node{std::move(form), static_cast<uint32_t>(column), below + 1});
  }

  static uint32_t depth_of_all(const node_list& items) {
    uint32_t depth = 0;
    for (auto& item : items)
      depth = std::max(depth, depth_of(item));
    return depth;
  }

  // -- grammar, loosest first ---------------------------------------------------------------------

  node_pointer parse_conditional() {
    level guard{nesting_};
    if (nesting_ > deepest_nesting)
      return fail("the expression is nested too deeply (limit " + std::to_string(deepest_nesting) + ")");
    auto column = current_.column;
    auto then = parse_or();
    while (then && is_word("if")) {
      if (!advance())
        return nullptr;
      auto condition = parse_or();
      node_pointer otherwise;
      if (condition && is_word("else"))
        if (!advance() || !(otherwise = parse_conditional()))
          return nullptr;
      if (!condition)
        return nullptr;
      auto depth = std::max({depth_of(then), depth_of(condition), depth_of(otherwise)});
      then = make(conditional_node{std::move(condition), std::move(then), std::move(otherwise)}, column, depth);
    }
    return has_error() ? nullptr : std::move(then);
  }

  template <class Operand>
  node_pointer parse_binary(std::initializer_list<std::pair<std::string_view, operation>> symbols, bool are_words,
                            Operand operand) {
    auto left = (this->*operand)();
    for (;;) {
      if (!left)
        return nullptr;
      auto found = std::find_if(symbols.begin(), symbols.end(), [&](auto& each) {
        return are_words ? is_word(each.first) : is_symbol(each.first);
      });
      if (found == symbols.end())
        return left;
      auto column = current_.column;
      if (!advance())
        return nullptr;
      auto right = (this->*operand)();
      if (!right)
        return nullptr;
      auto depth = std::max(depth_of(left), depth_of(right));
      left = make(binary_node{found->second, std::move(left), std::move(right)}, column, depth);
    }
  }

  node_pointer parse_or() { return parse_binary({{"or", operation::logical_or}}, true, &expression_parser::parse_and); }
  node_pointer parse_and() {
    return parse_binary({{"and", operation::logical_and}}, true, &expression_parser::parse_not);
  }

  node_pointer parse_not() {
    level guard{nesting_};
    if (nesting_ > deepest_nesting)
      return fail("the expression is nested too deeply (limit " + std::to_string(deepest_nesting) + ")");
    auto column = current_.column;
    if (!accept_word("not"))
      return has_error() ? nullptr : parse_comparison();
    auto operand = parse_not();
    if (!operand)
      return nullptr;
    auto depth = depth_of(operand);
    return make(unary_node{sign::logical_not, std::move(operand)}, column, depth);
  }

  /// The comparison that stands here, consumed; nothing when there is none.
  std::optional<operation> take_comparison() {
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
    fail("expected 'in' after 'not', found " + describe(current_));
    return std::nullopt;
  }

  node_pointer parse_comparison() {
    auto column = current_.column;
    auto first = parse_sum();
    if (!first)
      return nullptr;
    std::vector<std::pair<operation, node_pointer>> rest;
    auto depth = depth_of(first);
    while (auto which = take_comparison()) {
      auto right = parse_sum();
      if (!right)
        return nullptr;
      depth = std::max(depth, depth_of(right));
      rest.emplace_back(*which, std::move(right));
    }
    if (has_error())
      return nullptr;
    return rest.empty() ? std::move(first) : make(comparison_node{std::move(first), std::move(rest)}, column, depth);
  }

  node_pointer parse_sum() {
    return parse_binary({{"+", operation::add}, {"-", operation::subtract}}, false, &expression_parser::parse_concatenation);
  }
  node_pointer parse_concatenation() {
    return parse_binary({{"~", operation::concatenate}}, false, &expression_parser::parse_product);
  }
  node_pointer parse_product() {
    return parse_binary({{"*", operation::multiply},
                         {"/", operation::divide},
                         {"//", operation::floor_divide},
                         {"%", operation::modulo}},
                        false, &expression_parser::parse_power);
  }
  node_pointer parse_power() {
    return parse_binary({{"**", operation::power}}, false, &expression_parser::parse_filtered_unary);
  }
  node_pointer parse_filtered_unary() { return parse_unary(true); }

  // A sign binds weaker than `.` and `[]`, filters bind weaker than the sign.
  node_pointer parse_unary(bool with_filters) {
    level guard{nesting_};
    if (nesting_ > deepest_nesting)
      return fail("the expression is nested too deeply (limit " + std::to_string(deepest_nesting) + ")");
    auto column = current_.column;
    node_pointer found;
    if (is_symbol("-") || is_symbol("+")) {
      auto which = is_symbol("-") ? sign::minus : sign::plus;
      if (!advance() || !(found = parse_unary(false)))
        return nullptr;
      auto depth = depth_of(found);
      found = make(unary_node{which, std::move(found)}, column, depth);
    } else {
      found = parse_postfix(parse_primary());
    }
    return with_filters ? parse_filters(std::move(found)) : std::move(found);
  }

  node_pointer parse_primary() {
    auto column = current_.column;
    switch (current_.is) {
      case token::type::name:
        return parse_name();
      case token::type::text: {
        std::string all;
        while (current_.is == token::type::text) {
          all += current_.text;
          if (!advance())
            return nullptr;
        }
        return make(literal_node{std::move(all)}, column, 0);
      }
      case token::type::number: {
        auto number = current_.number;
        return advance() ? make(literal_node{std::move(number)}, column, 0) : nullptr;
      }
      case token::type::symbol:
        if (is_symbol("("))
          return parse_group();
        if (is_symbol("["))
          return parse_list();
        if (is_symbol("{"))
          return parse_map();
        [[fallthrough]];
      default:
        return fail("expected a value, found " + describe(current_));
    }
  }

  node_pointer parse_group() {
    auto column = current_.column;
    if (!advance())
      return nullptr;
    auto items = parse_items(")");
    if (!items)
      return nullptr;
    bool is_tuple = items->second || items->first.size() != 1;
    if (!is_tuple)
      return std::move(items->first.front());
    auto depth = depth_of_all(items->first);
    return make(list_node{std::move(items->first)}, column, depth);
  }

  node_pointer parse_list() {
    auto column = current_.column;
    if (!advance())
      return nullptr;
    auto items = parse_items("]");
    if (!items)
      return nullptr;
    auto depth = depth_of_all(items->first);
    return make(list_node{std::move(items->first)}, column, depth);
  }

  /// Items up to the closing bracket, and whether a comma came last.
  std::optional<std::pair<node_list, bool>> parse_items(std::string_view closing) {
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
        fail("expected ',' or " + quoted(closing) + ", found " + describe(current_));
        return std::nullopt;
      }
    }
    if (!advance())
      return std::nullopt;
    return std::pair{std::move(items), ends_with_comma};
  }

  node_pointer parse_map() {
    auto column = current_.column;
    std::vector<std::pair<node_pointer, node_pointer>> entries;
    uint32_t depth = 0;
    if (!advance())
      return nullptr;
    while (!is_symbol("}")) {
      auto key = parse_conditional();
      if (!key || !expect_symbol(":"))
        return nullptr;
      auto item = parse_conditional();
      if (!item)
        return nullptr;
      depth = std::max({depth, depth_of(key), depth_of(item)});
      entries.emplace_back(std::move(key), std::move(item));
      if (!is_symbol("}") && !expect_symbol(","))
        return nullptr;
    }
    return advance() ? make(map_node{std::move(entries)}, column, depth) : nullptr;
  }

  node_pointer parse_name() {
    auto name = current_.text;
    auto column = current_.column;
    if (!advance())
      return nullptr;
    if (name == "true" || name == "True")
      return make(literal_node{true}, column, 0);
    if (name == "false" || name == "False")
      return make(literal_node{false}, column, 0);
    if (name == "none" || name == "None")
      return make(literal_node{none_value{}}, column, 0);
    if (is_symbol("("))
      return parse_call(macro_table(), "function", name, column, {});
    if (name != "parameters" && !where_.names.empty()
        && std::find(where_.names.begin(), where_.names.end(), name) == where_.names.end())
      return fail("unknown name " + quoted(name) + "; known here: " + known_names(), column);
    return make(name_node{std::move(name)}, column, 0);
  }

  std::string known_names() const {
    std::string all;
    for (auto name : where_.names)
      all += std::string{name} + ", ";
    return all + "parameters";
  }

  node_pointer parse_postfix(node_pointer object) {
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
    return has_error() ? nullptr : std::move(object);
  }

  node_pointer parse_attribute(node_pointer object) {
    if (!advance())
      return nullptr;
    auto column = current_.column;
    auto depth = depth_of(object);
    if (current_.is == token::type::number) {
      auto index = make(literal_node{current_.number}, column, 0);
      return advance() ? make(index_node{std::move(object), std::move(index)}, column, depth) : nullptr;
    }
    if (current_.is != token::type::name)
      return fail("expected a name after '.', found " + describe(current_));
    auto name = current_.text;
    if (!advance())
      return nullptr;
    if (!is_symbol("("))
      return make(attribute_node{std::move(object), std::move(name)}, column, depth);
    node_list subject;
    subject.push_back(std::move(object));
    return parse_call(method_table(), "method", name, column, std::move(subject));
  }

  node_pointer parse_subscript(node_pointer object) {
    auto column = current_.column;
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
        return fail("expected ']', found " + describe(current_));
      }
    }
    if (!advance())
      return nullptr;
    auto depth = std::max({depth_of(object), depth_of(parts[0]), depth_of(parts[1]), depth_of(parts[2])});
    if (colons > 0)
      return make(slice_node{std::move(object), std::move(parts[0]), std::move(parts[1]), std::move(parts[2])}, column,
                  depth);
    if (!parts[0])
      return fail("expected an index between '[' and ']'", column);
    return make(index_node{std::move(object), std::move(parts[0])}, column, depth);
  }

  node_pointer parse_filters(node_pointer subject) {
    while (subject && (is_symbol("|") || is_word("is"))) {
      bool is_filter = is_symbol("|");
      if (!advance())
        return nullptr;
      subject = is_filter ? parse_filter(std::move(subject)) : parse_test(std::move(subject));
    }
    return has_error() ? nullptr : std::move(subject);
  }

  node_pointer parse_filter(node_pointer subject) {
    auto column = current_.column;
    auto name = current_.text;
    if (current_.is != token::type::name)
      return fail("expected the name of a filter after '|', found " + describe(current_));
    if (!advance())
      return nullptr;
    node_list items;
    items.push_back(std::move(subject));
    return parse_call(filter_table(), "filter", name, column, std::move(items));
  }

  node_pointer parse_test(node_pointer subject) {
    bool is_negated = accept_word("not");
    auto column = current_.column;
    auto name = current_.text;
    if (has_error() || current_.is != token::type::name)
      return fail("expected the name of a test after 'is', found " + describe(current_));
    if (!advance())
      return nullptr;
    auto* row = find_row(test_table(), name);
    if (row == nullptr)
      return fail("unknown test " + quoted(name) + "; known: " + row_names(test_table()), column, true);
    std::vector<argument> given;
    if (is_symbol("(")) {
      if (!parse_arguments(given))
        return nullptr;
    } else if (!row->parameters.empty()) {
      auto item = parse_postfix(parse_primary());
      if (!item)
        return nullptr;
      given.push_back({"", std::move(item), column});
    }
    node_list items;
    items.push_back(std::move(subject));
    if (!bind(*row, "test", std::move(given), items, column))
      return nullptr;
    auto depth = depth_of_all(items);
    return make(test_node{row, std::move(items), is_negated}, column, depth);
  }

  // -- calls ---------------------------------------------------------------------------------------

  node_pointer parse_call(std::span<const function_row> table, std::string_view what, const std::string& name,
                          size_t column, node_list subject) {
    auto* row = find_row(table, name);
    if (row == nullptr)
      return fail("unknown " + std::string{what} + " " + quoted(name) + "; known: " + row_names(table), column, true);
    std::vector<argument> given;
    if (is_symbol("(") && !parse_arguments(given))
      return nullptr;
    if (has_error() || !bind(*row, what, std::move(given), subject, column))
      return nullptr;
    auto depth = depth_of_all(subject);
    return make(call_node{row, std::move(subject)}, column, depth);
  }

  bool parse_arguments(std::vector<argument>& given) {
    if (!expect_symbol("("))
      return false;
    while (!is_symbol(")")) {
      argument each{"", nullptr, current_.column};
      if (is_argument_name()) {
        each.name = current_.text;
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

  bool is_argument_name() const {
    if (current_.is != token::type::name)
      return false;
    auto ahead = lexer_;
    auto next = ahead.next();
    return next && next->is == token::type::symbol && next->text == "=";
  }

  /// Puts arguments in the row's order behind what `items` holds already.
  bool bind(const function_row& row, std::string_view what, std::vector<argument> given, node_list& items,
            size_t column) {
    auto names = split_names(row.parameters);
    bool is_variadic = !names.empty() && names.back() == "...";
    if (is_variadic)
      names.pop_back();
    auto start = items.size();
    items.resize(start + names.size());
    size_t next = 0;
    for (auto& each : given) {
      auto place = next;
      if (!each.name.empty())
        place = static_cast<size_t>(std::find(names.begin(), names.end(), each.name) - names.begin());
      else
        ++next;
      bool is_extra = place >= names.size();
      if (is_extra && (!is_variadic || !each.name.empty())) {
        auto found = each.name.empty() ? "too many arguments" : "no argument " + quoted(each.name);
        fail(std::string{what} + " " + quoted(row.name) + " takes " + found + "; it has (" + std::string{row.parameters} + ")",
             each.column);
        return false;
      }
      if (is_extra)
        items.push_back(std::move(each.item));
      else
        items[start + place] = std::move(each.item);
    }
    for (size_t i = 0; i < row.required; ++i) {
      if (!items[start + i]) {
        fail(std::string{what} + " " + quoted(row.name) + " needs the argument " + quoted(names[i]), column);
        return false;
      }
    }
    return true;
  }

  bool has_error() const { return !error_.message.empty(); }

  lexer lexer_;
  const scope& where_;
  token current_;
  failure error_;
  int nesting_ = 0;
};

/// Jinja drops one line break at the end of a template and knows only "\n".
std::string normalized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r') {
      out += '\n';
      at += at + 1 < text.size() && text[at + 1] == '\n' ? 1 : 0;
    } else {
      out += text[at];
    }
  }
  if (out.ends_with('\n'))
    out.pop_back();
  return out;
}

void trim_end(std::string& text) {
  while (!text.empty() && std::string_view{" \t\n\r\f\v"}.find(text.back()) != std::string_view::npos)
    text.pop_back();
}

size_t skip_space(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(" \t\n\r\f\v", at), text.size());
}

} // namespace

result<std::shared_ptr<const template_node>> parse_template(std::string_view text, const scope& where) {
  if (text.size() > longest_template)
    return failure{"the template has " + std::to_string(text.size()) + " bytes, at most "
                     + std::to_string(longest_template) + " are allowed",
                   1};
  auto root = std::make_shared<template_node>();
  root->source = text;
  root->parameters = where.parameters;
  auto source = normalized(text);
  std::string plain;
  for (size_t at = 0; at < source.size();) {
    auto open = std::min({source.find("{{", at), source.find("{%", at), source.find("{#", at)});
    plain += source.substr(at, std::min(open, source.size()) - at);
    if (open == source.npos)
      break;
    bool trims_before = open + 2 < source.size() && source[open + 2] == '-';
    if (trims_before)
      trim_end(plain);
    if (source[open + 1] == '%')
      return failure{"statements ({% ... %}) are not supported, only {{ expressions }}", open + 1, true};
    if (source[open + 1] == '#') {
      auto close = source.find("#}", open + 2);
      if (close == source.npos)
        return failure{"the comment is not closed: expected '#}'", open + 1};
      at = source[close - 1] == '-' ? skip_space(source, close + 2) : close + 2;
      continue;
    }
    expression_parser parser{source, open + (trims_before ? 3 : 2), where};
    auto parsed = parser.parse();
    if (!parsed)
      return parser.error();
    if (!plain.empty())
      root->parts.emplace_back(std::move(plain));
    plain.clear();
    root->parts.emplace_back(std::move(parsed));
    at = parser.cursor().position();
    if (parser.cursor().trims_after())
      at = skip_space(source, at);
  }
  if (!plain.empty())
    root->parts.emplace_back(std::move(plain));
  return std::shared_ptr<const template_node>{std::move(root)};
}

} // namespace lode::expression
