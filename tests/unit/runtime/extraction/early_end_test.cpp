#include "runtime/extraction/early_end.hpp"

#include "support.hpp"

namespace lode {

using namespace lode::testing;

namespace {

constexpr int64_t second = 1'000'000;
const instant settled = at(1'000);

/// A page of records with these positions, in seconds.
page_descent page(std::initializer_list<int64_t> positions) {
  page_descent out;
  for (auto each : positions)
    out.see(each * second);
  return out;
}

/// A descent to the anchor at 500 s with a lookback of 60 s.
wire::descent to_anchor() {
  return begin_descent(3, slice_anchor{500 * second, {}, 3, {}}, std::chrono::seconds{60});
}

bool go_down(wire::descent& state, const page_descent& next, bool is_seam = false) {
  return descend(state, next, is_seam, settled);
}

TEST(early_end, is_below_the_anchor_and_the_lookback_and_not_before) {
  auto state = to_anchor();
  EXPECT_FALSE(go_down(state, page({900, 800})));
  EXPECT_FALSE(go_down(state, page({700, 500}))) << "what was the newest then, alone, may have been one of several";
  EXPECT_FALSE(go_down(state, page({450, 440}))) << "still within the lookback, and more may have this second";
  EXPECT_TRUE(go_down(state, page({440, 439})));
}

TEST(early_end, never_comes_where_nothing_is_known) {
  auto state = begin_descent(3, std::nullopt, std::chrono::seconds{60});
  EXPECT_FALSE(go_down(state, page({900, 1})));
  EXPECT_EQ(anchor_of(state)->position, 900 * second) << "but it leaves an anchor";
}

TEST(early_end, does_not_come_when_records_are_out_of_order) {
  auto within = to_anchor();
  EXPECT_FALSE(go_down(within, page({900, 100, 800})));
  EXPECT_FALSE(go_down(within, page({100, 50}))) << "the slice is read to its end";
  EXPECT_FALSE(anchor_of(within));
  auto between = to_anchor();
  EXPECT_FALSE(go_down(between, page({900, 800})));
  EXPECT_FALSE(go_down(between, page({850, 100})));
  EXPECT_FALSE(anchor_of(between));
}

TEST(early_end, does_not_come_by_a_record_that_has_no_position) {
  auto state = to_anchor();
  EXPECT_FALSE(go_down(state, page({900, 0})));
  EXPECT_FALSE(anchor_of(state));
}

TEST(early_end, takes_rows_that_were_pushed_down_for_the_repetition_that_they_are) {
  auto state = to_anchor();
  EXPECT_FALSE(go_down(state, page({900, 800, 700})));
  EXPECT_FALSE(go_down(state, page({800, 700, 600}), true));
  EXPECT_TRUE(go_down(state, page({600, 400}), true));
}

TEST(early_end, the_anchor_is_what_stood_at_the_top_whatever_came_below) {
  auto state = to_anchor();
  go_down(state, page({900, 800}));
  wire::descent resumed;
  ASSERT_TRUE(resumed.ParseFromString(state.SerializeAsString()));
  EXPECT_TRUE(go_down(resumed, page({700, 100})));
  auto anchor = anchor_of(resumed);
  ASSERT_TRUE(anchor);
  EXPECT_EQ(anchor->position, 900 * second);
  EXPECT_EQ(anchor->known_until, settled);
  EXPECT_EQ(anchor->edition, 3);
}

TEST(early_end, a_record_from_the_future_does_not_end_the_runs_until_then) {
  auto state = to_anchor();
  go_down(state, page({9'000, 100}));
  EXPECT_EQ(anchor_of(state)->position, settled.time_since_epoch().count());
}

TEST(early_end, does_not_come_where_the_top_is_below_the_anchor) {
  auto state = to_anchor();
  EXPECT_FALSE(go_down(state, page({300, 200}))) << "times ran back, or what stood there is gone";
  EXPECT_FALSE(go_down(state, page({200, 100})));
  EXPECT_EQ(anchor_of(state)->position, 300 * second);
}

TEST(early_end, tells_tokens_that_count_from_those_that_name_a_record) {
  for (auto token : {"3", R"("200")", R"("?page=3")", R"("http://a.test/x?limit=5&page_number=3")", R"("/x?pageNumber=3&limit=5")",
                     R"("/x?page%5Bnumber%5D=2")", R"("/x?page[offset]=20")", R"("/x?offset=200#top")", R"("/x?$skip=10")",
                     R"("/x?%24skip=10")", R"("/x?start=50")", R"("/x?startAt=50")", R"("/x?start_at=50")"})
    EXPECT_TRUE(is_position(token)) << token;
  for (auto token : {"", R"("")", R"("YWZ0ZXI6MTI")", R"("http://a.test/x?limit=100&after=12")", R"("/x?page=abc3")", R"("/x?page=")",
                     R"("/x?page")", R"("/page=3")", R"("/x?page[size]=3")", R"("/x?%")", R"({"id":3})"})
    EXPECT_FALSE(is_position(token)) << token;
}

TEST(early_end, a_slice_without_records_leaves_no_anchor) {
  auto state = to_anchor();
  EXPECT_FALSE(go_down(state, page({})));
  EXPECT_FALSE(anchor_of(state));
}

TEST(early_end, a_slice_that_begins_again_has_seen_nothing_yet) {
  auto state = to_anchor();
  go_down(state, page({900, 100, 800}));
  auto again = descend_again(state);
  EXPECT_FALSE(again.has_top());
  EXPECT_TRUE(go_down(again, page({950, 100})));
  EXPECT_EQ(anchor_of(again)->position, 950 * second);
}

/// Posts newest first, in a run that may end below 14:13:20 less a minute.
struct newest_first_page : reading, ::testing::Test {
  newest_first_page() : reading(graph_posts()) {
    stream().lode.is_newest_first = true;
    *state.mutable_newest_first() =
      begin_descent(3, slice_anchor{1'700'000'000 * second, {}, 3, {}}, std::chrono::seconds{60});
  }

  /// A page with a post of 22:13:00 of 2023-11-14 and one below the anchor.
  caf::expected<page_content> read_down() {
    return read(R"({"data":[{"id":"2","updated_time":"2023-11-14T22:13:00+0000"},{"id":"1","updated_time":"2023-11-14T22:12:19+0000"}],)"
                R"("paging":{"next":"http://graph.test/v19.0/next"}})");
  }

  /// A page with one post that was updated at this time of 2023-11-14.
  caf::expected<page_content> read_post(const std::string& time, bool has_next = true) {
    return read(R"({"data":[{"id":"1","updated_time":"2023-11-14T)" + time + R"(+0000"}])"
                + (has_next ? R"(,"paging":{"next":"http://graph.test/v19.0/next"}})" : "}"));
  }
};

TEST_F(newest_first_page, above_the_anchor_is_followed_by_the_next_one) {
  auto content = read_post("22:13:00");
  ASSERT_TRUE(content) << why(content);
  EXPECT_EQ(content->ending, page_ending::more);
  EXPECT_FALSE(content->anchor);
  EXPECT_TRUE(content->next_state.newest_first().has_top());
}

TEST_F(newest_first_page, below_the_anchor_ends_the_slice_and_says_that_it_was_not_read_to_its_end) {
  auto content = read_down();
  ASSERT_TRUE(content) << why(content);
  EXPECT_EQ(content->ending, page_ending::slice_ended);
  EXPECT_EQ(content->reason, "ended early: what follows is known from earlier runs");
  ASSERT_TRUE(content->anchor);
  EXPECT_EQ(content->anchor->position, 1'699'999'940 * second) << "no later than what has settled";
}

TEST_F(newest_first_page, of_an_api_that_tells_no_time_is_known_up_to_its_top) {
  stream().lode.settle_time = {};
  auto content = read_down();
  ASSERT_TRUE(content && content->anchor) << why(content);
  EXPECT_EQ(content->anchor->position, 1'699'999'980 * second);
  EXPECT_EQ(content->anchor->known_until, at(1'699'999'980));
  headers = {{"Date", "Tue, 14 Nov 2023 22:13:10 GMT"}};
  content = read_down();
  ASSERT_TRUE(content && content->anchor) << why(content);
  EXPECT_EQ(content->anchor->known_until, at(1'699'999'990));
}

TEST_F(newest_first_page, that_a_position_led_to_neither_ends_the_slice_nor_leaves_an_anchor) {
  for (auto token : {"3", R"("http://graph.test/v19.0/posts?limit=1&page=3")"}) {
    state.set_page_token(token);
    auto content = read_down();
    ASSERT_TRUE(content) << why(content);
    EXPECT_EQ(content->ending, page_ending::more) << token;
    EXPECT_TRUE(content->next_state.newest_first().is_broken()) << token;
  }
}

TEST_F(newest_first_page, that_loses_too_many_records_completes_nothing_and_leaves_no_anchor) {
  stream().lode.dead_limits.records = 0;
  slice = {at(1), at(2)};
  auto content = read(R"({"data":[{"id":"2","updated_time":"2023-11-14T22:13:00+0000"},{"updated_time":"2023-11-14T22:12:30+0000"}]})");
  ASSERT_TRUE(content) << why(content);
  EXPECT_EQ(content->ending, page_ending::failed);
  EXPECT_FALSE(content->anchor);
  EXPECT_TRUE(content->completed == slice_bounds{});
}

TEST_F(newest_first_page, that_is_the_last_one_leaves_an_anchor_without_a_reason) {
  auto content = read_post("22:13:00", false);
  ASSERT_TRUE(content) << why(content);
  EXPECT_EQ(content->reason, "");
  EXPECT_TRUE(content->anchor);
}

TEST_F(newest_first_page, of_a_slice_whose_rows_kept_shifting_neither_ends_it_nor_leaves_an_anchor) {
  state.set_suspect(true);
  auto content = read_down();
  ASSERT_TRUE(content) << why(content);
  EXPECT_EQ(content->ending, page_ending::more);
  content = read_post("22:12:19", false);
  EXPECT_EQ(content->ending, page_ending::failed);
  EXPECT_FALSE(content->anchor);
}

TEST_F(newest_first_page, that_the_error_rules_ignore_leaves_no_anchor) {
  EXPECT_FALSE(read_ignored_page(state, {}).anchor);
}

TEST_F(newest_first_page, whose_token_is_refused_begins_at_the_top_with_the_same_anchor) {
  auto content = read_post("22:13:00");
  auto again = begin_again(content->next_state);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->newest_first().has_top());
  EXPECT_EQ(again->newest_first().end_below(), state.newest_first().end_below());
}

TEST_F(newest_first_page, under_another_manifest_knows_no_anchor) {
  EXPECT_FALSE(first_state(state).has_newest_first());
}

} // namespace
} // namespace lode
