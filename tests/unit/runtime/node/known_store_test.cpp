#include "runtime/node/known_store.hpp"

#include <gmock/gmock.h>

using namespace lode;
using enum store_finding;
using testing::HasSubstr;

namespace {

store_standing standing(int64_t positions, int64_t generation = 1, std::string doubt = "") {
  return {generation, std::move(doubt), positions};
}

} // namespace

TEST(known_store_test, a_feed_that_grows_is_as_expected) {
  known_store known{1, 100};
  EXPECT_EQ(known.judge(standing(100)).what, as_expected);
  EXPECT_EQ(known.judge(standing(250)).what, as_expected);
  EXPECT_EQ(known.judge(standing(250)).what, as_expected);
}

TEST(known_store_test, a_store_that_shows_less_than_it_has_shown_went_back) {
  known_store known{1, 100};
  known.judge(standing(250));
  auto found = known.judge(standing(249));
  EXPECT_EQ(found.what, went_back);
  EXPECT_THAT(found.why, AllOf(HasSubstr("250"), HasSubstr("249")));
  EXPECT_EQ((known_store{1, 100}.judge(standing(99)).what), went_back) << "what earlier lives saw counts too";
}

TEST(known_store_test, the_doubt_of_another_node_is_taken_over) {
  known_store known{1, 100};
  auto found = known.judge(standing(300, 1, "it shows 3"));
  EXPECT_EQ(found.what, went_back);
  EXPECT_EQ(found.why, "it shows 3");
}

TEST(known_store_test, in_a_new_generation_nothing_else_counts) {
  known_store known{1, 100};
  EXPECT_EQ(known.judge(standing(5, 2, "of the new one")).what, other_generation);
}
