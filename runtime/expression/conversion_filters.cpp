#include <algorithm>
#include <cmath>

#include "runtime/expression/filters.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/expression/python_literal.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"

namespace lode::expression {

namespace {

/// A text as a number the way int() and float() read it: surrounding space is fine.
std::optional<value> read_number(const value& item) {
  if (item.is_numeric())
    return item;
  if (!item.is(kind::string))
    return std::nullopt;
  auto text = strip(item.string(), "", side::both);
  bool is_negative = text.starts_with('-');
  auto start = text.find_first_not_of("+-");
  // int("007") is 7 although 007 is no literal.
  auto zeros = std::min(text.find_first_not_of("0", start), text.size());
  if (start != text.npos && start <= 1 && zeros > start && zeros < text.size() && text[zeros] >= '0'
      && text[zeros] <= '9')
    text = (is_negative ? "-" : "") + text.substr(zeros);
  if (text.find_first_of("xXoObB") != text.npos)
    return std::nullopt;
  auto found = read_python_literal(text);
  return found && found->is_numeric() && !found->is(kind::boolean) ? found : std::nullopt;
}

value to_integer(evaluation& run, function_arguments given) {
  auto otherwise = given[1].is(kind::undefined) ? value{0} : given[1];
  if (given[0].is(kind::undefined))
    return run.fail_undefined(given[0], "its number");
  if (auto base = integer_or(run, given[2], 10); base != 10 && given[0].is(kind::string)) {
    auto found = base >= 2 && base <= 36 ? std::strtoll(given[0].string().c_str(), nullptr, static_cast<int>(base)) : 0;
    return static_cast<int64_t>(found);
  }
  auto number = read_number(given[0]);
  if (!number)
    return otherwise;
  if (number->is(kind::boolean))
    return int64_t{number->boolean()};
  if (number->is(kind::real) && std::abs(number->real()) < 9.2e18)
    return static_cast<int64_t>(number->real());
  return number->is(kind::real) ? otherwise : *number;
}

value to_float(evaluation& run, function_arguments given) {
  if (given[0].is(kind::undefined))
    return run.fail_undefined(given[0], "its number");
  auto number = read_number(given[0]);
  if (number)
    return number->as_double();
  return given[1].is(kind::undefined) ? value{0.0} : given[1];
}

// Text stays; the rest is JSON in triple quotes, so that the literal reader makes it text again.
value to_string(evaluation& run, function_arguments given) {
  if (given[0].is(kind::string))
    return given[0];
  auto json = to_json(given[0], {.compact = false, .ascii = true});
  return json ? value{"\"\"\"" + *json + "\"\"\""} : run.fail(json.error().message);
}

value to_list(evaluation& run, function_arguments given) {
  return elements(run, given[0]);
}

value tojson(evaluation& run, function_arguments given) {
  auto json = to_json(given[0], {.compact = false, .ascii = true, .sorted_keys = true});
  if (!json)
    return run.fail(json.error().message);
  std::string out;
  for (char c : *json) {
    constexpr std::string_view markup = "<>&'";
    constexpr std::string_view codes[] = {"\\u003c", "\\u003e", "\\u0026", "\\u0027"};
    auto at = markup.find(c);
    out += at == markup.npos ? std::string_view{&c, 1} : codes[at];
  }
  return out;
}

value default_to(evaluation&, function_arguments given) {
  bool is_missing = given[0].is(kind::undefined) || (is_true(given[2]) && !is_true(given[0]));
  if (!is_missing)
    return given[0];
  return given[1].is(kind::undefined) ? value{""} : given[1];
}

constexpr function_row rows[] = {
  {"string", "", 0, to_string},
  {"int", "default base", 0, to_integer},
  {"float", "default", 0, to_float},
  {"list", "", 0, to_list},
  {"tojson", "", 0, tojson},
  {"default", "default_value boolean", 0, default_to},
  {"d", "default_value boolean", 0, default_to},
};

} // namespace

std::span<const function_row> conversion_filters() {
  return rows;
}

} // namespace lode::expression
