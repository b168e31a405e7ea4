#pragma once

#include <memory>
#include <string>

#include "tests/support/network_place.hpp"
#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

/// An empty database: on the server that LODE_PG_DSN names, else on that of the test program; or on a server of its own,
/// which may be crashed. Dropped with the object.
class scenario_database {
public:
  /// `folder` holds the files of an own server; with a `place` it runs there and listens on its address too.
  scenario_database(bool own_server, const std::string& folder, place_pointer place = {});
  ~scenario_database();
  scenario_database(const scenario_database&) = delete;
  scenario_database& operator=(const scenario_database&) = delete;

  /// By a Unix socket, which is reached from every place.
  const std::string& dsn() const noexcept { return dsn_; }
  /// Over the network, of a server that has a place.
  std::string network_dsn() const;

  // Of own servers only:
  /// SIGKILL of all its processes.
  void crash_server();
  /// Ends it in mode fast: what was begun is rolled back, sessions are told.
  void stop_server();
  /// Ends it in mode immediate: sessions are told, the next start recovers from the log.
  void quit_server();
  /// Returns when it answers.
  void start_server();

private:
  std::string server(const std::string& action);
  void listen();

  std::string folder_; ///< of the own server
  place_pointer place_;
  std::string shared_dsn_;
  std::string name_;
  std::string dsn_;
};

} // namespace lode::test
