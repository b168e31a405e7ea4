#include "runtime/expression/filters.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

value lower(evaluation&, function_arguments given) {
  return to_lower(to_text(given[0]));
}
value upper(evaluation&, function_arguments given) {
  return to_upper(to_text(given[0]));
}
value title(evaluation&, function_arguments given) {
  return capitalize(to_text(given[0]), true);
}
value capitalized(evaluation&, function_arguments given) {
  return capitalize(to_text(given[0]), false);
}
value trim(evaluation&, function_arguments given) {
  return strip(to_text(given[0]), text_or(given[1], ""), side::both);
}
value replace(evaluation& run, function_arguments given) {
  return replace_text(run, to_text(given[0]), to_text(given[1]), to_text(given[2]), integer_or(run, given[3], -1));
}

constexpr function_row rows[] = {
  {"lower", "", 0, lower},    {"upper", "", 0, upper},
  {"title", "", 0, title},    {"capitalize", "", 0, capitalized},
  {"trim", "chars", 0, trim}, {"replace", "old new count", 2, replace},
};

} // namespace

std::span<const function_row> text_filters() {
  return rows;
}

} // namespace lode::expression
