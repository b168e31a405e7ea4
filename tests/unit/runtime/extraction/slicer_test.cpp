#include "runtime/extraction/slicer.hpp"

#include <gmock/gmock.h>

#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "support.hpp"

namespace lode {

using namespace lode::testing;
using namespace std::chrono_literals;

namespace {

constexpr int64_t january = 1704067200; // 2024-01-01
constexpr int64_t day = 86400;

struct slicer_test : ::testing::Test {
  slicer_test() {
    stream.incremental.emplace();
    auto& plan = *stream.incremental;
    plan.cursor_field = code("updated");
    plan.datetime_format = "%Y-%m-%d";
    plan.start.datetime = code("{{ config['start'] }}");
  }

  std::string slices() {
    auto planned = plan_slices(stream, {config, "", cursor, now, server_date});
    if (!planned)
      return "refused: " + why(planned);
    std::string text;
    for (const auto& slice : *planned) {
      auto printed = printed_bounds(slice.first, slice.bounds);
      text += (text.empty() ? "" : " ") + print_bound(*stream.incremental, printed.from) + ".."
              + print_bound(*stream.incremental, printed.to);
    }
    return text;
  }

  void step(const char* length, const char* granularity) {
    stream.incremental->step = code(length);
    stream.incremental->granularity = code(granularity);
  }

  stream_plan stream;
  expression::value config = json(R"({"start":"2024-01-01"})");
  std::optional<instant> cursor;
  std::optional<instant> server_date;
  instant now = at(january + 10 * day + 60);
};

TEST_F(slicer_test, without_a_step_there_is_one_slice) {
  EXPECT_EQ(slices(), "2024-01-01..2024-01-11");
}

TEST_F(slicer_test, inner_slices_end_one_granularity_earlier_but_their_bounds_touch) {
  step("P4D", "P1D");
  EXPECT_EQ(slices(), "2024-01-01..2024-01-04 2024-01-05..2024-01-08 2024-01-09..2024-01-11");
  auto planned = plan_slices(stream, {config, "", cursor, now, server_date});
  ASSERT_TRUE(planned);
  EXPECT_EQ((*planned)[0].bounds.to, (*planned)[1].bounds.from);
  EXPECT_EQ((*planned)[1].bounds.to, (*planned)[2].bounds.from);
}

TEST_F(slicer_test, months_are_calendar_months) {
  now = at(january + 70 * day);
  step("P1M", "P1D");
  EXPECT_EQ(slices(), "2024-01-01..2024-01-31 2024-02-01..2024-02-29 2024-03-01..2024-03-10");
}

TEST_F(slicer_test, the_end_is_settle_time_before_the_earlier_of_both_clocks) {
  server_date = at(january + 5 * day);
  EXPECT_EQ(slices(), "2024-01-01..2024-01-05");
  server_date = at(january + 50 * day);
  stream.lode.settle_time = 24h;
  EXPECT_EQ(slices(), "2024-01-01..2024-01-10");
}

TEST_F(slicer_test, an_end_in_the_future_waits_for_the_settle_time_too) {
  stream.incremental->end = datetime_bound{code("2030-01-01"), "", {}, {}};
  EXPECT_EQ(slices(), "2024-01-01..2024-01-11");
  stream.incremental->end = datetime_bound{code("2024-01-03"), "", {}, {}};
  EXPECT_EQ(slices(), "2024-01-01..2024-01-03");
}

TEST_F(slicer_test, a_run_goes_on_at_the_cursor_with_lookback_and_settle_time_but_not_before_the_start) {
  cursor = at(january + 8 * day);
  EXPECT_EQ(slices(), "2024-01-08..2024-01-11") << "overlaps by the settle time";
  stream.lode.settle_time = 0s;
  EXPECT_EQ(slices(), "2024-01-09..2024-01-11");
  stream.incremental->lookback = code("P3D");
  EXPECT_EQ(slices(), "2024-01-06..2024-01-11");
  stream.incremental->lookback = code("P300D");
  EXPECT_EQ(slices(), "2024-01-01..2024-01-11");
  cursor = at(january - day);
  stream.incremental->lookback.reset();
  EXPECT_EQ(slices(), "2024-01-01..2024-01-11");
}

TEST_F(slicer_test, a_window_without_length_has_no_slice) {
  now = at(january);
  EXPECT_EQ(slices(), "");
}

TEST_F(slicer_test, bounds_respect_minimum_and_maximum) {
  stream.incremental->start.minimum = code("2024-01-03");
  stream.incremental->end = datetime_bound{code("2024-01-09"), "", {}, code("2024-01-05")};
  EXPECT_EQ(slices(), "2024-01-03..2024-01-05");
}

TEST_F(slicer_test, what_cannot_be_sliced_is_refused) {
  config = json(R"({"start":"soon"})");
  EXPECT_THAT(slices(), ::testing::HasSubstr("start_datetime"));
  config = json(R"({"start":"2024-01-01"})");
  step("PT0.0001S", "PT0S");
  EXPECT_THAT(slices(), ::testing::HasSubstr("step"));
}

TEST_F(slicer_test, a_stream_without_a_cursor_is_one_whole_slice) {
  stream.incremental.reset();
  auto planned = plan_slices(stream, {config, "", cursor, now, server_date});
  ASSERT_TRUE(planned);
  ASSERT_EQ(planned->size(), 1u);
  EXPECT_TRUE((*planned)[0].bounds.is_whole());
}

TEST(partition_test, list_routers_make_their_product) {
  stream_plan stream;
  EXPECT_THAT(*initial_partitions(stream, json("{}"), at(0)), ::testing::ElementsAre(""));
  stream.routers = {list_router{std::vector<std::string>{"x", "y"}, "b", {}},
                    list_router{code("{{ config['l'] }}"), "a", {}}};
  EXPECT_THAT(
    *initial_partitions(stream, json(R"({"l":[1,"z"]})"), at(0)),
    ::testing::ElementsAre(R"({"a":1,"b":"x"})", R"({"a":"z","b":"x"})", R"({"a":1,"b":"y"})", R"({"a":"z","b":"y"})"));
  EXPECT_FALSE(initial_partitions(stream, json(R"({"l":"text"})"), at(0)));
  stream.routers.push_back(substream_router{});
  EXPECT_TRUE(initial_partitions(stream, json("{}"), at(0))->empty());
}

TEST(http_date_test, is_read) {
  EXPECT_EQ(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), at(784111777));
  EXPECT_FALSE(read_http_date("yesterday"));
}

TEST(continuation_codec_test, states_survive_sealing) {
  auto reversed = [](std::string_view text) {
    return caf::expected<std::string>{std::string{text.rbegin(), text.rend()}};
  };
  continuation_codec codec{reversed, reversed};
  wire::continuation_state state;
  state.set_page_token("\"x\"");
  auto sealed = codec.encode(state);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(codec.decode(*sealed)->page_token(), "\"x\"");
  EXPECT_EQ(codec.decode("")->page_token(), "");
  EXPECT_EQ(codec.decode("\x01\xff\xff").error(), errc::internal);
}

} // namespace

} // namespace lode
