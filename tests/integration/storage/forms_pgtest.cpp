#include <gtest/gtest.h>

#include "actors/storage/change_finder.hpp"
#include "runtime/extraction/record_form.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"

/// A stream whose source ignores other fields than before, over a real store.
namespace lode::test {

namespace {

constexpr incarnation self{3101};

struct forms_pgtest : testing::Test {
  forms_pgtest() {
    auto runs = make_postgres_run_store(database.settings(self));
    auto claims = *claim_everything(*make_postgres_membership_store(database.settings(self), "cluster"), "n1", self);
    auto source = *catalog->put_source("shop", "manifest", "v1");
    auto tenant = *catalog->create_tenant("acme");
    connection_row wanted;
    wanted.name = "shop";
    wanted.source = source.id;
    wanted.streams = {{{}, "posts", 0}};
    row = *catalog->put_connection(tenant.id, wanted);
    claim = claims.at(static_cast<size_t>(row.shard.value));
    run_start start;
    start.connection = row.id;
    start.claim = claim;
    start.first = {{row.streams[0].id, "", {}, "state 0"}};
    run = *runs->start_run(start);
    use_new_memory();
  }

  /// As after a restart.
  void use_new_memory() { finder.emplace(*pages, 1 << 20, nullptr); }

  /// A pass over three posts; `last` is how the third one is written. Returns what it counted.
  page_counters pass(const std::vector<field_path>& ignore, int views, const std::string& last = R"("name":"c")") {
    hashed_page page;
    page.tenant = row.tenant;
    page.connection = row.id;
    page.stream = row.streams[0].id;
    page.shard = row.shard;
    page.epoch = claim.epoch;
    page.stamp = {0, claim.epoch.value, ++counter};
    page.move = {run.opened[0], run.run, version++, continuation_phase::open, "state", ""};
    page.form = std::make_shared<const record_form>(ignore, *catalog->hash_seed());
    auto add = [&](const std::string& key, const std::string& rest) {
      auto text = R"({"id":")" + key + R"(","views":)" + std::to_string(views) + "," + rest + "}";
      page.records.push_back({key, text, *page.form->hash(text), 0});
    };
    add("a", R"("name":"a")");
    add("b", R"("name":"b")");
    add("c", last);
    auto commits = finder->compare({&page, 1});
    EXPECT_TRUE(commits) << to_string(commits.error());
    auto outcomes = pages->commit(*commits);
    EXPECT_EQ(outcomes[0].status, commit_status::committed) << outcomes[0].message;
    finder->conclude(*commits, outcomes);
    return (*commits)[0].counters;
  }

  int64_t feed_entries() { return session.number("SELECT coalesce(sum(count), 0)::bigint FROM feed"); }
  /// Rows whose content is as new as the first pass.
  int64_t untouched() { return session.number("SELECT count(*) FROM record WHERE changed = first_seen"); }

  test_database database;
  test_session session{database.dsn()};
  std::unique_ptr<catalog_store> catalog = make_postgres_catalog_store(database.settings(self));
  std::unique_ptr<page_store> pages = make_postgres_page_store(database.settings(self), 0);
  std::optional<change_finder> finder;
  connection_row row;
  shard_claim claim;
  started_run run;
  int64_t version = 0;
  int64_t counter = 0;
};

} // namespace

TEST_F(forms_pgtest, a_field_that_is_ignored_from_now_on_makes_no_change_of_records_that_are_else_the_same) {
  EXPECT_EQ(pass({}, 1).inserted, 3);
  EXPECT_EQ(pass({{"views"}}, 2).unchanged, 3);
  EXPECT_EQ(feed_entries(), 3);
  EXPECT_EQ(untouched(), 3);
  EXPECT_EQ(session.number("SELECT count(*) FROM record WHERE form = " + std::to_string(form_number({{"views"}}))), 3);
  EXPECT_EQ(pass({{"views"}}, 3).unchanged, 3);
  use_new_memory();
  EXPECT_EQ(pass({{"views"}}, 4).unchanged, 3) << "the store knows the new hashes too";
  EXPECT_EQ(feed_entries(), 3);
}

TEST_F(forms_pgtest, a_record_that_changes_while_its_form_does_is_one_change) {
  pass({}, 1);
  use_new_memory();
  auto counted = pass({{"views"}}, 2, R"("name":"changed")");
  EXPECT_EQ(counted.unchanged, 2);
  EXPECT_EQ(counted.updated, 1);
  EXPECT_EQ(feed_entries(), 4);
  EXPECT_EQ(untouched(), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM record WHERE key = 'c' AND payload LIKE '%changed%'"), 1);
}

TEST_F(forms_pgtest, a_field_that_is_ignored_no_longer_counts_from_what_is_stored_of_it) {
  pass({{"views"}}, 1);
  pass({{"views"}}, 2);
  EXPECT_EQ(feed_entries(), 3);
  EXPECT_EQ(pass({}, 1).unchanged, 3) << "stored is what the first pass saw";
  EXPECT_EQ(feed_entries(), 3);
  EXPECT_EQ(pass({}, 2).updated, 3);
  EXPECT_EQ(feed_entries(), 6);
}

} // namespace lode::test
