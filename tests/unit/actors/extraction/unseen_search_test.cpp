#include "actors/extraction/unseen_search.hpp"

#include <gtest/gtest.h>

#include "runtime/storage/fact_print.hpp"

using namespace lode;

namespace {

pass_standing pass_of(int64_t marks = 1) {
  pass_standing pass;
  pass.began = {0, 2, 50};
  pass.marks = marks;
  return pass;
}

uint64_t mark_of(const std::string& key) {
  return print_of(key, {}, 0).key;
}

live_fact fact(const std::string& key, int64_t epoch = 1, int64_t counter = 1, const std::string& payload = {}) {
  return {key, {999, epoch, counter}, payload};
}

unseen_search search_of(const pass_standing& pass, const std::vector<uint64_t>& marks) {
  unseen_search search{pass, 1'000, nullptr, {}};
  search.begin_round(0);
  search.add(marks);
  search.end_marks();
  return search;
}

} // namespace

TEST(unseen_search_test, what_has_no_mark_and_is_older_than_the_pass_is_unseen) {
  auto search = search_of(pass_of(), {mark_of("b"), mark_of("a")});
  EXPECT_FALSE(search.is_unseen(fact("a")));
  EXPECT_FALSE(search.is_unseen(fact("b")));
  EXPECT_TRUE(search.is_unseen(fact("c")));
  EXPECT_TRUE(search.is_unseen(fact("c", 1, 99))) << "an earlier epoch";
  EXPECT_TRUE(search.is_unseen(fact("c", 2, 49)));
}

TEST(unseen_search_test, what_came_while_the_pass_went_on_stays) {
  auto search = search_of(pass_of(), {});
  EXPECT_FALSE(search.is_unseen(fact("c", 2, 50)));
  EXPECT_FALSE(search.is_unseen(fact("c", 3, 1)));
}

TEST(unseen_search_test, a_record_whose_key_nobody_could_read_may_be_any) {
  EXPECT_FALSE(search_of(pass_of(), {mark_of("a")}).is_blind());
  EXPECT_TRUE(search_of(pass_of(), {mark_of("a"), unreadable_mark}).is_blind());
}

TEST(unseen_search_test, rounds_look_at_each_key_once) {
  unseen_search search{pass_of(4'500), 1'000, nullptr, {}};
  ASSERT_EQ(search.rounds(), 5);
  std::vector<uint64_t> marks;
  for (int i = 0; i < 4'500; ++i)
    marks.push_back(mark_of("seen" + std::to_string(i)));
  int looked_at = 0;
  int unseen = 0;
  for (int64_t round = 0; round < search.rounds(); ++round) {
    search.begin_round(round);
    search.add(marks);
    search.end_marks();
    for (int i = 0; i < 5'000; ++i) {
      auto key = (i < 4'500 ? "seen" : "gone") + std::to_string(i);
      if (!search.is_of_round(key))
        continue;
      ++looked_at;
      unseen += search.is_unseen(fact(key)) ? 1 : 0;
    }
  }
  EXPECT_EQ(looked_at, 5'000);
  EXPECT_EQ(unseen, 500);
}

TEST(unseen_search_test, what_lies_outside_the_window_of_the_pass_was_not_looked_for) {
  incremental_plan dates;
  dates.datetime_format = "%Y-%m-%d";
  auto pass = pass_of();
  pass.window = {instant{std::chrono::days{20'000}}, instant{std::chrono::days{20'010}}}; // from 2024-10-04
  unseen_search search{pass, 1'000, &dates, "updated"};
  search.begin_round(0);
  search.end_marks();
  auto at = [&](const std::string& day) { return search.is_unseen(fact("c", 1, 1, R"({"updated":")" + day + "\"}")); };
  EXPECT_TRUE(at("2024-10-04"));
  EXPECT_TRUE(at("2024-10-13"));
  EXPECT_FALSE(at("2024-10-03"));
  EXPECT_FALSE(at("2024-10-14"));
  EXPECT_FALSE(at("some day"));
  EXPECT_FALSE(search.is_unseen(fact("c", 1, 1, "{}")));
  EXPECT_FALSE(search.is_unseen(fact("c")));
}

TEST(unseen_search_test, the_brake_holds_what_is_more_than_its_share) {
  EXPECT_FALSE(why_held(0, 0, 20));
  EXPECT_FALSE(why_held(20, 100, 20));
  EXPECT_EQ(why_held(21, 100, 20),
            "21 of 100 records were not in the full pass, more than 20 % (mining.delete_brake_percent)");
  EXPECT_TRUE(why_held(1, 100, 0));
  EXPECT_FALSE(why_held(100, 100, 100));
}
