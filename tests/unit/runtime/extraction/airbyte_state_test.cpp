#include "runtime/extraction/airbyte_state.hpp"

#include <gmock/gmock.h>

#include "runtime/extraction/airbyte_message.hpp"
#include "support.hpp"

namespace lode {

using namespace lode::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace {

constexpr int64_t january = 1704067200; // 2024-01-01

stream_plan incremental(const std::string& name, const std::string& cursor_field) {
  stream_plan stream;
  stream.name = name;
  stream.incremental.emplace();
  stream.incremental->cursor_field = code(cursor_field);
  stream.incremental->datetime_format = "%Y-%m-%dT%H:%M:%SZ";
  stream.incremental->start.datetime = code("2020-01-01T00:00:00Z");
  return stream;
}

/// A source with `contacts` (no partitions), `orders` (per region), `lines` (per order, a sub-stream) and `tags` (no cursor).
struct airbyte_state_test : ::testing::Test {
  airbyte_state_test() {
    source.streams.push_back(incremental("contacts", "updatedAt"));
    source.streams[0].incremental->cursor_formats = {"%ms", "%Y-%m-%d"};
    source.streams.push_back(incremental("orders", "{{ config['field'] }}"));
    source.streams[1].routers = {list_router{std::vector<std::string>{"eu", "us"}, "region", {}}};
    source.streams.push_back(incremental("lines", "changed"));
    source.streams[2].routers = {substream_router{{{1, code("id"), "order_id", {}, false, {}}}}};
    source.streams.push_back({});
    source.streams[3].name = "tags";
  }

  caf::expected<std::vector<imported_cursor>> read(std::string_view text) {
    return read_airbyte_state(text, {source, config, {"contacts", "orders", "lines", "tags"}, at(january)});
  }

  std::vector<imported_cursor> cursors(std::string_view text) {
    auto read_ones = read(text);
    EXPECT_TRUE(read_ones) << why(read_ones);
    return read_ones ? *read_ones : std::vector<imported_cursor>{};
  }

  std::string refusal(std::string_view text) { return why(read(text)); }

  /// A list with one state of `stream`.
  static std::string state_of(const std::string& stream, const std::string& state) {
    return R"([{"type":"STREAM","stream":{"stream_descriptor":{"name":")" + stream + R"("},"stream_state":)" + state
           + "}}]";
  }

  source_plan source;
  expression::value config = json(R"({"field":"updated"})");
};

const imported_cursor january_contacts{"contacts", "", at(january)};
constexpr auto january_state = R"({"updatedAt":"2024-01-01T00:00:00Z"})";

} // namespace

TEST_F(airbyte_state_test, every_form_of_a_state_says_the_same) {
  const std::string state = january_state;
  const auto inner =
    R"({"type":"STREAM","stream":{"stream_descriptor":{"name":"contacts"},"stream_state":)" + state + "}}";
  for (const auto& text : {
         state_of("contacts", state),
         inner,
         R"({"type":"STATE","state":)" + inner + "}",
         R"([{"type":"STATE","state":)" + inner + "}]",
         R"({"type":"STATE","state":{"contacts":)" + state + "}}",
         R"({"type":"STATE","state":{"type":"LEGACY","data":{"contacts":)" + state + "}}}",
         R"({"contacts":)" + state + "}",
         R"([{"streamDescriptor":{"name":"contacts"},"streamState":)" + state + "}]",
         R"({"stateType":"stream","streamState":[{"streamDescriptor":{"name":"contacts"},"streamState":)" + state
           + "}]}",
       })
    EXPECT_THAT(cursors(text), ElementsAre(january_contacts)) << text;
}

TEST_F(airbyte_state_test, of_a_connectors_output_the_last_state_of_each_stream_counts) {
  const auto line = [](const std::string& day) {
    return R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"contacts"},)"
           R"("stream_state":{"updatedAt":"2024-01-)"
           + day + "T00:00:00Z\"}}}}\n";
  };
  auto text = R"({"type":"LOG","log":{"level":"INFO","message":"x"}})"
              "\n"
              + line("07") + "\n"
              + R"({"type":"RECORD","record":{"stream":"contacts","data":{}}})"
                "\n"
              + line("01");
  EXPECT_THAT(cursors(text), ElementsAre(january_contacts));
}

TEST_F(airbyte_state_test, a_datetime_is_read_by_the_declared_formats_in_their_order) {
  for (auto moment : {"1704067200000", "\"1704067200000\"", "\"2024-01-01\"", "\"2024-01-01T00:00:00Z\""})
    EXPECT_THAT(cursors(state_of("contacts", "{\"updatedAt\":" + std::string{moment} + "}")),
                ElementsAre(january_contacts))
      << moment;
}

TEST_F(airbyte_state_test, states_of_partitions_are_taken_over_one_by_one) {
  auto found =
    cursors(state_of("orders", R"({"use_global_cursor":false,"state":{"updated":"2024-02-01T00:00:00Z"},"states":[
    {"partition":{"region":"us","parent_slice":{}},"cursor":{"updated":"2024-01-01T00:00:00Z"}}]})"));
  EXPECT_THAT(found, ElementsAre(imported_cursor{"orders", R"({"region":"us"})", at(january)}))
    << "a partition without a state is read from the start";
}

TEST_F(airbyte_state_test, the_partitions_of_a_sub_stream_keep_their_parents) {
  auto found = cursors(state_of("lines", R"({"parent_state":{"orders":{}},"states":[
    {"partition":{"order_id":7,"parent_slice":{"region":"eu","parent_slice":{}}},"cursor":{"changed":"2024-01-01T00:00:00Z"}},
    {"partition":{"parent_slice":{},"order_id":"8"},"cursor":{"changed":"2024-01-01T00:00:01Z"}}]})"));
  EXPECT_THAT(found,
              ElementsAre(imported_cursor{"lines", R"({"order_id":"8"})", at(january + 1)},
                          imported_cursor{"lines", R"({"order_id":7,"parent_slice":{"region":"eu"}})", at(january)}));
}

TEST_F(airbyte_state_test, one_cursor_for_all_partitions_becomes_one_of_each_less_its_lookback) {
  auto both = ElementsAre(imported_cursor{"orders", R"({"region":"eu"})", at(january)},
                          imported_cursor{"orders", R"({"region":"us"})", at(january)});
  EXPECT_THAT(cursors(state_of("orders", R"({"updated":"2024-01-01T00:00:00Z"})")), both);
  EXPECT_THAT(cursors(state_of("orders", R"({"use_global_cursor":true,"lookback_window":60,"states":[],
    "state":{"updated":"2024-01-01T00:01:00Z"}})")),
              both);
}

TEST_F(airbyte_state_test, a_state_that_keeps_spans_ends_where_the_only_one_ends) {
  EXPECT_THAT(cursors(state_of("contacts",
                               R"({"state_type":"date-range","slices":[{"start":"2020-01-01","end":"2024-01-01"}]})")),
              ElementsAre(january_contacts));
  EXPECT_THAT(cursors(state_of("contacts", R"({"state_type":"date-range","slices":[
    {"start":"2020-01-01","end":"2024-03-01","most_recent_cursor_value":"2024-01-01"}]})")),
              ElementsAre(january_contacts));
  EXPECT_THAT(refusal(state_of("contacts",
                               R"({"state_type":"date-range","slices":[{"end":"2021-01-01"},{"end":"2024-01-01"}]})")),
              HasSubstr("other than one slice"));
}

TEST_F(airbyte_state_test, a_state_of_a_full_refresh_says_nothing) {
  EXPECT_THAT(cursors(state_of("tags", R"({"__ab_no_cursor_state_message":true})")), IsEmpty());
  EXPECT_THAT(cursors(state_of("contacts", "{}")), IsEmpty());
  EXPECT_THAT(cursors(state_of("contacts", "null")), IsEmpty());
}

TEST_F(airbyte_state_test, every_entry_that_cannot_be_taken_over_is_named_with_what_was_expected) {
  auto text = refusal(R"({"contact":{"updatedAt":"2024-01-01"},"contacts":{"updated_at":"2024-01-01"},
    "orders":{"updated":"yesterday"},"tags":{"updatedAt":"2024-01-01"}})");
  EXPECT_THAT(
    text, AllOf(HasSubstr("stream contact: the source has no such stream, did you mean contacts?"),
                HasSubstr("stream contacts: found updated_at, expected its cursor field updatedAt"),
                HasSubstr(
                  "stream orders: found updated = \"yesterday\", expected a datetime in the format %Y-%m-%dT%H:%M:%SZ"),
                HasSubstr("stream tags: found a state with updatedAt, but it has no cursor")));
}

TEST_F(airbyte_state_test, one_wrong_entry_refuses_the_good_ones_too) {
  EXPECT_FALSE(read(R"({"contacts":{"updatedAt":"2024-01-01"},"orders":{"updated":"yesterday"}})"));
}

TEST_F(airbyte_state_test, a_stream_that_the_connection_does_not_mine_is_refused) {
  auto refused = read_airbyte_state(state_of("contacts", january_state), {source, config, {"orders"}, at(january)});
  EXPECT_THAT(why(refused), HasSubstr("stream contacts: this connection does not mine it; it mines orders"));
}

TEST_F(airbyte_state_test, partitions_that_do_not_fit_are_refused) {
  const auto orders = [](const std::string& partition) {
    return state_of("orders",
                    R"({"states":[{"partition":)" + partition + R"(,"cursor":{"updated":"2024-01-01T00:00:00Z"}}]})");
  };
  EXPECT_THAT(refusal(orders(R"({"country":"eu"})")),
              HasSubstr("found the partition {\"country\":\"eu\"}, expected the fields region"));
  EXPECT_THAT(refusal(orders(R"({"parent_slice":{"a":1}})")), HasSubstr("expected the fields region"));
  EXPECT_THAT(refusal(orders("5")), HasSubstr("expected {\"partition\":{...},\"cursor\":{...}}"));
  EXPECT_THAT(refusal(state_of("contacts", R"({"states":[]})")),
              HasSubstr("found states of partitions, but it has none"));
  EXPECT_THAT(refusal(state_of("lines", R"({"changed":"2024-01-01T00:00:00Z"})")), HasSubstr("one per partition"));
}

TEST_F(airbyte_state_test, what_is_no_state_is_refused_with_the_forms_that_are) {
  for (auto text :
       {"", "[]", "5", "{}", "not json", R"({"type":"STATE"})", R"({"type":"LOG","log":{}})", R"([{"type":"STREAM"}])",
        R"({"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{}}}})"})
    EXPECT_THAT(refusal(text), HasSubstr("expected a list of {\"type\":\"STREAM\"")) << text;
  EXPECT_THAT(refusal("{\"type\":\"LOG\"}\nnonsense"), HasSubstr("line 2 is not JSON"));
}

TEST_F(airbyte_state_test, an_answer_names_a_bounded_number_of_mistakes) {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += (i ? "," : "{") + ("\"none" + std::to_string(i) + "\":{}");
  EXPECT_THAT(refusal(text + "}"), AllOf(HasSubstr("and 10 more"), Not(HasSubstr("none25"))));
}

} // namespace lode
