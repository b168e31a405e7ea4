#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// One numbered SQL file, part of the program. One whose first line is `-- outside a transaction` runs without BEGIN.
struct migration {
  int64_t version = 0;
  const char* name = nullptr;
  std::string sql;
};

/// All migrations of this program, in order.
const std::vector<migration>& embedded_migrations();

struct migration_report {
  int64_t from = 0; ///< version found; 0 = an empty database
  int64_t to = 0;
  std::vector<std::string> applied; ///< names of files
};

/// Brings the database to this program's schema, in the schema `lode` of the database. One process at a time does it; a
/// second one gets errc::store_unavailable at once and asks again. errc::conflict: the database is newer than this
/// program, which nothing may write then.
caf::expected<migration_report> migrate(const postgres_settings& settings);

/// Whether the database has exactly this program's schema: errc::conflict says what to do when it has not.
caf::error check_schema(const postgres_settings& settings);

/// What `lode doctor` shows of the database.
struct postgres_report {
  std::string server_version;
  bool fsync = false;
  std::string synchronous_commit;
  bool full_page_writes = false;
  int64_t schema_version = 0;     ///< 0 = not migrated
  int64_t oldest_snapshot_seconds = 0; ///< age of the oldest open transaction of the server: holds vacuum back
  int64_t default_feed_rows = 0;  ///< feed rows whose week had no partition in time
};

caf::expected<postgres_report> inspect_postgres(const postgres_settings& settings);

} // namespace lode
