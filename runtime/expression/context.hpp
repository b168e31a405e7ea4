#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/expression/value.hpp"

namespace lode::expression {

/// The names a template may read and the time it takes for "now". `stream_partition` and
/// `stream_interval` are aliases of `stream_slice`.
class context {
public:
  explicit context(date_time now) : now_(now) {}

  date_time now() const noexcept { return now_; }
  void set(std::string_view name, value item);
  const value* find(std::string_view name) const;
  /// The names that are set, for messages.
  std::string names() const;

private:
  date_time now_;
  std::vector<std::pair<std::string, value>> names_;
};

} // namespace lode::expression
