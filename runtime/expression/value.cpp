#include "runtime/expression/value.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

namespace lode::expression {

namespace {

// Beyond this many entries a linear search for duplicates would show.
constexpr size_t small_map = 16;

bool is_zero(const value& item) {
  return item.is_numeric() && item.as_double() == 0.0;
}

bool numbers_equal(const value& left, const value& right) {
  if (left.is(kind::number) || right.is(kind::number)) {
    if (left.kind() == right.kind())
      return left.number() == right.number();
    // A number text is what neither int64 nor double holds exactly, so it equals neither.
    return false;
  }
  if (left.is(kind::real) || right.is(kind::real))
    return left.as_double() == right.as_double();
  auto whole = [](const value& item) { return item.is(kind::boolean) ? int64_t{item.boolean()} : item.integer(); };
  return whole(left) == whole(right);
}

bool lists_equal(const value_list& left, const value_list& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const value& a, const value& b) { return equal(a, b); });
}

bool maps_equal(const value_map& left, const value_map& right) {
  if (left.size() != right.size())
    return false;
  return std::all_of(left.begin(), left.end(), [&right](const value_map::entry& each) {
    auto* other = right.find(each.first);
    return other != nullptr && equal(each.second, *other);
  });
}

} // namespace

value::value(value_list items) : state_(std::make_shared<const value_list>(std::move(items))) {}

value::value(value_map entries) : state_(std::make_shared<const value_map>(std::move(entries))) {}

bool value::is_numeric() const noexcept {
  return kind() >= kind::boolean && kind() <= kind::number;
}

double value::as_double() const {
  switch (kind()) {
    case kind::boolean:
      return boolean() ? 1.0 : 0.0;
    case kind::integer:
      return static_cast<double>(integer());
    case kind::real:
      return real();
    case kind::number:
      return std::strtod(number().c_str(), nullptr);
    default:
      return 0.0;
  }
}

value_map::value_map(std::vector<entry> entries) {
  if (entries.size() <= small_map) {
    for (auto& [key, item] : entries)
      set(key, std::move(item));
    return;
  }
  std::unordered_map<std::string, size_t> places;
  places.reserve(entries.size());
  entries_.reserve(entries.size());
  for (auto& each : entries) {
    auto [place, is_new] = places.emplace(each.first, entries_.size());
    if (is_new)
      entries_.push_back(std::move(each));
    else
      entries_[place->second].second = std::move(each.second);
  }
}

const value* value_map::find(std::string_view key) const {
  for (auto& [name, item] : entries_)
    if (name == key)
      return &item;
  return nullptr;
}

void value_map::set(std::string_view key, value item) {
  for (auto& [name, old] : entries_) {
    if (name == key) {
      old = std::move(item);
      return;
    }
  }
  entries_.emplace_back(std::string{key}, std::move(item));
}

std::string_view kind_name(kind which) {
  constexpr std::array<std::string_view, 12> names{
    "undefined", "none",  "a boolean", "an integer",  "a number", "a number",
    "text",      "a list", "a map",    "a date with time", "a date", "a duration"};
  return names[static_cast<size_t>(which)];
}

bool is_true(const value& item) {
  switch (item.kind()) {
    case kind::undefined:
    case kind::none:
      return false;
    case kind::boolean:
    case kind::integer:
    case kind::real:
    case kind::number:
      return !is_zero(item);
    case kind::string:
      return !item.string().empty();
    case kind::list:
      return !item.list().empty();
    case kind::map:
      return !item.map().empty();
    case kind::duration:
      return !item.span().empty();
    default:
      return true;
  }
}

bool equal(const value& left, const value& right) {
  if (left.is_numeric() && right.is_numeric())
    return numbers_equal(left, right);
  if (left.kind() != right.kind())
    return false;
  switch (left.kind()) {
    case kind::string:
      return left.string() == right.string();
    case kind::list:
      return lists_equal(left.list(), right.list());
    case kind::map:
      return maps_equal(left.map(), right.map());
    case kind::date_time:
      return left.moment() == right.moment();
    case kind::date:
      return left.day() == right.day();
    case kind::duration:
      return left.span() == right.span();
    default:
      return true; // two nones, two undefineds
  }
}

} // namespace lode::expression
