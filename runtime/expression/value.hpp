#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/expression/datetime.hpp"

namespace lode::expression {

class value;
class value_map;
using value_list = std::vector<value>;

/// What a name or key without a value yields. `what` says which, for error messages.
struct undefined_value {
  std::string what;
};

struct none_value {};

/// A JSON number that neither int64 nor double holds without loss: kept as its text.
struct number_text {
  std::string text;
};

enum class kind : uint8_t {
  undefined,
  none,
  boolean,
  integer,
  real,
  number,
  string,
  list,
  map,
  date_time,
  date,
  duration,
};

/// One value of the template language. Immutable; lists and maps are shared, so copies are cheap.
class value {
public:
  value() = default; ///< undefined
  value(undefined_value missing) : state_(std::move(missing)) {}
  value(none_value none) : state_(none) {}
  value(std::same_as<bool> auto flag) : state_(flag) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  value(T number) : state_(static_cast<int64_t>(number)) {}
  value(double number) : state_(number) {}
  value(number_text number) : state_(std::move(number)) {}
  value(std::string text) : state_(std::move(text)) {}
  value(std::string_view text) : state_(std::string{text}) {}
  value(const char* text) : state_(std::string{text}) {}
  value(value_list items);
  value(value_map entries);
  value(date_time instant) : state_(instant) {}
  value(calendar_date day) : state_(day) {}
  value(calendar_duration span) : state_(span) {}

  expression::kind kind() const noexcept { return static_cast<expression::kind>(state_.index()); }
  bool is(expression::kind wanted) const noexcept { return kind() == wanted; }
  /// True for bool, integer, real and number text: what Python calls a number.
  bool is_numeric() const noexcept;

  /// The alternatives; calling one of another kind is a broken invariant.
  bool boolean() const { return std::get<bool>(state_); }
  int64_t integer() const { return std::get<int64_t>(state_); }
  double real() const { return std::get<double>(state_); }
  const std::string& number() const { return std::get<number_text>(state_).text; }
  const std::string& string() const { return std::get<std::string>(state_); }
  const value_list& list() const { return *std::get<list_pointer>(state_); }
  const value_map& map() const { return *std::get<map_pointer>(state_); }
  const date_time& moment() const { return std::get<date_time>(state_); }
  const calendar_date& day() const { return std::get<calendar_date>(state_); }
  const calendar_duration& span() const { return std::get<calendar_duration>(state_); }
  const undefined_value& undefined() const { return std::get<undefined_value>(state_); }

  /// Any numeric kind as a double (0 for others).
  double as_double() const;

private:
  using list_pointer = std::shared_ptr<const value_list>;
  using map_pointer = std::shared_ptr<const value_map>;
  std::variant<undefined_value, none_value, bool, int64_t, double, number_text, std::string,
               list_pointer, map_pointer, date_time, calendar_date, calendar_duration>
    state_;
};

/// A map from text to value that keeps the order of insertion, as Python's dict does.
class value_map {
public:
  using entry = std::pair<std::string, value>;

  value_map() = default;
  /// Takes entries in order; of equal keys the last value wins (at the first one's place).
  explicit value_map(std::vector<entry> entries);
  value_map(std::initializer_list<entry> entries) : value_map(std::vector<entry>(entries)) {}

  const value* find(std::string_view key) const;
  void set(std::string_view key, value item);
  bool empty() const noexcept { return entries_.empty(); }
  size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

private:
  std::vector<entry> entries_;
};

/// The name of a kind as people say it: "a list", "text", "none".
std::string_view kind_name(kind which);

/// Python's truth of a value: empty text and containers, zero, none and undefined are false.
bool is_true(const value& item);

/// Python's `==`: numbers compare by value, bool is 0 or 1, containers element by element.
bool equal(const value& left, const value& right);

} // namespace lode::expression
