#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/audit/canonical.hpp"

namespace audit {

struct stored_row {
  std::string_view stream;
  std::string_view key;
  std::string_view payload;
  content_hash hash;
  bool deleted = false;
};

struct feed_entry {
  std::string_view stream;
  std::string_view key;
  int64_t seq = 0;
  content_hash hash; ///< zero: a deletion
};

struct dead_letter {
  std::string_view stream;
  std::string_view payload; ///< cut at 64 KiB
};

/// What the store holds for one tenant; `owner` keeps the texts alive.
struct store_of_tenant {
  std::vector<stored_row> rows;
  std::vector<feed_entry> feed; ///< by seq
  std::vector<dead_letter> dead;
  std::vector<std::shared_ptr<const void>> owner;
};

/// Throws could_not_audit. Used by one thread.
class store_reader {
public:
  virtual ~store_reader() = default;
  virtual uint64_t hash_seed() = 0;
  virtual std::vector<std::string> tenants() = 0;
  virtual store_of_tenant read(const std::string& tenant) = 0;
};

/// `connection` is a libpq connection string or URI.
std::unique_ptr<store_reader> open_postgres(const std::string& connection);

} // namespace audit
