#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "messages/storage.hpp"
#include "runtime/storage/postgres/query_result.hpp"

/// Times as the tables keep them: microseconds since 1970.
namespace lode {

inline instant at(int64_t micros) {
  return instant{std::chrono::microseconds{micros}};
}

/// Absent: NULL.
inline std::optional<instant> maybe_at(const query_result& rows, int row, int column) {
  return rows.is_null(row, column) ? std::nullopt : std::optional{at(rows.number(row, column))};
}

inline int64_t micros(instant time) {
  return time.time_since_epoch().count();
}

} // namespace lode
