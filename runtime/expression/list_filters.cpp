#include <algorithm>

#include "runtime/expression/filters.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

constexpr size_t most_different_items = 10'000; // each is compared with all before it

value count(evaluation& run, function_arguments given) {
  if (given[0].is(kind::string))
    return length(given[0].string());
  if (given[0].is(kind::map))
    return given[0].map().size();
  return elements(run, given[0]).size();
}

value first(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  return items.empty() ? value{undefined_value{"the first of nothing"}} : items.front();
}

value last(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  return items.empty() ? value{undefined_value{"the last of nothing"}} : items.back();
}

/// `a.b.0`: the way to an attribute, an integer part is an index.
value read_path(evaluation& run, value item, std::string_view path) {
  for (;;) {
    auto end = std::min(path.find('.'), path.size());
    auto part = path.substr(0, end);
    bool is_index = !part.empty() && part.find_first_not_of("0123456789") == part.npos && part.size() < 10;
    item = read_index(run, item, is_index ? value{std::stoll(std::string{part})} : value{part});
    if (run.failed() || end == path.size())
      return item;
    path.remove_prefix(end + 1);
  }
}

value join(evaluation& run, function_arguments given) {
  auto separator = text_or(given[1], "");
  std::string out;
  bool is_first = true;
  for (auto& each : elements(run, given[0])) {
    auto item = given[2].is(kind::string) ? read_path(run, each, given[2].string()) : each;
    out += (is_first ? "" : separator) + to_text(item);
    is_first = false;
  }
  return out;
}

/// One item through the filter that `map` names; what follows its own parameters are the filter's.
value apply(evaluation& run, const function_row& filter, const value& item, function_arguments rest) {
  value_list arguments(8);
  arguments[0] = item;
  for (size_t i = 0; i < rest.size() && i < 6; ++i)
    arguments[i + 1] = rest[i];
  return filter.call(run, arguments);
}

value map(evaluation& run, function_arguments given) {
  auto* row = given[1].is(kind::string) ? find_row(filter_table(), given[1].string()) : nullptr;
  if (row == nullptr && given[2].is(kind::undefined))
    return run.fail("map expects the name of a filter or attribute=..., found " + to_repr(given[1]).substr(0, 40));
  value_list out;
  for (auto& each : elements(run, given[0])) {
    auto found = row ? apply(run, *row, each, given.subspan(4)) : read_path(run, each, to_text(given[2]));
    bool is_missing = !row && found.is(kind::undefined) && !given[3].is(kind::undefined);
    out.push_back(is_missing ? given[3] : found);
  }
  return out;
}

/// What select, reject and their kin look at in each item.
struct choice {
  const value* attribute; ///< null: the item itself
  const value& test;      ///< undefined: whether it is true
  const value& operand;
};

const function_row* find_test(const std::string& name) {
  return find_row(test_table(), name == "equalto" || name == "==" ? "eq" : name);
}

/// The items whose test ends as wanted.
value choose(evaluation& run, const value& from, const choice& how, bool wanted) {
  auto* row = how.test.is(kind::string) ? find_test(how.test.string()) : nullptr;
  if (row == nullptr && !how.test.is(kind::undefined))
    return run.fail("unknown test " + to_repr(how.test).substr(0, 40) + "; known: " + row_names(test_table()));
  value_list out;
  for (auto& each : elements(run, from)) {
    auto subject = how.attribute ? read_path(run, each, to_text(*how.attribute)) : each;
    value_list arguments{subject, how.operand};
    if (is_true(row == nullptr ? subject : row->call(run, arguments)) == wanted)
      out.push_back(each);
  }
  return out;
}

value select(evaluation& run, function_arguments given) {
  return choose(run, given[0], {nullptr, given[1], given[2]}, true);
}
value reject(evaluation& run, function_arguments given) {
  return choose(run, given[0], {nullptr, given[1], given[2]}, false);
}
value selectattr(evaluation& run, function_arguments given) {
  return choose(run, given[0], {&given[1], given[2], given[3]}, true);
}
value rejectattr(evaluation& run, function_arguments given) {
  return choose(run, given[0], {&given[1], given[2], given[3]}, false);
}

value unique(evaluation& run, function_arguments given) {
  value_list out, seen;
  for (auto& each : elements(run, given[0])) {
    auto key = folded(each);
    if (std::any_of(seen.begin(), seen.end(), [&](auto& old) { return equal(old, key); }))
      continue;
    if (seen.size() > most_different_items)
      return run.fail("unique takes at most 10,000 different items");
    seen.push_back(key);
    out.push_back(each);
  }
  return out;
}

value sort(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  auto key = [&](const value& item) {
    return folded(given[2].is(kind::string) ? read_path(run, item, given[2].string()) : item);
  };
  std::stable_sort(items.begin(), items.end(),
                   [&](auto& left, auto& right) { return compare(run, key(left), key(right)) < 0; });
  if (is_true(given[1]))
    std::reverse(items.begin(), items.end());
  return items;
}

value reverse(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  std::reverse(items.begin(), items.end());
  if (!given[0].is(kind::string))
    return items;
  std::string out;
  for (auto& each : items)
    out += each.string();
  return out;
}

value items(evaluation& run, function_arguments given) {
  if (given[0].is(kind::undefined))
    return value_list{};
  if (!given[0].is(kind::map))
    return run.fail("items expects a map, found " + std::string{kind_name(given[0].kind())});
  return pairs_of(given[0].map());
}

constexpr function_row rows[] = {
  {"length", "", 0, count},
  {"count", "", 0, count},
  {"first", "", 0, first},
  {"last", "", 0, last},
  {"join", "d attribute", 0, join},
  {"map", "name attribute default ...", 0, map},
  {"select", "test operand", 0, select},
  {"reject", "test operand", 0, reject},
  {"selectattr", "attribute test operand", 1, selectattr},
  {"rejectattr", "attribute test operand", 1, rejectattr},
  {"unique", "", 0, unique},
  {"sort", "reverse attribute", 0, sort},
  {"reverse", "", 0, reverse},
  {"items", "", 0, items},
};

} // namespace

std::span<const function_row> list_filters() {
  return rows;
}

} // namespace lode::expression
