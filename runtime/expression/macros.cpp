#include <cmath>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/functions.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"

namespace lode::expression {

namespace {

value now_utc(evaluation& run, function_arguments) {
  auto now = run.names().now();
  return date_time{now.microseconds, 0, true};
}

value today_utc(evaluation& run, function_arguments) {
  return day_of({run.names().now().microseconds, 0, true});
}

value to_utc(evaluation& run, const value& item) {
  if (item.is(kind::undefined))
    return run.fail_undefined(item, "its date");
  if (item.is(kind::date_time))
    return item;
  if (item.is(kind::date))
    return midnight(item.day());
  auto moment = parse_iso_date_time(to_text(item));
  if (!moment)
    return run.fail(moment.error().message);
  return date_time{moment->microseconds, 0, true};
}

value str_to_datetime(evaluation& run, function_arguments given) {
  return to_utc(run, given[0]);
}

value timestamp(evaluation& run, function_arguments given) {
  auto& item = given[0];
  if (item.is(kind::integer) || item.is(kind::boolean))
    return item.is(kind::integer) ? item : value{int64_t{item.boolean()}};
  if (item.is(kind::real) && std::abs(item.real()) < 9e18)
    return static_cast<int64_t>(item.real());
  auto moment = to_utc(run, item);
  return run.failed() ? value{} : value{static_cast<double>(moment.moment().microseconds) / 1e6};
}

value day_delta(evaluation& run, function_arguments given) {
  if (!given[0].is(kind::integer) || std::abs(given[0].integer()) > 3'652'059)
    return run.fail("day_delta expects a number of days, found " + to_repr(given[0]).substr(0, 40));
  auto format = given[1].is(kind::undefined) ? "%Y-%m-%dT%H:%M:%S.%f%z" : to_text(given[1]);
  auto now = date_time{run.names().now().microseconds, 0, true};
  return format_date_time(add(now, {0, given[0].integer() * 86'400'000'000}), format);
}

value duration(evaluation& run, function_arguments given) {
  auto span = parse_iso_duration(to_text(given[0]));
  return span ? value{*span} : run.fail(span.error().message);
}

value format_datetime(evaluation& run, function_arguments given) {
  auto format = to_text(given[1]);
  auto& item = given[0];
  bool has_input_format = is_true(given[2]);
  if (item.is(kind::undefined))
    return run.fail_undefined(item, "its date");
  if (item.is(kind::integer) || (has_input_format && !item.is(kind::date_time) && !item.is(kind::date))) {
    auto moment = parse_date_value(item, has_input_format ? to_text(given[2]) : "%s");
    if (!moment)
      return run.fail(moment.error().message);
    moment->aware = true;
    return format_date_time(*moment, format);
  }
  auto moment = to_utc(run, item);
  return run.failed() ? value{} : value{format_date_time(moment.moment(), format)};
}

value extreme(evaluation& run, function_arguments given, int wanted) {
  auto items = given.size() == 1 ? elements(run, given[0]) : value_list(given.begin(), given.end());
  if (items.empty())
    return run.fail(given.size() == 1 ? "max and min expect a list with items or several arguments"
                                      : "max and min expect at least one argument");
  auto* best = &items[0];
  for (auto& each : items)
    if (compare(run, each, *best) * wanted > 0)
      best = &each;
  return *best;
}

value largest(evaluation& run, function_arguments given) {
  return extreme(run, given, 1);
}

value smallest(evaluation& run, function_arguments given) {
  return extreme(run, given, -1);
}

value sanitize_url(evaluation&, function_arguments given) {
  return url_encode(to_text(given[0]), "", true);
}

value camel_case_to_snake_case(evaluation&, function_arguments given) {
  std::string out;
  for (char c : to_text(given[0])) {
    bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !out.empty())
      out += '_';
    out += is_upper ? static_cast<char>(c | 0x20) : c;
  }
  return out;
}

constexpr function_row rows[] = {
  {"now_utc", "", 0, now_utc},
  {"today_utc", "", 0, today_utc},
  {"timestamp", "dt", 1, timestamp},
  {"str_to_datetime", "s", 1, str_to_datetime},
  {"format_datetime", "dt format input_format", 2, format_datetime},
  {"day_delta", "num_days format", 1, day_delta},
  {"duration", "datestring", 1, duration},
  {"max", "...", 0, largest},
  {"min", "...", 0, smallest},
  {"sanitize_url", "value", 1, sanitize_url},
  {"camel_case_to_snake_case", "value", 1, camel_case_to_snake_case},
};

} // namespace

std::span<const function_row> macro_table() {
  return rows;
}

} // namespace lode::expression
