#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/store_identity.hpp"
#include "runtime/storage/store_error.hpp"
#include "tests/support/postgres_fixture.hpp"

/// Whose a store is, and by which names its sessions are known.
namespace lode::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct postgres_identity_test : testing::Test {
  /// As a node that begins asks; "" = it may.
  std::string refusal(const std::string& cluster, const std::string& key) {
    auto error = settle_identity(database.settings({77}), {cluster, key});
    EXPECT_TRUE(!error || code_of(error) == errc::bad_argument) << message_of(error);
    return error ? message_of(error) : "";
  }

  postgres_settings of_node(const std::string& name, int64_t self) {
    auto settings = database.settings({self});
    settings.node = name;
    return settings;
  }

  test_database database;
};

TEST_F(postgres_identity_test, the_first_node_names_the_store) {
  EXPECT_EQ(refusal("prod", "aa11"), "");
  auto now = read_identity(database.settings({0}));
  ASSERT_TRUE(now) << message_of(now.error());
  EXPECT_EQ(now->cluster, "prod");
  EXPECT_EQ(now->key, "aa11");
  EXPECT_EQ(refusal("prod", "aa11"), "");
}

TEST_F(postgres_identity_test, a_node_with_another_key_is_refused_and_changes_nothing) {
  ASSERT_EQ(refusal("prod", "aa11"), "");
  EXPECT_THAT(refusal("test", "bb22"), AllOf(HasSubstr("aa11"), HasSubstr("bb22"), HasSubstr("security.key_file")));
  EXPECT_EQ(refusal("prod", "aa11"), "");
  EXPECT_EQ(read_identity(database.settings({0}))->cluster, "prod");
}

TEST_F(postgres_identity_test, a_node_of_another_cluster_is_refused_while_a_node_lives_and_renames_it_afterwards) {
  ASSERT_EQ(refusal("prod", "aa11"), "");
  auto member = make_postgres_membership_store(of_node("n1", 1001), "membership");
  ASSERT_TRUE(member->join({"n1", {1001}, "", 100}));
  test_session{database.dsn()}.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lode/1001/%'");
  std::atomic<bool> has_ended = false;
  std::thread life{[&] {
    while (!has_ended) {
      std::ignore = member->beat({1001}); // the first one finds its session gone
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  }};
  EXPECT_THAT(refusal("test", "aa11"),
              AllOf(HasSubstr("\"prod\""), HasSubstr("\"test\""), HasSubstr("cluster.name"), HasSubstr("\"n1\"")));
  has_ended = true;
  life.join();
  ASSERT_FALSE(member->leave({1001}));
  EXPECT_EQ(refusal("test", "aa11"), "");
  EXPECT_NE(refusal("prod", "bb22"), "");
}

TEST_F(postgres_identity_test, a_node_that_crashed_is_not_in_the_way_of_a_new_name) {
  ASSERT_EQ(refusal("prod", "aa11"), "");
  {
    auto member = make_postgres_membership_store(of_node("n1", 1001), "membership");
    ASSERT_TRUE(member->join({"n1", {1001}, "", 100}));
  }
  EXPECT_EQ(refusal("test", "aa11"), "");
}

TEST_F(postgres_identity_test,
       what_is_in_the_way_of_a_new_generation_is_named_with_its_node_also_where_the_session_is_of_no_life) {
  postgres_connection console{of_node("n1", 4711), "console"};
  ASSERT_FALSE(console.connect());
  auto begun = make_postgres_generation_store(database.settings({0}))->begin_generation();
  ASSERT_FALSE(begun);
  EXPECT_EQ(code_of(begun.error()), errc::conflict);
  EXPECT_THAT(message_of(begun.error()),
              AllOf(HasSubstr("\"n1\" from "), HasSubstr("(console)"), Not(HasSubstr("4711"))));
}

TEST_F(postgres_identity_test, the_name_of_a_session_is_cut_to_what_the_server_keeps) {
  postgres_connection session{of_node(std::string(64, 'n'), 9223372036854775807), "console"};
  ASSERT_FALSE(session.connect());
  EXPECT_EQ(session.application_name().size(), 63u);
  EXPECT_EQ(test_session{database.dsn()}.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = '"
                                                + session.application_name() + "'"),
            1);
}

} // namespace lode::test
