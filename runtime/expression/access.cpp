#include <algorithm>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/functions.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

value missing(std::string_view what) {
  return undefined_value{std::string{what}};
}

value date_part(const civil_time& parts, std::string_view name, bool has_time) {
  if (name == "year")
    return parts.year;
  if (name == "month")
    return parts.month;
  if (name == "day")
    return parts.day;
  if (!has_time)
    return missing(name);
  if (name == "hour")
    return parts.hour;
  if (name == "minute")
    return parts.minute;
  if (name == "second")
    return parts.second;
  return name == "microsecond" ? value{parts.microsecond} : missing(name);
}

value span_part(const calendar_duration& span, std::string_view name) {
  constexpr int64_t day = 86'400'000'000;
  auto days = floor_divide(span.microseconds, day);
  auto rest = span.microseconds - days * day;
  if (name == "days")
    return days;
  if (name == "seconds")
    return rest / 1'000'000;
  if (name == "microseconds")
    return rest % 1'000'000;
  if (name == "months")
    return span.months % 12;
  return name == "years" ? value{span.months / 12} : missing(name);
}

} // namespace

value evaluation::fail(std::string message) {
  if (!why_)
    why_ = failure{std::move(message), 0};
  return {};
}

value evaluation::fail_undefined(const value& missing, std::string_view wanted) {
  if (!why_) {
    is_undefined_chain_ = true;
    auto what = missing.is(kind::undefined) && !missing.undefined().what.empty()
                  ? "'" + missing.undefined().what + "' has no value"
                  : "found " + std::string{kind_name(missing.kind())};
    why_ = failure{what + ", so " + std::string{wanted} + " can't be read", 0};
  }
  return {};
}

void evaluation::locate(uint32_t column) {
  if (why_ && why_->column == 0)
    why_->column = column;
}

value read_attribute(evaluation& run, const value& object, std::string_view name) {
  switch (object.kind()) {
    case kind::undefined:
      return run.fail_undefined(object, "'." + std::string{name} + "'");
    case kind::map: {
      auto* found = object.map().find(name);
      return found != nullptr ? *found : missing(name);
    }
    case kind::date_time:
      return date_part(to_civil(object.moment()), name, true);
    case kind::date:
      return date_part(to_civil(object.day()), name, false);
    case kind::duration:
      return span_part(object.span(), name);
    default:
      return missing(name);
  }
}

value read_index(evaluation& run, const value& object, const value& index) {
  if (object.is(kind::undefined))
    return run.fail_undefined(object, "[" + to_repr(index) + "]");
  if (index.is(kind::string))
    return read_attribute(run, object, index.string());
  if (!index.is(kind::integer) && !index.is(kind::boolean))
    return missing(to_text(index));
  auto at = index.is(kind::integer) ? index.integer() : int64_t{index.boolean()};
  auto place = [at](size_t size) { return static_cast<size_t>(at < 0 ? at + static_cast<int64_t>(size) : at); };
  if (object.is(kind::list)) {
    auto& items = object.list();
    return place(items.size()) < items.size() ? items[place(items.size())] : missing(to_text(index));
  }
  if (object.is(kind::string)) {
    auto points = to_code_points(object.string());
    auto found = place(points.size());
    return found < points.size() ? value{to_utf8({&points[found], 1})} : missing(to_text(index));
  }
  return missing(to_text(index));
}

value_list elements(evaluation& run, const value& item) {
  value_list out;
  switch (item.kind()) {
    case kind::undefined:
      return out;
    case kind::list:
      return item.list();
    case kind::map:
      for (auto& entry : item.map())
        out.emplace_back(entry.first);
      return out;
    case kind::string:
      for (auto point : to_code_points(item.string()))
        out.emplace_back(to_utf8({&point, 1}));
      return out;
    default:
      run.fail("expected a list, found " + std::string{kind_name(item.kind())});
      return out;
  }
}

int compare(evaluation& run, const value& left, const value& right) {
  auto order = [](const auto& a, const auto& b) { return a < b ? -1 : b < a ? 1 : 0; };
  if (left.is(kind::undefined) || right.is(kind::undefined)) {
    run.fail_undefined(left.is(kind::undefined) ? left : right, "its order");
    return 0;
  }
  if (left.is(kind::integer) && right.is(kind::integer))
    return order(left.integer(), right.integer());
  if (left.is_numeric() && right.is_numeric())
    return order(left.as_double(), right.as_double());
  if (left.is(kind::string) && right.is(kind::string))
    return order(left.string(), right.string());
  if (left.is(kind::date_time) && right.is(kind::date_time))
    return order(left.moment().microseconds, right.moment().microseconds);
  if (left.is(kind::date) && right.is(kind::date))
    return order(left.day().days, right.day().days);
  if (left.is(kind::duration) && right.is(kind::duration) && left.span().months == right.span().months)
    return order(left.span().microseconds, right.span().microseconds);
  if (left.is(kind::list) && right.is(kind::list)) {
    auto &a = left.list(), &b = right.list();
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      if (!equal(a[i], b[i]))
        return compare(run, a[i], b[i]);
    return order(a.size(), b.size());
  }
  run.fail(std::string{kind_name(left.kind())} + " and " + std::string{kind_name(right.kind())} + " have no order");
  return 0;
}

const function_row* find_row(std::span<const function_row> table, std::string_view name) {
  auto found = std::find_if(table.begin(), table.end(), [name](auto& row) { return row.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string row_names(std::span<const function_row> table) {
  std::string all;
  for (auto& row : table)
    all += (all.empty() ? "" : ", ") + std::string{row.name};
  return all;
}

} // namespace lode::expression
