#include <boost/json.hpp>

#include <algorithm>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/text.hpp"
#include "runtime/cli/terminal/top_parts.hpp"
#include "runtime/cli/terminal/why_text.hpp"

namespace lode {

namespace {

namespace json = boost::json;

tone tone_of(const std::string& severity) {
  return severity == "critical" ? tone::critical : severity == "warning" ? tone::warning : tone::plain;
}

std::string tenants_text(const json::object& problem) {
  auto count = number_in(problem, "tenants").value_or(0);
  return count <= 0 ? "" : count_text(count) + (count == 1 ? " tenant" : " tenants");
}

/// "critical  suspended   5 tenants  3h12m  Credentials refused by shop: orders: the API answered 401"
screen_line what_line(const json::object& problem, const std::string& as_of, size_t reason_width) {
  auto severity = text_in(problem, "severity");
  auto age = span_between(text_in(problem, "since"), as_of);
  auto detail = text_in(problem, "detail");
  return screen_line{padded(severity, 8), tone_of(severity)}.add(
    "  " + padded(text_in(problem, "reason"), reason_width) + "  " + padded_left(tenants_text(problem), 13) + "  " + padded_left(age ? span_text(*age) : "", 6) + "  "
    + text_in(problem, "title") + (detail.empty() ? "" : ": " + detail));
}

/// What helps, and whom it concerns: the first of them to look at with `lode why`.
screen_line help_line(const json::object& problem) {
  screen_line line{"          " + text_in(problem, "help")};
  const auto& examples = array_in(problem, "examples");
  if (!examples.empty())
    line.add("  (lode why " + quoted(text_in(examples[0].as_object(), "tenant")) + " " + quoted(text_in(examples[0].as_object(), "connection")) + ")", tone::faint);
  return line;
}

} // namespace

std::vector<screen_line> top_problems(const top_documents& documents, size_t limit) {
  const auto& problems = array_in(documents.overview, "problems");
  const auto shown = std::min(limit, problems.size());
  const auto total = number_in(documents.overview, "problems_total").value_or(static_cast<double>(problems.size()));
  screen_line heading{"PROBLEMS", tone::strong};
  heading.add(total == 0 ? "  none" : "  " + count_text(total));
  if (static_cast<double>(shown) < total)
    heading.add(", the " + std::to_string(shown) + " gravest");
  std::vector<screen_line> lines{heading};
  size_t reason_width = 11;
  for (size_t i = 0; i < shown; ++i)
    reason_width = std::max(reason_width, text_in(problems[i].as_object(), "reason").size());
  for (size_t i = 0; i < shown; ++i) {
    lines.push_back(what_line(problems[i].as_object(), text_in(documents.overview, "as_of"), reason_width));
    lines.push_back(help_line(problems[i].as_object()));
  }
  return lines;
}

} // namespace lode
