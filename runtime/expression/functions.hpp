#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/expression/context.hpp"
#include "runtime/expression/result.hpp"
#include "runtime/expression/value.hpp"

/// The functions of the template language, one table for each kind; internal to this folder.
namespace lode::expression {

/// One evaluation of one template: what it may read and the first thing that went wrong.
class evaluation {
public:
  evaluation(const context& names, const value& parameters) : names_(names), parameters_(parameters) {}

  const context& names() const { return names_; }
  const value& parameters() const { return parameters_; }

  /// Records a failure (the first one counts) and returns undefined.
  value fail(std::string message);
  /// The same for reading from a missing value: the template's default applies.
  value fail_undefined(const value& missing, std::string_view wanted);
  bool failed() const { return why_.has_value(); }
  bool is_undefined_chain() const { return is_undefined_chain_; }
  const failure& why() const { return *why_; }
  /// Remembers where the first failure happened; the innermost place wins.
  void locate(uint32_t column);

private:
  const context& names_;
  const value& parameters_;
  std::optional<failure> why_;
  bool is_undefined_chain_ = false;
};

using function_arguments = std::span<const value>;

/// One macro, filter, method or test.
struct function_row {
  std::string_view name;
  /// Names of the arguments, separated by spaces; the subject of filters, methods and tests stands
  /// before them. `...` at the end: any number more. Absent optional ones arrive as undefined.
  std::string_view parameters;
  size_t required; ///< of the named ones
  value (*call)(evaluation&, function_arguments);
};

std::span<const function_row> macro_table();
std::span<const function_row> filter_table();
std::span<const function_row> method_table();
std::span<const function_row> test_table();

const function_row* find_row(std::span<const function_row> table, std::string_view name);
/// "abs, default, first": for messages.
std::string row_names(std::span<const function_row> table);

// -- shared by the tables and the evaluator -----------------------------------------------------

/// Attribute or key of a value; undefined when there is none, a failure when the object is undefined.
value read_attribute(evaluation& run, const value& object, std::string_view name);
value read_index(evaluation& run, const value& object, const value& index);
/// The elements a loop over it would see: list items, map keys, characters, nothing for undefined.
value_list elements(evaluation& run, const value& item);
/// Negative, zero or positive; a failure for values without an order.
int compare(evaluation& run, const value& left, const value& right);

} // namespace lode::expression
