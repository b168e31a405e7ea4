#pragma once

#include <cstdint>
#include <string>

#include "runtime/storage/postgres/connection.hpp"

namespace lode::test {

/// A fresh, migrated database on the private PostgreSQL server of this test program; dropped with the object. The first
/// one starts the server (setup/servers); the end of the program erases it.
class test_database {
public:
  test_database();
  ~test_database();
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  const std::string& dsn() const noexcept { return dsn_; }
  const std::string& name() const noexcept { return name_; }

  /// Settings of a session of `self`, with timeouts that a slow machine does not reach.
  postgres_settings settings(incarnation self) const;

private:
  std::string name_;
  std::string dsn_;
};

/// The DSN of a database of the test server that is empty, not migrated.
std::string empty_database_dsn();

/// Keeps a copy of what the database holds now; sessions in it are ended.
void save_database(const std::string& dsn);
/// Puts the copy in the database's place, as a restore from a backup does, or a fail-over to a stand-by that lacks the latest
/// commits; sessions are ended.
void restore_database(const std::string& dsn);

/// Statements of a test in a session of its own; a failure ends the test program with its reason.
class test_session {
public:
  explicit test_session(const std::string& dsn);

  void run(const std::string& sql);
  /// The first column of the first row, which is a bigint.
  int64_t number(const std::string& sql);
  /// Waits until `sql` yields a positive number, in the server, for at most 30 s.
  void await(const std::string& sql);
  postgres_connection& link() noexcept { return link_; }

private:
  postgres_connection link_;
};

} // namespace lode::test
