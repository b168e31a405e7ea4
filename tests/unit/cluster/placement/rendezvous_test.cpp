#include "cluster/placement/rendezvous.hpp"

#include <gtest/gtest.h>

#include <cmath>

using namespace lode;

TEST(rendezvous, the_integer_logarithm_is_one) {
  EXPECT_EQ(rendezvous::negative_log2(uint64_t{1} << 63), uint64_t{1} << 40);
  EXPECT_EQ(rendezvous::negative_log2(1), uint64_t{64} << 40);
  for (uint64_t x = 3, i = 0; i < 100'000; ++i, x = rendezvous::mix(x + i)) {
    auto exact = 64 - std::log2(static_cast<double>(x | 1));
    ASSERT_NEAR(std::ldexp(static_cast<double>(rendezvous::negative_log2(x | 1)), -40), exact, 1e-6) << x;
  }
}

TEST(rendezvous, the_integer_logarithm_falls_where_its_argument_grows) {
  for (uint64_t x = UINT64_MAX; x > 1; x -= x / 5'000 + 1)
    ASSERT_LE(rendezvous::negative_log2(x), rendezvous::negative_log2(x - x / 5'000 - 1 > 0 ? x - x / 5'000 - 1 : 1)) << x;
}

// Two releases that answer differently would wait for each other: a change of these is a change of cluster_wire_version.
TEST(rendezvous, distances_never_change) {
  EXPECT_EQ(rendezvous::hash_of(""), 0xef46db3751d8e999ULL); // XXH64's own
  EXPECT_EQ(rendezvous::distance(rendezvous::hash_of("n1"), 0, 100), 282'251'293'948'641u);
  EXPECT_EQ(rendezvous::distance(rendezvous::hash_of("n2"), 4'095, 7), 12'769'115'059'042'011u);
}
