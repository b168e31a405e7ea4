#include <gmock/gmock.h>

#include "runtime/storage/feed_cursor.hpp"
#include "tests/contract/storage/storage_contract.hpp"

/// What ends with a generation of the store.
namespace lode::test {

using enum commit_status;
using testing::HasSubstr;

class generation_contract : public storage_contract {
protected:
  void SetUp() override {
    first_ = page_with(0, {insert("k", 1)});
    ASSERT_EQ(commit_one(first_), committed);
  }

  void end_sessions() {
    runs_.reset();
    pages_.reset();
    catalog_.reset();
  }

  /// As soon as the sessions are gone, which a server sees a moment after they were closed.
  new_generation begin() {
    end_sessions();
    for (int i = 0; i < 10'000; ++i) {
      auto made = generations_->begin_generation();
      if (made)
        return *made;
      if (code_of(made.error()) != errc::conflict)
        throw std::runtime_error(to_string(made.error()));
    }
    throw std::runtime_error("the sessions do not end");
  }

  void open(incarnation self) {
    runs_ = backend_->make_run_store(self);
    pages_ = backend_->make_page_store(self, 0);
    catalog_ = backend_->make_catalog_store();
  }

  static constexpr int64_t far = 1'000'000;
  page_commit first_;
  std::unique_ptr<generation_store> generations_ = backend_->make_generation_store();
};

TEST_P(generation_contract, a_look_shows_how_many_positions_were_given_out) {
  auto seen = *generations_->look();
  EXPECT_EQ(seen.generation, *catalog_->store_generation());
  EXPECT_EQ(seen.doubt, "");
  EXPECT_EQ(seen.positions, 1);
}

TEST_P(generation_contract, cursors_of_before_are_refused_in_a_new_generation) {
  auto before = generations_->look()->generation;
  auto cursor = encode_feed_cursor({before, {{connection_.shard, 1}}});
  auto made = begin();
  EXPECT_EQ(made.before, before);
  open(second_life);
  EXPECT_EQ(*catalog_->store_generation(), made.now);
  EXPECT_EQ(code_of(decode_feed_cursor(cursor, made.now).error()), errc::conflict);
}

TEST_P(generation_contract, a_life_of_before_writes_nothing_even_where_nobody_has_claimed_yet) {
  begin();
  open(first_life);
  EXPECT_EQ(commit_one(page(1)), refused_fence);
  auto claims = *claim_all(second_life, "n2");
  EXPECT_EQ(commit_one(page(1)), refused_fence);
  EXPECT_GT(claims.at(0).epoch.value, claims_.at(0).epoch.value + far) << "a lost history may have reached any epoch near it";
}

TEST_P(generation_contract, there_is_no_node_of_before_and_no_view_of_before_is_given_out_again) {
  const auto view = backend_->make_membership_store({})->look()->number;
  begin();
  auto members = backend_->make_membership_store(first_life);
  auto seen = *members->look();
  EXPECT_TRUE(seen.nodes.empty());
  EXPECT_GT(seen.number, view + far);
  EXPECT_EQ(code_of(members->beat(first_life)), errc::not_owner);
  EXPECT_EQ(members->join({"n1", second_life, "", 100})->flaps, 0);
}

TEST_P(generation_contract, open_runs_go_on_from_where_they_stand_but_under_versions_that_were_never_given_out) {
  EXPECT_EQ(begin().open_runs, 1);
  open(second_life);
  claims_ = *claim_all(second_life);
  ASSERT_EQ(runs_->load_open_runs()->size(), 1u);
  auto row = *runs_->load_continuation(continuation_);
  EXPECT_EQ(row.crash_resumes, 0) << "nobody's page is to blame for a restore";
  EXPECT_GT(row.version, far);
  EXPECT_EQ(commit_one(page(1)), refused_version);
  EXPECT_EQ(commit_one(page(row.version)), committed);
  EXPECT_EQ(fact("k").hash, first_.changes[0].hash);
}

TEST_P(generation_contract, ids_of_before_are_not_given_out_again) {
  auto last = catalog_->create_tenant("globex")->id;
  begin();
  open(second_life);
  EXPECT_GT(catalog_->create_tenant("initech")->id.value, last.value + far);
}

TEST_P(generation_contract, none_begins_while_a_node_has_a_session) {
  auto before = generations_->look()->generation;
  auto refused = generations_->begin_generation();
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), errc::conflict);
  EXPECT_THAT(message_of(refused.error()), HasSubstr("nodes of this store are running: "));
  EXPECT_EQ(generations_->look()->generation, before);
  EXPECT_EQ(commit_one(page(1)), committed);
}

TEST_P(generation_contract, a_store_in_doubt_is_claimed_by_nobody_before_a_new_generation_begins) {
  auto seen = *generations_->look();
  ASSERT_FALSE(generations_->doubt(seen.generation + 1, "of another generation"));
  EXPECT_EQ(generations_->look()->doubt, "");
  ASSERT_FALSE(generations_->doubt(seen.generation, "it shows 3 and had shown 5"));
  ASSERT_FALSE(generations_->doubt(seen.generation, "a later reason"));
  auto refused = claim_all(second_life);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), errc::conflict);
  EXPECT_THAT(message_of(refused.error()), HasSubstr("it shows 3 and had shown 5"));
  EXPECT_THAT(message_of(refused.error()), HasSubstr("lode restored"));
  begin();
  open(second_life);
  EXPECT_TRUE(claim_all(second_life));
}

INSTANTIATE_TEST_SUITE_P(memory, generation_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, generation_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test
