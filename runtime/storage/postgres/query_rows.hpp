#pragma once

#include <caf/expected.hpp>

#include <string>
#include <vector>

#include "runtime/storage/postgres/query_result.hpp"
#include "runtime/storage/store_error.hpp"

/// From what a statement answered to what a store answers; `read` makes a value of one row.
namespace lode {

/// All rows, or why there are none.
template <class Read>
auto read_all(const caf::expected<query_result>& rows, Read read)
  -> caf::expected<std::vector<decltype(read(*rows, 0))>> {
  if (!rows)
    return rows.error();
  std::vector<decltype(read(*rows, 0))> out;
  out.reserve(static_cast<size_t>(rows->rows()));
  for (int row = 0; row < rows->rows(); ++row)
    out.push_back(read(*rows, row));
  return out;
}

/// The first row, or errc::not_found with `missing`.
template <class Read>
auto read_one(const caf::expected<query_result>& rows, Read read, const std::string& missing)
  -> caf::expected<decltype(read(*rows, 0))> {
  if (!rows)
    return rows.error();
  if (rows->rows() == 0)
    return store_error(errc::not_found, missing);
  return read(*rows, 0);
}

/// For statements whose rows do not matter.
inline caf::error error_of(const caf::expected<query_result>& result) {
  return result ? caf::error{} : result.error();
}

} // namespace lode
