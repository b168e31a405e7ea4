#include "runtime/storage/postgres/migrate.hpp"

#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr int64_t migration_lock = 0x6c6f6465; // "lode"

constexpr statement try_lock{"try_lock", "SELECT pg_try_advisory_lock($1::bigint)"};
constexpr statement has_table{"has_table", "SELECT to_regclass('lode.migration') IS NOT NULL"};
constexpr statement read_version{"read_version", "SELECT coalesce(max(version), 0) FROM lode.migration"};

constexpr const char* bootstrap = "CREATE SCHEMA IF NOT EXISTS lode;"
                                  "CREATE TABLE IF NOT EXISTS lode.migration (version bigint PRIMARY KEY, "
                                  "name text NOT NULL, applied timestamptz NOT NULL DEFAULT now())";

int64_t newest_version() {
  return embedded_migrations().back().version;
}

std::string not_migrated(int64_t found) {
  return "the database has schema version " + std::to_string(found) + ", this program needs "
         + std::to_string(newest_version());
}

caf::expected<int64_t> found_version(postgres_connection& link) {
  auto table = link.execute(has_table);
  if (!table)
    return table.error();
  if (!table->boolean(0, 0))
    return int64_t{0};
  auto version = link.execute(read_version);
  if (!version)
    return version.error();
  return version->number(0, 0);
}

caf::error apply(postgres_connection& link, const migration& step) {
  const auto record = "INSERT INTO lode.migration (version, name) VALUES (" + std::to_string(step.version) + ", '"
                      + step.name + "');";
  if (!step.sql.starts_with("-- outside a transaction"))
    return link.run_script("BEGIN;" + step.sql + ";" + record + "COMMIT");
  if (auto error = link.run_script(step.sql))
    return error;
  return link.run_script(record);
}

/// A session that may work long: indexes of large tables take hours.
postgres_settings patient(postgres_settings settings) {
  settings.statement_timeout = std::chrono::milliseconds{0};
  settings.idle_in_transaction_timeout = std::chrono::milliseconds{0};
  return settings;
}

} // namespace

caf::expected<migration_report> migrate(const postgres_settings& settings) {
  postgres_connection link{patient(settings), "migrate"};
  auto lock = link.execute(try_lock, parameters{}.add(migration_lock));
  if (!lock)
    return lock.error();
  // Never a waiting lock: it would deadlock with CREATE INDEX CONCURRENTLY, which waits for all older transactions.
  if (!lock->boolean(0, 0))
    return store_error(errc::store_unavailable, "another process migrates this database at the moment");
  if (auto error = link.run_script(bootstrap))
    return error;
  auto found = found_version(link);
  if (!found)
    return found.error();
  if (*found > newest_version())
    return store_error(errc::conflict, not_migrated(*found) + ": use the newer program that migrated it");
  migration_report report{*found, *found, {}};
  for (const auto& step : embedded_migrations()) {
    if (step.version <= *found)
      continue;
    if (auto error = apply(link, step)) {
      auto code = code_of(error);
      return store_error(code, "migration " + std::string{step.name} + ": " + link.last_failure().message);
    }
    report.applied.emplace_back(step.name);
    report.to = step.version;
  }
  return report;
}

caf::error check_schema(const postgres_settings& settings) {
  postgres_connection link{settings, "schema"};
  auto found = found_version(link);
  if (!found)
    return found.error();
  if (*found == newest_version())
    return {};
  return store_error(errc::conflict, not_migrated(*found)
                                       + (*found < newest_version() ? ": run `lode migrate`"
                                                                    : ": use the newer program that migrated it"));
}

caf::expected<postgres_report> inspect_postgres(const postgres_settings& settings) {
  static constexpr statement look{
    "doctor", "SELECT current_setting('server_version'), current_setting('fsync')::boolean, "
              "current_setting('synchronous_commit'), current_setting('full_page_writes')::boolean, "
              "coalesce((SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity "
              "WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()), "
              "0)::bigint"};
  static constexpr statement strays{"feed_strays", "SELECT count(*) FROM lode.feed_default"};
  postgres_connection link{settings, "doctor"};
  auto seen = link.execute(look);
  if (!seen)
    return seen.error();
  postgres_report out;
  out.server_version = seen->string(0, 0);
  out.fsync = seen->boolean(0, 1);
  out.synchronous_commit = seen->string(0, 2);
  out.full_page_writes = seen->boolean(0, 3);
  out.oldest_snapshot_seconds = seen->number(0, 4);
  auto version = found_version(link);
  if (!version)
    return version.error();
  out.schema_version = *version;
  if (out.schema_version > 0)
    if (auto rows = link.execute(strays))
      out.default_feed_rows = rows->number(0, 0);
  return out;
}

} // namespace lode
