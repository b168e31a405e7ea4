#include <gmock/gmock.h>

#include "tests/contract/storage/postgres_storage_fixture.hpp"

/// A database that is put back beneath a writer, as by a fail-over to a stand-by that lacks the latest commits: owner and epoch of
/// the shards are the same as before.
namespace lode::test {

using enum commit_status;

class postgres_restored_test : public postgres_storage_test {};

TEST_F(postgres_restored_test, a_writer_whose_confirmed_commits_are_gone_commits_nothing_any_more) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  save_database(database.dsn());
  EXPECT_EQ(commit_one(*store, page(1)), unknown) << "its session was ended";
  ASSERT_EQ(store->settle()->at(0).status, again);
  ASSERT_EQ(commit_one(*store, page(1)), committed);
  restore_database(database.dsn());
  EXPECT_EQ(commit_one(*store, page(2)), unknown);
  for (int i = 0; i < 2; ++i) {
    auto settled = store->settle();
    ASSERT_FALSE(settled);
    EXPECT_EQ(code_of(settled.error()), errc::conflict);
    EXPECT_THAT(message_of(settled.error()), testing::HasSubstr("had confirmed 2 commits of writer 0"));
  }
  EXPECT_EQ(commit_one(*store, page(2)), unknown);
  EXPECT_EQ(test_session{database.dsn()}.number("SELECT count(*) FROM feed"), 1) << "position 2 was given out, to what is gone";
}

TEST_F(postgres_restored_test, a_writer_that_is_not_known_any_more_has_lost_its_commits_and_was_not_taken_over) {
  save_database(database.dsn());
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  restore_database(database.dsn());
  EXPECT_EQ(commit_one(*store, page(1)), unknown);
  for (int i = 0; i < 2; ++i) {
    auto settled = store->settle();
    ASSERT_FALSE(settled);
    EXPECT_EQ(code_of(settled.error()), errc::conflict);
    EXPECT_THAT(message_of(settled.error()), testing::HasSubstr("does not know this writer now"));
  }
}

TEST_F(postgres_restored_test, a_writer_that_lost_nothing_goes_on) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  save_database(database.dsn());
  restore_database(database.dsn());
  EXPECT_EQ(commit_one(*store, page(1)), unknown);
  auto settled = store->settle();
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_EQ(settled->at(0).status, again);
  EXPECT_EQ(commit_one(*store, page(1)), committed);
}

} // namespace lode::test
