#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/expression/context.hpp"
#include "runtime/expression/result.hpp"
#include "runtime/expression/value.hpp"

namespace lode::expression {

struct template_node;

/// What a template may name, checked when it is parsed.
struct scope {
  /// Names that the caller's context will hold. Empty: anything goes until evaluation.
  std::span<const std::string_view> names;
  /// `parameters[...]` of the component the template stands in; bound once, here.
  value parameters;
};

/// A template (text with `{{ expressions }}`), parsed once, evaluated often, shared freely between
/// threads. The evaluation functions below never throw and are bounded: depth 64 when parsing,
/// 1 MiB of output when rendering.
class program {
public:
  program() = default; ///< the empty text

  /// Fails with column and what was expected; an unknown name lists the known ones.
  static result<program> parse(std::string_view text, const scope& where = {});
  /// A program that yields this text without looking for expressions in it.
  static program literal(std::string text);

  /// The text it was made from.
  const std::string& source() const noexcept;
  /// True if there is no expression in it.
  bool is_plain() const noexcept;
  /// True for the empty text.
  bool empty() const noexcept { return source().empty(); }

  /// What a template yields before the literal reader: the text that Jinja would render, or, when
  /// it is a single expression, the value whose text that would be.
  struct rendered {
    value outcome;
    bool is_undefined_chain = false; ///< an attribute of a missing value was read: use the default
    failure why;                     ///< set with is_undefined_chain
  };
  result<rendered> render(const context& names) const;

private:
  explicit program(std::shared_ptr<const template_node> root) : root_(std::move(root)) {}
  std::shared_ptr<const template_node> root_;
};

/// Kinds that survive the literal reader (manifest format, "template evaluation").
enum class literals : uint8_t {
  all,           ///< body_json, cursor values, field values
  text_and_list, ///< request parameters and form bodies: a number stays text
};

/// An interpolated string: rendered, then read as a Python literal if it is one. An empty result
/// stays "", an attribute of a missing value is a failure.
result<value> evaluate(const program& code, const context& names, literals allowed = literals::all);

/// The same as text, the way `str()` prints it: `"1.10"` becomes `1.1`.
result<std::string> evaluate_text(const program& code, const context& names);

/// An interpolated boolean: false only for the listed spellings of false; `None` is true.
/// An empty or undefined result is false.
result<bool> evaluate_condition(const program& code, const context& names);

/// An entry of a request map: none when it is left out (empty, undefined chain or None).
result<value> evaluate_entry(const program& code, const context& names, literals allowed);

} // namespace lode::expression
