#include "runtime/expression/arithmetic.hpp"

#include <cmath>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {

namespace {

constexpr size_t longest_text = 1 << 20;

std::string_view symbol(operation which) {
  constexpr std::string_view symbols[] = {"+", "-", "*", "/", "//", "%", "**", "~"};
  return symbols[static_cast<size_t>(which)];
}

value mismatch(evaluation& run, operation which, const value& left, const value& right) {
  return run.fail("'" + std::string{symbol(which)} + "' has no meaning between " + std::string{kind_name(left.kind())}
                  + " and " + std::string{kind_name(right.kind())});
}

bool is_whole(const value& item) {
  return item.is(kind::integer) || item.is(kind::boolean);
}

int64_t whole(const value& item) {
  return item.is(kind::integer) ? item.integer() : int64_t{item.boolean()};
}

value whole_power(evaluation& run, int64_t base, int64_t exponent) {
  int64_t out = 1;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(out, base, &out))
      return run.fail("the result of '**' is beyond 64 bits");
    if (base == 0 || base == 1)
      break;
    if (base == -1)
      exponent = exponent % 2 + (exponent > 2 ? 2 : 0);
  }
  return out;
}

value calculate_whole(evaluation& run, operation which, int64_t left, int64_t right) {
  int64_t out = 0;
  bool overflow = false;
  switch (which) {
    case operation::add:
      overflow = __builtin_add_overflow(left, right, &out);
      break;
    case operation::subtract:
      overflow = __builtin_sub_overflow(left, right, &out);
      break;
    case operation::multiply:
      overflow = __builtin_mul_overflow(left, right, &out);
      break;
    case operation::power:
      return right < 0 ? value{std::pow(static_cast<double>(left), static_cast<double>(right))} : whole_power(run, left, right);
    default:
      if (right == 0)
        return run.fail("division by zero");
      if (which == operation::divide)
        return static_cast<double>(left) / static_cast<double>(right);
      overflow = left == INT64_MIN && right == -1;
      if (!overflow)
        out = which == operation::floor_divide ? floor_divide(left, right) : left - floor_divide(left, right) * right;
  }
  return overflow ? run.fail("the result of '" + std::string{symbol(which)} + "' is beyond 64 bits") : value{out};
}

value calculate_real(evaluation& run, operation which, double left, double right) {
  switch (which) {
    case operation::add:
      return left + right;
    case operation::subtract:
      return left - right;
    case operation::multiply:
      return left * right;
    case operation::power:
      return std::pow(left, right);
    default:
      if (right == 0)
        return run.fail("division by zero");
      if (which == operation::divide)
        return left / right;
      auto down = std::floor(left / right);
      return which == operation::floor_divide ? down : left - down * right;
  }
}

value calculate_time(evaluation& run, operation which, const value& left, const value& right) {
  bool is_sum = which == operation::add;
  if (left.is(kind::duration) && !right.is(kind::duration) && is_sum)
    return calculate_time(run, which, right, left);
  if (right.is(kind::duration)) {
    auto span = right.span();
    if (left.is(kind::date_time))
      return is_sum ? add(left.moment(), span) : subtract(left.moment(), span);
    if (left.is(kind::date))
      return day_of(is_sum ? add(midnight(left.day()), span) : subtract(midnight(left.day()), span));
    if (left.is(kind::duration)) {
      int64_t by = is_sum ? 1 : -1;
      return calendar_duration{left.span().months + by * span.months, left.span().microseconds + by * span.microseconds};
    }
  }
  if (!is_sum && left.is(kind::date_time) && right.is(kind::date_time))
    return calendar_duration{0, left.moment().microseconds - right.moment().microseconds};
  if (!is_sum && left.is(kind::date) && right.is(kind::date))
    return calendar_duration{0, (left.day().days - right.day().days) * 86'400'000'000};
  return mismatch(run, which, left, right);
}

bool is_time(const value& item) {
  return item.is(kind::date_time) || item.is(kind::date) || item.is(kind::duration);
}

value repeat(evaluation& run, const std::string& text, int64_t times) {
  if (times > 0 && text.size() * static_cast<uint64_t>(times) > longest_text)
    return run.fail("the repeated text would be longer than 1 MiB");
  std::string out;
  for (; times > 0; --times)
    out += text;
  return out;
}

} // namespace

value calculate(evaluation& run, operation which, const value& left, const value& right) {
  if (which == operation::concatenate)
    return to_text(left) + to_text(right);
  if (left.is(kind::undefined) || right.is(kind::undefined))
    return run.fail_undefined(left.is(kind::undefined) ? left : right, "its value");
  if (left.is_numeric() && right.is_numeric()) {
    bool are_whole = is_whole(left) && is_whole(right);
    return are_whole ? calculate_whole(run, which, whole(left), whole(right))
                     : calculate_real(run, which, left.as_double(), right.as_double());
  }
  if (which == operation::add && left.is(kind::string) && right.is(kind::string))
    return left.string() + right.string();
  if (which == operation::add && left.is(kind::list) && right.is(kind::list)) {
    auto all = left.list();
    all.insert(all.end(), right.list().begin(), right.list().end());
    return all;
  }
  if (which == operation::multiply && left.is(kind::string) && is_whole(right))
    return repeat(run, left.string(), whole(right));
  bool is_shift = which == operation::add || which == operation::subtract;
  return is_shift && (is_time(left) || is_time(right)) ? calculate_time(run, which, left, right)
                                                       : mismatch(run, which, left, right);
}

} // namespace lode::expression
