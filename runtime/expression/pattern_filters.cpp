#include <re2/re2.h>

#include "runtime/expression/filters.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {

namespace {

value regex_search(evaluation& run, function_arguments given) {
  re2::RE2 pattern{to_text(given[1]), re2::RE2::Quiet};
  if (!pattern.ok())
    return run.fail("the pattern of regex_search can't be used: " + pattern.error());
  std::string group;
  bool has_group = pattern.NumberOfCapturingGroups() > 0;
  return has_group && re2::RE2::PartialMatch(to_text(given[0]), pattern, &group) ? group : std::string{};
}

value regex_replace(evaluation& run, function_arguments given) {
  re2::RE2 pattern{to_text(given[1]), re2::RE2::Quiet};
  auto with = to_text(given[2]);
  std::string why;
  if (!pattern.ok() || !pattern.CheckRewriteString(with, &why))
    return run.fail("regex_replace can't be used: " + (pattern.ok() ? why : pattern.error()));
  auto text = to_text(given[0]);
  re2::RE2::GlobalReplace(&text, pattern, with);
  return text;
}

constexpr function_row rows[] = {
  {"regex_search", "regex", 1, regex_search},
  {"regex_replace", "regex replacement", 2, regex_replace},
};

} // namespace

std::span<const function_row> pattern_filters() {
  return rows;
}

} // namespace lode::expression
