#include <gmock/gmock.h>

#include "runtime/storage/shard_hash.hpp"
#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

TEST_P(storage_contract, tenants_and_connections_are_counted_by_activity) {
  connect("globex");
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, "dead token"));
  auto counts = backend_->make_admin_store()->count_activities();
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->tenants, (std::array<int64_t, 4>{2, 0, 0, 0}));
  EXPECT_EQ(counts->connections, (std::array<int64_t, 4>{1, 0, 1, 0}));
  EXPECT_EQ(counts->stopped, 1);
}

TEST_P(storage_contract, shards_and_their_tenants_are_counted_by_owner) {
  connect("globex");
  auto admin = backend_->make_admin_store();
  auto shares = *admin->count_shares();
  ASSERT_EQ(shares.size(), 1u) << "this life owns all";
  EXPECT_EQ(shares[0].owner, first_life);
  EXPECT_EQ(shares[0].shards, default_shard_count);
  EXPECT_EQ(shares[0].tenants, 2);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_EQ(admin->count_shares()->at(0).tenants, 1) << "without the one that is being erased";
}

TEST_P(storage_contract, connections_that_their_tenant_stops_are_counted_as_stopped) {
  auto other = connect("globex");
  ASSERT_FALSE(catalog_->set_tenant_state(other.tenant, activity::paused, "unpaid"));
  auto admin = backend_->make_admin_store();
  EXPECT_EQ(admin->count_activities()->stopped, 1);
  EXPECT_EQ(admin->count_activities()->stopped, static_cast<int64_t>(admin->list_stopped(10)->size()));
}

TEST_P(storage_contract, stopped_connections_are_listed_with_the_reason_of_what_stopped_them) {
  auto other = connect("globex");
  ASSERT_FALSE(catalog_->set_tenant_state(other.tenant, activity::paused, "unpaid"));
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, "dead token"));
  auto admin = backend_->make_admin_store();
  auto stopped = admin->list_stopped(10);
  ASSERT_EQ(stopped->size(), 2u);
  EXPECT_EQ(stopped->at(0).state, activity::suspended);
  EXPECT_EQ(stopped->at(0).reason, "dead token");
  EXPECT_EQ(stopped->at(1).tenant, "globex");
  EXPECT_EQ(stopped->at(1).reason, "unpaid");
  EXPECT_EQ(admin->list_stopped(1)->size(), 1u);
}

TEST_P(storage_contract, dead_letters_are_listed_in_pages_to_their_tenant_only) {
  auto with_dead = page(0);
  with_dead.dead = {{"k1", "{}", "no id"}, {"k2", "{}", "no id"}};
  ASSERT_EQ(commit_one(with_dead), commit_status::committed);
  auto admin = backend_->make_admin_store();
  auto first = admin->list_dead_letters(connection_.tenant, 0, 1);
  ASSERT_EQ(first->size(), 1u);
  EXPECT_EQ(first->at(0).key, "k1");
  EXPECT_EQ(first->at(0).stream, posts_);
  auto rest = admin->list_dead_letters(connection_.tenant, first->at(0).id, 10);
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ(rest->at(0).key, "k2");
  EXPECT_TRUE(admin->list_dead_letters(connect("globex").tenant, 0, 10)->empty());
}

TEST_P(storage_contract, a_continuation_is_set_only_at_its_version_and_pages_in_flight_are_refused) {
  auto admin = backend_->make_admin_store();
  const auto set = [&](continuation_id id, int64_t version) {
    return admin->edit_state({connection_.id, {}, {{id, version, "new"}}});
  };
  EXPECT_EQ(code_of(set(continuation_, 9).error()), errc::stale_version);
  ASSERT_EQ(*set(continuation_, 0), 1);
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "new");
  EXPECT_EQ(commit_one(page(0)), commit_status::refused_version);
  EXPECT_EQ(code_of(set({999'999}, 0).error()), errc::not_found);
}

TEST_P(storage_contract, an_edit_of_state_is_all_or_nothing) {
  auto admin = backend_->make_admin_store();
  state_edit edit{connection_.id, {{posts_, "a", at_day(1), 0}, {comments_, "", at_day(2), 7}}, {{continuation_, 0, "new"}}};
  auto stale = admin->edit_state(edit);
  EXPECT_EQ(code_of(stale.error()), errc::stale_version);
  EXPECT_THAT(to_string(stale.error()), testing::HasSubstr("the cursor of comments"));
  EXPECT_THAT(*runs_->load_cursors(connection_.id), testing::IsEmpty());
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "state 0");
  EXPECT_EQ(commit_one(page(0)), commit_status::committed) << "nothing was disturbed";
  edit.cursors[1].expected_version = 0;
  edit.continuations[0].expected_version = 1;
  EXPECT_EQ(*admin->edit_state(edit), 3);
  EXPECT_EQ(runs_->load_cursors(connection_.id)->size(), 2u);
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "new");
}

TEST_P(storage_contract, a_cursor_is_set_only_from_the_version_that_it_stands_at) {
  auto admin = backend_->make_admin_store();
  ASSERT_EQ(*set_cursor(posts_, "", at_day(1)), 1);
  const auto version = [&] { return runs_->load_cursors(connection_.id)->at(0).version; };
  const auto first = version();
  ASSERT_EQ(*set_cursor(posts_, "", std::nullopt), 1);
  ASSERT_EQ(*set_cursor(posts_, "", at_day(1)), 1);
  EXPECT_NE(version(), first) << "the same value, but not the same edit";
  state_edit edit{connection_.id, {{posts_, "", at_day(9), first}}, {}};
  EXPECT_EQ(code_of(admin->edit_state(edit).error()), errc::stale_version);
  edit.cursors[0].expected_version = 0;
  EXPECT_EQ(code_of(admin->edit_state(edit).error()), errc::stale_version);
  edit.cursors[0].expected_version = version();
  EXPECT_EQ(*admin->edit_state(edit), 1);
}

TEST_P(storage_contract, a_run_that_moves_a_cursor_makes_edits_of_the_old_one_stale) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", {at_day(0), at_day(1)}, ""}};
  auto run = runs_->start_run(start);
  const auto before = runs_->load_cursors(connection_.id)->at(0).version;
  auto last = page_of(connection_, run->run, run->opened[0], 0, continuation_phase::closed);
  last.completes_slice = true;
  last.completed = start.first[0].slice;
  ASSERT_EQ(commit_one(last), commit_status::committed);
  auto edited = backend_->make_admin_store()->edit_state({connection_.id, {{posts_, "", at_day(0), before}}, {}});
  EXPECT_EQ(code_of(edited.error()), errc::stale_version);
}

TEST_P(storage_contract, what_is_set_to_what_it_is_disturbs_nothing) {
  auto admin = backend_->make_admin_store();
  ASSERT_EQ(*set_cursor(posts_, "elsewhere", at_day(1)), 1);
  const auto version = runs_->load_cursors(connection_.id)->at(0).version;
  EXPECT_EQ(*admin->edit_state({connection_.id, {{posts_, "elsewhere", at_day(1), version}}, {{continuation_, 0, "state 0"}}}), 0);
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).version, version);
  EXPECT_EQ(commit_one(page(0)), commit_status::committed);
}

TEST_P(storage_contract, an_edit_that_contradicts_itself_is_refused) {
  auto admin = backend_->make_admin_store();
  const auto refused = [&](std::vector<cursor_edit> cursors, std::vector<continuation_edit> continuations) {
    return code_of(admin->edit_state({connection_.id, std::move(cursors), std::move(continuations)}).error());
  };
  EXPECT_EQ(refused({{posts_, "", at_day(1), 0}, {posts_, "", at_day(2), 0}}, {}), errc::bad_argument);
  EXPECT_EQ(refused({}, {{continuation_, 0, "a"}, {continuation_, 0, "b"}}), errc::bad_argument);
  EXPECT_EQ(refused({{posts_, "", at_day(1), 0}}, {{continuation_, 0, "new"}}), errc::bad_argument);
  EXPECT_EQ(commit_one(page(0)), commit_status::committed) << "nothing was done";
  auto other = connect("globex");
  EXPECT_EQ(code_of(admin->edit_state({other.id, {}, {{continuation_, 1, "new"}}}).error()), errc::not_found);
  EXPECT_EQ(code_of(admin->edit_state({other.id, {{posts_, "", at_day(1), 0}}, {}}).error()), errc::not_found);
  EXPECT_EQ(code_of(admin->edit_state({{424242}, {}, {}}).error()), errc::not_found);
}

} // namespace lode::test
