#include "actors/scheduling/claim_table.hpp"

#include <gtest/gtest.h>

#include "messages/actors.hpp"
#include "runtime/storage/shard_hash.hpp"

using namespace lode;

namespace {

constexpr tenant_id tenant{7};
constexpr auto home = shard_of(tenant);

} // namespace

TEST(claim_table_test, a_tenant_of_a_shard_that_is_held_has_its_claim) {
  claim_table claims{{{home, shard_epoch{3}}}};
  EXPECT_TRUE(claims.holds(home));
  EXPECT_EQ(claims.claim_of(tenant)->epoch, shard_epoch{3});
}

TEST(claim_table_test, a_tenant_of_another_shard_is_not_owned_here) {
  claim_table claims{{}};
  EXPECT_FALSE(claims.claim_of(home));
  EXPECT_TRUE(claims.claim_of(tenant).error() == errc::not_owner);
  EXPECT_TRUE(claims.latest_claim_of(tenant).error() == errc::not_owner);
}

TEST(claim_table_test, what_began_in_a_shard_that_leaves_ends_under_the_claim_that_it_had) {
  claim_table claims{{{home, shard_epoch{3}}}};
  claims.leave({home});
  EXPECT_FALSE(claims.holds(home));
  EXPECT_TRUE(claims.claim_of(tenant).error() == errc::not_owner);
  EXPECT_EQ(claims.latest_claim_of(tenant)->epoch, shard_epoch{3});
}

TEST(claim_table_test, a_shard_that_comes_back_has_its_new_claim_only) {
  claim_table claims{{{home, shard_epoch{3}}}};
  claims.leave({home});
  claims.gain({{home, shard_epoch{5}}});
  EXPECT_EQ(claims.claim_of(tenant)->epoch, shard_epoch{5});
  EXPECT_EQ(claims.latest_claim_of(tenant)->epoch, shard_epoch{5});
}

TEST(claim_table_test, a_shard_that_was_never_held_leaves_nothing_behind) {
  claim_table claims{{}};
  claims.leave({home});
  EXPECT_FALSE(claims.latest_claim_of(tenant));
}
