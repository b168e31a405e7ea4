#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

namespace lode::expression {

/// Why a template, a date or a literal could not be read or evaluated.
struct failure {
  std::string message; ///< what was found and what was expected; never a secret's value
  size_t column = 0;   ///< 1-based position in the template, 0 when there is none
  bool is_unsupported = false; ///< legal in the template language, but not known to us
};

/// A T or a failure. Has the interface of `caf::expected` without its headers, because
/// templates are evaluated by pure code that knows nothing of actors.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(failure error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  const T& operator*() const& { return std::get<0>(state_); }
  T& operator*() & { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  const T* operator->() const { return &std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const failure& error() const& { return std::get<1>(state_); }
  failure&& error() && { return std::get<1>(std::move(state_)); }

private:
  std::variant<T, failure> state_;
};

} // namespace lode::expression
