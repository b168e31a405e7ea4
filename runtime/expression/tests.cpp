#include <cmath>

#include "runtime/expression/functions.hpp"

namespace lode::expression {

namespace {

template <kind... Wanted>
value is_kind(evaluation&, function_arguments given) {
  return (given[0].is(Wanted) || ...);
}

template <bool Wanted>
value is_boolean(evaluation&, function_arguments given) {
  return given[0].is(kind::boolean) && given[0].boolean() == Wanted;
}

value is_defined(evaluation&, function_arguments given) {
  return !given[0].is(kind::undefined);
}

value equals(evaluation&, function_arguments given) {
  return equal(given[0], given[1]);
}

value is_in(evaluation& run, function_arguments given) {
  if (given[1].is(kind::string))
    return given[0].is(kind::string) && given[1].string().find(given[0].string()) != std::string::npos;
  for (auto& each : elements(run, given[1]))
    if (equal(each, given[0]))
      return true;
  return false;
}

template <int Sign, bool OrEqual>
value ordered(evaluation& run, function_arguments given) {
  auto order = compare(run, given[0], given[1]);
  return order * Sign > 0 || (OrEqual && order == 0);
}

value divides(evaluation& run, function_arguments given) {
  if (!given[0].is(kind::integer) || !given[1].is(kind::integer) || given[1].integer() == 0)
    return run.fail("divisibleby expects integers");
  return given[1].integer() == -1 || given[0].integer() % given[1].integer() == 0;
}

constexpr function_row rows[] = {
  {"none", "", 0, is_kind<kind::none>},
  {"defined", "", 0, is_defined},
  {"undefined", "", 0, is_kind<kind::undefined>},
  {"true", "", 0, is_boolean<true>},
  {"false", "", 0, is_boolean<false>},
  {"boolean", "", 0, is_kind<kind::boolean>},
  {"integer", "", 0, is_kind<kind::integer>},
  {"float", "", 0, is_kind<kind::real>},
  {"number", "", 0, is_kind<kind::boolean, kind::integer, kind::real, kind::number>},
  {"string", "", 0, is_kind<kind::string>},
  {"mapping", "", 0, is_kind<kind::map>},
  {"sequence", "", 0, is_kind<kind::string, kind::list, kind::map>},
  {"iterable", "", 0, is_kind<kind::undefined, kind::string, kind::list, kind::map>},
  {"in", "seq", 1, is_in},
  {"eq", "other", 1, equals},
  {"equalto", "other", 1, equals},
  {"gt", "other", 1, ordered<1, false>},
  {"ge", "other", 1, ordered<1, true>},
  {"lt", "other", 1, ordered<-1, false>},
  {"le", "other", 1, ordered<-1, true>},
  {"divisibleby", "num", 1, divides},
};

} // namespace

std::span<const function_row> test_table() {
  return rows;
}

} // namespace lode::expression
