#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

TEST_P(storage_contract, tenants_and_connections_are_counted_by_activity) {
  connect("globex");
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, "dead token"));
  auto counts = backend_->make_admin_store()->count_activities();
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->tenants, (std::array<int64_t, 4>{2, 0, 0, 0}));
  EXPECT_EQ(counts->connections, (std::array<int64_t, 4>{1, 0, 1, 0}));
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
  EXPECT_EQ(code_of(admin->set_continuation(continuation_, 9, "new")), errc::stale_version);
  ASSERT_FALSE(admin->set_continuation(continuation_, 0, "new"));
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "new");
  EXPECT_EQ(commit_one(page(0)), commit_status::refused_version);
  EXPECT_EQ(code_of(admin->set_continuation({999'999}, 0, "new")), errc::not_found);
}

} // namespace lode::test
