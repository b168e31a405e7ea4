#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>

#include "runtime/storage/postgres/migrate.hpp"

namespace lode::test {

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "postgres_fixture: " << why << std::endl;
  std::abort();
}

std::string output_of(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
  std::array<char, 4096> space{};
  std::string out;
  while (auto length = fread(space.data(), 1, space.size(), pipe.get()))
    out.append(space.data(), length);
  return out;
}

/// `text` after `name=` up to the end of its line.
std::string value_of(const std::string& text, const std::string& name) {
  auto begin = text.find(name + "=");
  if (begin == std::string::npos)
    return "";
  begin += name.size() + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string with_database(const std::string& dsn, const std::string& name) {
  return dsn.substr(0, dsn.rfind('/') + 1) + name;
}

/// The private server. Started by the first test that asks for it, erased at the end of the program.
class server {
public:
  static server& get() {
    static server one;
    return one;
  }

  std::string dsn_of(const std::string& database) const { return with_database(dsn_, database); }
  test_session& maintenance() { return *maintenance_; }
  std::string next_name() { return "test_" + std::to_string(++count_); }

  ~server() {
    maintenance_.reset();
    std::ignore = std::system((script_ + " erase " + folder_ + " >/dev/null 2>&1").c_str());
  }

private:
  server() {
    std::string pattern = "/tmp/lode-test-pg.XXXXXX";
    if (!mkdtemp(pattern.data()))
      give_up("cannot make a folder in /tmp");
    folder_ = pattern;
    dsn_ = value_of(output_of(script_ + " start " + folder_ + " postgres"), "LODE_PG_DSN");
    if (dsn_.empty())
      give_up(script_ + " did not start PostgreSQL; its reason is above");
    maintenance_ = std::make_unique<test_session>(dsn_of("postgres"));
    maintenance_->run("CREATE DATABASE migrated");
    postgres_settings settings;
    settings.dsn = dsn_of("migrated");
    if (auto done = migrate(settings); !done)
      give_up("the migrations fail: " + caf::to_string(done.error()));
  }

  std::string script_ = LODE_SOURCE_FOLDER "/setup/servers";
  std::string folder_;
  std::string dsn_;
  std::unique_ptr<test_session> maintenance_;
  int count_ = 0;
};

} // namespace

test_database::test_database() : name_(server::get().next_name()), dsn_(server::get().dsn_of(name_)) {
  server::get().maintenance().run("CREATE DATABASE " + name_ + " TEMPLATE migrated");
}

test_database::~test_database() {
  server::get().maintenance().run("DROP DATABASE " + name_ + " WITH (FORCE)");
}

postgres_settings test_database::settings(incarnation self) const {
  postgres_settings out;
  out.dsn = dsn_;
  out.self = self;
  for (auto* limit : {&out.statement_timeout, &out.lock_timeout, &out.idle_in_transaction_timeout})
    *limit = std::chrono::seconds{60};
  return out;
}

std::string empty_database_dsn() {
  auto name = server::get().next_name();
  server::get().maintenance().run("CREATE DATABASE " + name);
  return server::get().dsn_of(name);
}

namespace {

std::string name_in(const std::string& dsn) {
  return dsn.substr(dsn.rfind('/') + 1);
}

/// Nobody comes back before it is copied.
void copy_database(test_session& by, const std::string& from, const std::string& to) {
  by.run("ALTER DATABASE " + from + " ALLOW_CONNECTIONS false");
  by.await("SELECT (count(*) = 0)::int::bigint FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"
           + from + "') ended");
  by.run("CREATE DATABASE " + to + " TEMPLATE " + from);
  by.run("ALTER DATABASE " + from + " ALLOW_CONNECTIONS true");
}

} // namespace

void save_database(const std::string& dsn) {
  test_session maintenance{with_database(dsn, "postgres")};
  maintenance.run("DROP DATABASE IF EXISTS " + name_in(dsn) + "_saved");
  copy_database(maintenance, name_in(dsn), name_in(dsn) + "_saved");
}

void restore_database(const std::string& dsn) {
  test_session maintenance{with_database(dsn, "postgres")};
  maintenance.run("DROP DATABASE " + name_in(dsn) + " WITH (FORCE)");
  copy_database(maintenance, name_in(dsn) + "_saved", name_in(dsn));
}

namespace {

postgres_settings session_settings(const std::string& dsn) {
  postgres_settings out;
  out.dsn = dsn;
  out.statement_timeout = out.lock_timeout = out.idle_in_transaction_timeout = std::chrono::seconds{60};
  return out;
}

} // namespace

test_session::test_session(const std::string& dsn) : link_(session_settings(dsn), "test") {}

void test_session::run(const std::string& sql) {
  if (auto error = link_.run_script(sql))
    give_up(sql + ": " + link_.last_failure().message);
}

int64_t test_session::number(const std::string& sql) {
  static std::atomic<int> count{0};
  const auto name = "test_" + std::to_string(++count);
  auto rows = link_.execute(statement{name.c_str(), sql.c_str()});
  if (!rows || rows->rows() == 0)
    give_up(sql + ": " + (rows ? "no row" : link_.last_failure().message));
  return rows->number(0, 0);
}

void test_session::await(const std::string& sql) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (number(sql) <= 0) {
    if (std::chrono::steady_clock::now() > end)
      give_up("still not so after 30 s: " + sql);
    std::this_thread::yield();
  }
}

} // namespace lode::test
