#include <cmath>

#include "runtime/expression/filters.hpp"
#include "runtime/expression/text_functions.hpp"

namespace lode::expression {

namespace {

value absolute(evaluation& run, function_arguments given) {
  if (given[0].is(kind::integer) && given[0].integer() != INT64_MIN)
    return std::abs(given[0].integer());
  return given[0].is_numeric() ? value{std::abs(given[0].as_double())} : run.fail("abs expects a number");
}

value round(evaluation& run, function_arguments given) {
  if (!given[0].is_numeric())
    return run.fail("round expects a number, found " + std::string{kind_name(given[0].kind())});
  auto scale = std::pow(10.0, static_cast<double>(integer_or(run, given[1], 0)));
  auto method = text_or(given[2], "common");
  auto scaled = given[0].as_double() * scale;
  return (method == "ceil"    ? std::ceil(scaled)
          : method == "floor" ? std::floor(scaled)
                              : std::nearbyint(scaled))
         / scale;
}

value extreme(evaluation& run, const value& all, int wanted) {
  auto items = elements(run, all);
  value best = items.empty() ? value{} : items[0];
  for (auto& each : items)
    if (compare(run, folded(each), folded(best)) * wanted > 0)
      best = each;
  return best;
}

value largest(evaluation& run, function_arguments given) {
  return extreme(run, given[0], 1);
}
value smallest(evaluation& run, function_arguments given) {
  return extreme(run, given[0], -1);
}

constexpr function_row rows[] = {
  {"abs", "", 0, absolute},
  {"round", "precision method", 0, round},
  {"max", "", 0, largest},
  {"min", "", 0, smallest},
};

} // namespace

std::span<const function_row> number_filters() {
  return rows;
}

} // namespace lode::expression
