#include <algorithm>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/functions.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

/// Python looks methods up at run time; Jinja makes a missing one undefined, so the template's
/// default applies.
template <kind Subject, value (*Method)(evaluation&, function_arguments)>
value on(evaluation& run, function_arguments given) {
  if (!given[0].is(Subject))
    return run.fail_undefined(given[0], "a method of " + std::string{kind_name(Subject)});
  return Method(run, given);
}

std::string_view text_argument(evaluation& run, const value& given) {
  if (given.is(kind::string))
    return given.string();
  if (!given.is(kind::undefined) && !given.is(kind::none))
    run.fail("expected text, found " + std::string{kind_name(given.kind())});
  return {};
}

// -- text ------------------------------------------------------------------------------------------

value lower(evaluation&, function_arguments given) {
  return to_lower(given[0].string());
}
value upper(evaluation&, function_arguments given) {
  return to_upper(given[0].string());
}
value title(evaluation&, function_arguments given) {
  return capitalize(given[0].string(), true);
}
value capitalized(evaluation&, function_arguments given) {
  return capitalize(given[0].string(), false);
}
template <side Which>
value stripped(evaluation& run, function_arguments given) {
  return strip(given[0].string(), text_argument(run, given[1]), Which);
}
value starts_with(evaluation& run, function_arguments given) {
  return given[0].string().starts_with(text_argument(run, given[1]));
}
value ends_with(evaluation& run, function_arguments given) {
  return given[0].string().ends_with(text_argument(run, given[1]));
}

value split_words(std::string_view text, int64_t most) {
  constexpr std::string_view space = " \t\n\r\f\v";
  value_list words;
  for (auto at = text.find_first_not_of(space); at != text.npos; at = text.find_first_not_of(space, at)) {
    auto end = std::min(text.find_first_of(space, at), text.size());
    if (most-- == 0)
      end = text.find_last_not_of(space) + 1;
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

value split(evaluation& run, function_arguments given) {
  std::string_view text = given[0].string();
  auto most = integer_or(run, given[2], -1);
  auto separator = text_argument(run, given[1]);
  if (given[1].is(kind::undefined) || given[1].is(kind::none))
    return split_words(text, most);
  if (separator.empty())
    return run.fail("split expects a separator, found an empty text");
  value_list parts;
  for (;;) {
    auto end = most-- == 0 ? text.npos : text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos)
      return parts;
    text.remove_prefix(end + separator.size());
  }
}

value join(evaluation& run, function_arguments given) {
  std::string out;
  bool is_first = true;
  for (auto& each : elements(run, given[1])) {
    if (!each.is(kind::string))
      return run.fail("join expects texts, found " + std::string{kind_name(each.kind())});
    out += (is_first ? "" : given[0].string()) + each.string();
    is_first = false;
  }
  return out;
}

value replace(evaluation& run, function_arguments given) {
  return replace_text(run, given[0].string(), text_argument(run, given[1]), text_argument(run, given[2]),
                      integer_or(run, given[3], -1));
}

value find(evaluation& run, function_arguments given) {
  auto at = given[0].string().find(text_argument(run, given[1]));
  return at == std::string::npos ? int64_t{-1}
                                 : static_cast<int64_t>(length(std::string_view{given[0].string()}.substr(0, at)));
}

value zfill(evaluation& run, function_arguments given) {
  auto text = given[0].string();
  auto width = static_cast<size_t>(std::clamp<int64_t>(integer_or(run, given[1], 0), 0, 1000));
  auto sign = text.starts_with('-') || text.starts_with('+') ? 1u : 0u;
  if (length(text) < width)
    text.insert(sign, width - length(text), '0');
  return text;
}

value is_digits(evaluation&, function_arguments given) {
  auto& text = given[0].string();
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// `{}` and `{0}` only; format specifications are another language.
value format(evaluation& run, function_arguments given) {
  std::string_view rest = given[0].string();
  std::string out;
  size_t next = 1;
  for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
    out += rest.substr(0, open);
    auto close = rest.find('}', open);
    auto inside = close == rest.npos ? std::string_view{"?"} : rest.substr(open + 1, close - open - 1);
    bool is_number = inside.size() == 1 && inside[0] >= '0' && inside[0] <= '9';
    auto place = inside.empty() ? next++ : is_number ? static_cast<size_t>(inside[0] - '0') + 1 : given.size();
    if (place >= given.size())
      return run.fail("format knows {} and {0} with an argument each, found '{" + std::string{inside} + "}'");
    out += to_text(given[place]);
    rest.remove_prefix(close + 1);
  }
  return out + std::string{rest};
}

// -- maps and lists ----------------------------------------------------------------------------------

value get(evaluation&, function_arguments given) {
  auto* found = given[1].is(kind::string) ? given[0].map().find(given[1].string()) : nullptr;
  if (found != nullptr)
    return *found;
  return given[2].is(kind::undefined) ? value{none_value{}} : given[2];
}

value items(evaluation&, function_arguments given) {
  value_list out;
  for (auto& [key, item] : given[0].map())
    out.emplace_back(value_list{key, item});
  return out;
}

value keys(evaluation& run, function_arguments given) {
  return elements(run, given[0]);
}

value values(evaluation&, function_arguments given) {
  value_list out;
  for (auto& entry : given[0].map())
    out.push_back(entry.second);
  return out;
}

value count(evaluation& run, function_arguments given) {
  if (given[0].is(kind::list)) {
    auto& all = given[0].list();
    return std::count_if(all.begin(), all.end(), [&](auto& each) { return equal(each, given[1]); });
  }
  if (!given[0].is(kind::string))
    return run.fail_undefined(given[0], "'count'");
  auto wanted = text_argument(run, given[1]);
  int64_t found = 0;
  for (auto at = given[0].string().find(wanted); !wanted.empty() && at != std::string::npos; ++found)
    at = given[0].string().find(wanted, at + wanted.size());
  return found;
}

// -- dates and spans -----------------------------------------------------------------------------------

bool is_date(const value& item) {
  return item.is(kind::date) || item.is(kind::date_time);
}

value strftime(evaluation& run, function_arguments given) {
  if (!is_date(given[0]))
    return run.fail_undefined(given[0], "'strftime'");
  auto moment = given[0].is(kind::date) ? midnight(given[0].day()) : given[0].moment();
  return format_date_time(moment, text_argument(run, given[1]));
}

value isoformat(evaluation& run, function_arguments given) {
  if (!is_date(given[0]))
    return run.fail_undefined(given[0], "'isoformat'");
  if (given[0].is(kind::date))
    return iso_text(given[0].day());
  auto separator = given[1].is(kind::string) && given[1].string().size() == 1 ? given[1].string()[0] : 'T';
  auto precision = given[2].is(kind::undefined) ? "auto" : to_text(given[2]);
  if (precision == "auto")
    return iso_text(given[0].moment(), separator);
  auto time = precision == "minutes" ? "%H:%M" : precision == "seconds" ? "%T" : precision == "milliseconds" ? "%T.%_ms" : "";
  if (*time == '\0')
    return run.fail("isoformat knows auto, minutes, seconds and milliseconds, found '" + precision.substr(0, 20) + "'");
  auto whole = given[0].moment();
  whole.microseconds = floor_divide(whole.microseconds, 1'000'000) * 1'000'000;
  auto full = iso_text(whole, separator);
  return full.substr(0, 11) + format_date_time(given[0].moment(), time) + full.substr(19);
}

value timestamp(evaluation&, function_arguments given) {
  return static_cast<double>(given[0].moment().microseconds) / 1e6;
}

value date(evaluation&, function_arguments given) {
  return day_of(given[0].moment());
}

value day_of_week(evaluation& run, function_arguments given) {
  if (!is_date(given[0]))
    return run.fail_undefined(given[0], "'weekday'");
  return weekday(given[0].is(kind::date) ? given[0].day().days : day_of(given[0].moment()).days);
}

value total_seconds(evaluation&, function_arguments given) {
  return static_cast<double>(given[0].span().microseconds) / 1e6;
}

constexpr function_row rows[] = {
  {"get", "key default", 1, on<kind::map, get>},
  {"items", "", 0, on<kind::map, items>},
  {"keys", "", 0, on<kind::map, keys>},
  {"values", "", 0, on<kind::map, values>},
  {"strftime", "format", 1, strftime},
  {"isoformat", "sep timespec", 0, isoformat},
  {"timestamp", "", 0, on<kind::date_time, timestamp>},
  {"date", "", 0, on<kind::date_time, date>},
  {"weekday", "", 0, day_of_week},
  {"total_seconds", "", 0, on<kind::duration, total_seconds>},
  {"split", "sep maxsplit", 0, on<kind::string, split>},
  {"join", "iterable", 1, on<kind::string, join>},
  {"replace", "old new count", 2, on<kind::string, replace>},
  {"lower", "", 0, on<kind::string, lower>},
  {"upper", "", 0, on<kind::string, upper>},
  {"title", "", 0, on<kind::string, title>},
  {"capitalize", "", 0, on<kind::string, capitalized>},
  {"strip", "chars", 0, on<kind::string, stripped<side::both>>},
  {"lstrip", "chars", 0, on<kind::string, stripped<side::left>>},
  {"rstrip", "chars", 0, on<kind::string, stripped<side::right>>},
  {"startswith", "prefix", 1, on<kind::string, starts_with>},
  {"endswith", "suffix", 1, on<kind::string, ends_with>},
  {"find", "sub", 1, on<kind::string, find>},
  {"count", "sub", 1, count},
  {"zfill", "width", 1, on<kind::string, zfill>},
  {"isdigit", "", 0, on<kind::string, is_digits>},
  {"format", "...", 0, on<kind::string, format>},
};

} // namespace

std::span<const function_row> method_table() {
  return rows;
}

} // namespace lode::expression
