#include "tests/scenario/sinks/told_changes.hpp"

#include <gmock/gmock.h>

namespace lode::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

told_change told(int64_t seq, const std::string& key = "k", boost::json::value record = boost::json::object{}) {
  return {{7, seq}, {"acme", "contacts", key, "updated", "h" + std::to_string(seq)}, std::move(record), false};
}

stored_truth truth_of(const std::vector<told_change>& all) {
  stored_truth out;
  std::map<std::string, feed_place> last;
  for (const auto& each : all) {
    out.feed[each.place] = each.what;
    last[each.what.key] = each.place;
  }
  for (const auto& each : all)
    if (last[each.what.key] == each.place)
      out.latest[each.place] = each.record;
  return out;
}

TEST(told_changes_test,
     what_comes_again_from_an_earlier_place_on_is_in_order_and_what_comes_late_for_the_first_time_is_not) {
  EXPECT_THAT(mistakes_of_order({told(1), told(2), told(1), told(2), told(5)}), IsEmpty());
  EXPECT_THAT(mistakes_of_order({told(1), told(3), told(2)}), ElementsAre(HasSubstr("older than seq 3")));
}

TEST(told_changes_test, a_change_that_is_missing_is_seen) {
  EXPECT_THAT(missing_in({told(2)}, truth_of({told(1), told(2)})), ElementsAre(HasSubstr("seq 1")));
}

TEST(told_changes_test, a_wrong_hash_a_stale_record_and_a_last_change_without_record_are_seen) {
  const auto truth = truth_of({told(1), told(2, "k", boost::json::object{{"a", 1}})});
  EXPECT_THAT(mistakes_of_content({told(1), told(2, "k", boost::json::object{{"a", 1}})}, truth), IsEmpty());
  auto wrong = told(1);
  wrong.what.hash = "other";
  EXPECT_THAT(mistakes_of_content({wrong}, truth), ElementsAre(HasSubstr("is not what the feed has")));
  EXPECT_THAT(mistakes_of_content({told(2)}, truth), ElementsAre(HasSubstr("is not the one stored")));
  auto replaced = told(2, "k", nullptr);
  replaced.is_replaced = true;
  EXPECT_THAT(mistakes_of_content({replaced}, truth), ElementsAre(HasSubstr("is not the one stored")));
}

TEST(told_changes_test,
     a_repeat_is_excused_by_a_disturbance_between_the_two_or_by_an_answer_that_nobody_may_have_heard) {
  using namespace std::chrono_literals;
  const std::chrono::steady_clock::time_point start{};
  const auto at = [&](int64_t seq, std::chrono::seconds when, bool is_heard = true) {
    return acknowledged_change{told(seq), start + when, is_heard};
  };
  EXPECT_THAT(unexcused_repeats({at(1, 10s), at(2, 11s)}, {}, 1s), IsEmpty());
  EXPECT_THAT(unexcused_repeats({at(1, 10s), at(1, 20s)}, {}, 1s), ElementsAre(HasSubstr("seq 1")));
  EXPECT_THAT(unexcused_repeats({at(1, 10s, false), at(1, 20s)}, {}, 1s), IsEmpty());
  EXPECT_THAT(unexcused_repeats({at(1, 10s), at(1, 20s)}, {start + 15s}, 1s), IsEmpty());
  EXPECT_THAT(unexcused_repeats({at(1, 10s), at(1, 20s)}, {start + 9s}, 1s), IsEmpty()) << "it was on its way";
  EXPECT_THAT(unexcused_repeats({at(1, 10s), at(1, 20s)}, {start + 5s, start + 21s}, 1s),
              ElementsAre(HasSubstr("seq 1")));
  EXPECT_THAT(unexcused_repeats({at(1, 10s), at(1, 20s), at(1, 30s)}, {start + 15s}, 1s),
              ElementsAre(HasSubstr("seq 1")))
    << "each excuses one";
}

} // namespace
} // namespace lode::test
