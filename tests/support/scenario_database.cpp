#include "tests/support/scenario_database.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/child_process.hpp"

namespace lode::test {

scenario_database::scenario_database(bool own_server, const std::string& folder, place_pointer place) : place_(std::move(place)) {
  static int count = 0;
  const char* shared = std::getenv("LODE_PG_DSN");
  if (own_server) {
    folder_ = folder + "/postgres";
    start_server();
    if (place_)
      listen();
  } else if (shared && *shared) {
    shared_dsn_ = shared;
    name_ = "scenario_" + std::to_string(getpid()) + "_" + std::to_string(++count);
    test_session{shared_dsn_}.run("CREATE DATABASE " + name_);
    dsn_ = shared_dsn_.substr(0, shared_dsn_.rfind('/') + 1) + name_;
  } else {
    dsn_ = empty_database_dsn(); // goes with the program's server
  }
}

scenario_database::~scenario_database() {
  if (!folder_.empty())
    server("erase");
  else if (!name_.empty())
    test_session{shared_dsn_}.run("DROP DATABASE " + name_ + " WITH (FORCE)");
}

void scenario_database::crash_server() {
  server("crash");
}

void scenario_database::stop_server() {
  server("stop");
}

void scenario_database::quit_server() {
  const auto pid = std::atoi(read_file(folder_ + "/place/pg/postmaster.pid").c_str());
  if (pid <= 1 || ::kill(pid, SIGQUIT) != 0)
    throw std::runtime_error{"no PostgreSQL runs in " + folder_};
  await("PostgreSQL is gone", [pid] { return ::kill(pid, 0) != 0; });
}

void scenario_database::start_server() {
  auto text = server("start");
  auto begin = text.rfind("LODE_PG_DSN=");
  if (begin == std::string::npos)
    throw std::runtime_error{"setup/servers did not start PostgreSQL: " + text};
  begin += 12;
  dsn_ = text.substr(begin, text.find('\n', begin) - begin);
}

/// The server reads both files when it starts.
void scenario_database::listen() {
  std::ofstream{folder_ + "/place/pg/pg_hba.conf", std::ios::app} << "host all all samenet trust\n";
  std::ofstream{folder_ + "/place/pg/postgresql.auto.conf", std::ios::app} << "listen_addresses = '" << place_->address() << "'\n";
  server("restart");
}

std::string scenario_database::network_dsn() const {
  return "postgresql://lode@" + place_->address() + dsn_.substr(dsn_.rfind('/'));
}

std::string scenario_database::server(const std::string& action) {
  std::vector<std::string> command{LODE_SOURCE_FOLDER "/setup/servers", action, folder_};
  if (action != "erase")
    command.push_back("postgres");
  auto log = folder_ + ".log";
  const inside there{place_};
  if (auto code = run_program(command, log))
    throw std::runtime_error{"setup/servers " + action + " ended with " + std::to_string(code) + "\n" + last_lines(log)};
  return read_file(log);
}

} // namespace lode::test
