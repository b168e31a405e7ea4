#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

/// Single-use refresh tokens: what a node must write down before it uses one.
namespace lode::test {

namespace {

refresh_token token_of(const connection_row& connection, const shard_claim& claim, const std::string& hash = "hash 1") {
  return {connection.id, claim, connection.sealed_secrets, hash};
}

} // namespace

TEST_P(storage_contract, a_refresh_is_begun_once_and_retried_once_then_given_up) {
  auto token = token_of(connection_, claim_of(connection_.shard));
  EXPECT_EQ(*runs_->begin_refresh(token), 0);
  EXPECT_EQ(*runs_->begin_refresh(token), 1);
  EXPECT_EQ(code_of(runs_->begin_refresh(token).error()), errc::unauthorized);
  EXPECT_EQ(code_of(runs_->begin_refresh(token).error()), errc::unauthorized);
  ASSERT_FALSE(runs_->forget_refresh(token)) << "the last one is known to have used nothing up";
  EXPECT_EQ(*runs_->begin_refresh(token), 1);
}

TEST_P(storage_contract, what_was_begun_outlives_the_node) {
  ASSERT_TRUE(runs_->begin_refresh(token_of(connection_, claim_of(connection_.shard))));
  claim_again(second_life);
  EXPECT_EQ(*runs_->begin_refresh(token_of(connection_, claim_of(connection_.shard))), 1);
}

TEST_P(storage_contract, a_stored_successor_takes_the_place_of_the_token_and_nothing_is_begun) {
  auto token = token_of(connection_, claim_of(connection_.shard));
  ASSERT_TRUE(runs_->begin_refresh(token));
  ASSERT_FALSE(runs_->store_successor(token, "sealed 2"));
  EXPECT_EQ(catalog_->load_connection(connection_.id)->sealed_secrets, "sealed 2");
  EXPECT_EQ(code_of(runs_->begin_refresh(token).error()), errc::stale_version) << "the token of before";
  auto next = token;
  next.sealed_secrets = "sealed 2";
  EXPECT_EQ(*runs_->begin_refresh(next), 0) << "whatever its hash";
}

TEST_P(storage_contract, another_token_begins_anew) {
  auto claim = claim_of(connection_.shard);
  ASSERT_TRUE(runs_->begin_refresh(token_of(connection_, claim)));
  ASSERT_TRUE(runs_->begin_refresh(token_of(connection_, claim)));
  EXPECT_EQ(*runs_->begin_refresh(token_of(connection_, claim, "hash 2")), 0);
}

TEST_P(storage_contract, secrets_that_a_person_gave_meanwhile_stay) {
  auto token = token_of(connection_, claim_of(connection_.shard));
  ASSERT_TRUE(runs_->begin_refresh(token));
  ASSERT_FALSE(catalog_->set_connection_secrets(connection_.id, "given"));
  EXPECT_EQ(code_of(runs_->store_successor(token, "sealed 2")), errc::stale_version);
  EXPECT_EQ(catalog_->load_connection(connection_.id)->sealed_secrets, "given");
  EXPECT_EQ(code_of(runs_->begin_refresh(token).error()), errc::stale_version);
}

TEST_P(storage_contract, a_zombie_neither_begins_a_refresh_nor_stores_its_successor) {
  auto zombie = std::move(runs_);
  auto token = token_of(connection_, claim_of(connection_.shard));
  ASSERT_TRUE(zombie->begin_refresh(token));
  claim_again(second_life);
  std::ignore = zombie->begin_refresh(token); // a claim may end its session: that much it notices first
  EXPECT_EQ(code_of(zombie->begin_refresh(token).error()), errc::not_owner);
  EXPECT_EQ(code_of(zombie->store_successor(token, "sealed 2")), errc::not_owner);
  EXPECT_EQ(code_of(zombie->forget_refresh(token)), errc::not_owner);
  EXPECT_EQ(code_of(runs_->begin_refresh(token).error()), errc::not_owner) << "the epoch counts too";
  EXPECT_EQ(catalog_->load_connection(connection_.id)->sealed_secrets, connection_.sealed_secrets);
}

TEST_P(storage_contract, a_connection_that_goes_on_may_try_its_token_again) {
  auto token = token_of(connection_, claim_of(connection_.shard));
  ASSERT_TRUE(runs_->begin_refresh(token));
  ASSERT_TRUE(runs_->begin_refresh(token));
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, "authorise again"));
  EXPECT_EQ(code_of(runs_->begin_refresh(token).error()), errc::unauthorized);
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  EXPECT_EQ(*runs_->begin_refresh(token), 0);
}

} // namespace lode::test
