#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "tests/support/child_process.hpp"
#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

namespace {

using testing::HasSubstr;
using testing::Not;

/// `lode serve` as a process of its own; what it says stands in a file.
struct serve_pgtest : testing::Test {
  serve_pgtest() { std::filesystem::create_directories(folder); }
  ~serve_pgtest() override {
    node.reset();
    std::filesystem::remove_all(folder);
  }

  void serve(const std::string& dsn) { node = start(dsn, log); }

  /// The last value of a setting counts.
  std::unique_ptr<child_process> start(const std::string& dsn, const std::string& into, const std::vector<std::string>& more = {},
                                       const std::string& what = "serve") {
    std::vector<std::string> command{LODE_PROGRAM, what};
    std::vector<std::string> settings{"store.dsn=" + dsn, "security.key=" + std::string(64, '6'), "console.listen=127.0.0.1:0"};
    settings.insert(settings.end(), more.begin(), more.end());
    for (const auto& setting : settings)
      command.insert(command.end(), {"--set", setting});
    return std::make_unique<child_process>(command, into);
  }

  void await_in_log(const std::string& text) {
    await("the node says: " + text, [&] { return read_file(log).find(text) != std::string::npos; }, std::chrono::seconds{60},
          [&] { return last_lines(log); });
  }

  const std::string folder = testing::TempDir() + "lode-serve-" + std::to_string(getpid());
  const std::string log = folder + "/log";
  std::unique_ptr<child_process> node;
};

TEST_F(serve_pgtest, a_node_that_is_told_to_stop_ends_with_0) {
  test_database database;
  serve(database.dsn());
  await_in_log("is up;");
  EXPECT_EQ(node->stop(), 0) << read_file(log);
}

TEST_F(serve_pgtest, a_node_that_is_told_to_stop_while_postgresql_does_not_answer_ends_with_0) {
  serve("host=" + folder + " dbname=none");
  await_in_log("waiting for PostgreSQL");
  EXPECT_EQ(node->stop(), 0) << read_file(log);
}

TEST_F(serve_pgtest, a_database_that_is_newer_than_the_program_is_a_conflict) {
  test_database database;
  test_session{database.dsn()}.run("INSERT INTO lode.migration (version, name) VALUES (99999, 'of tomorrow')");
  serve(database.dsn());
  EXPECT_EQ(node->await_end(), 5) << read_file(log);
}

TEST_F(serve_pgtest, a_node_whose_key_is_not_the_one_of_the_store_ends_with_2_before_it_joins_and_doctor_says_so) {
  test_database database;
  serve(database.dsn());
  await_in_log("is up;");
  test_session store{database.dsn()};
  store.await("SELECT count(*) FROM lode.node");
  const std::vector<std::string> other_key{"security.key=" + std::string(64, '7'), "node.name=other"};
  const auto said = folder + "/other";
  EXPECT_EQ(start(database.dsn(), said, other_key)->await_end(), 2) << read_file(said);
  EXPECT_THAT(read_file(said), testing::AllOf(HasSubstr("this store (store.dsn) is sealed with key"), HasSubstr("security.key_file")));
  EXPECT_EQ(store.number("SELECT count(*) FROM lode.node"), 1);
  EXPECT_EQ(start(database.dsn(), folder + "/doctor", other_key, "doctor")->await_end(), 1);
  EXPECT_THAT(read_file(folder + "/doctor"), HasSubstr("is sealed with key"));
}

TEST_F(serve_pgtest, a_node_of_another_cluster_ends_with_2_before_it_joins) {
  test_database database;
  serve(database.dsn());
  await_in_log("is up;");
  test_session store{database.dsn()};
  store.await("SELECT count(*) FROM lode.node");
  const auto said = folder + "/other";
  EXPECT_EQ(start(database.dsn(), said, {"cluster.name=other", "node.name=other"})->await_end(), 2) << read_file(said);
  EXPECT_THAT(read_file(said), HasSubstr("cluster.name"));
  EXPECT_EQ(store.number("SELECT count(*) FROM lode.node"), 1);
}

TEST_F(serve_pgtest, a_dsn_that_cannot_be_read_ends_with_2_and_is_not_waited_for_and_not_shown) {
  serve("host=" + folder + " password=correct hunter2 dbname=none");
  EXPECT_EQ(node->await_end(), 2) << read_file(log);
  EXPECT_THAT(read_file(log), HasSubstr("store.dsn"));
  EXPECT_THAT(read_file(log), Not(HasSubstr("hunter2")));
}

} // namespace

} // namespace lode::test
