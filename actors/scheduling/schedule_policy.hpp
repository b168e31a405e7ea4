#pragma once

#include <caf/expected.hpp>

#include <memory>
#include <optional>

#include "messages/storage.hpp"

namespace lode {

inline constexpr std::chrono::hours retry_of_a_broken_policy{1};

/// When a connection is due: the pure part that kinds of schedules differ in. Knows no clock. What throws, or is not later than what was
/// asked for, is asked again an hour later (retry_of_a_broken_policy).
class schedule_policy {
public:
  virtual ~schedule_policy() = default;

  /// The first due time of a connection that was made at `made`; nothing: it never becomes due by itself.
  virtual std::optional<instant> first(instant made) const = 0;

  /// The first due time beyond `beyond` in the sequence that goes on from `last`; `beyond` is not before `last`.
  virtual std::optional<instant> next(instant last, instant beyond) const = 0;
};

using schedule_policy_pointer = std::shared_ptr<const schedule_policy>;

} // namespace lode
