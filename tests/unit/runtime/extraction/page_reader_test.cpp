#include "runtime/extraction/page_reader.hpp"

#include <gmock/gmock.h>

#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "support.hpp"

namespace lode {

using namespace lode::testing;

namespace {

/// A stream without paging whose body is the list of records.
stream_plan plain_list() {
  stream_plan stream;
  stream.name = "things";
  stream.primary_key = {{"id"}};
  return stream;
}

TEST(page_reader_test, records_keep_the_text_that_the_api_sent) {
  auto page = reading{plain_list()}.read(R"([ {"id": "a", "n": 1.10, "t":"\u00e9\/"} , {"id":12345678901234567890} ])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->records.size(), 2u);
  EXPECT_EQ(page->records[0].key, "a");
  EXPECT_EQ(page->records[0].payload, R"({"id": "a", "n": 1.10, "t":"\u00e9\/"})");
  EXPECT_EQ(page->records[1].key, "12345678901234567890");
  EXPECT_EQ(page->records[0].hash, hash_of(R"({"id":"a","n":1.10,"t":"é/"})", 42));
  EXPECT_EQ(page->ending, page_ending::slice_ended);
  EXPECT_EQ(page->next_state.pages(), 1);
  EXPECT_EQ(page->next_state.records(), 2);
}

TEST(page_reader_test, what_a_strict_parser_refuses_spoils_no_page) {
  auto page = reading{plain_list()}.read(
    R"([{"id":1,"x":1e400},{"id":2,"x":"\ud800"},{"id":3,"x":99999999999999999999},{"id":4,"x":"\u0000"}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.size(), 4u);
  EXPECT_TRUE(page->dead.empty());
}

TEST(page_reader_test, ignored_fields_do_not_change_the_hash) {
  auto stream = plain_list();
  stream.lode.ignore = {{"views"}};
  reading one{stream};
  auto page = one.read(R"([{"id":1,"views":1},{"id":1,"views":2}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records[0].hash, page->records[1].hash);
  EXPECT_NE(page->records[0].payload, page->records[1].payload);
}

struct key_fact {
  const char* record;
  const char* key;    ///< null: dead
  const char* reason; ///< part of it
};

class key_table : public ::testing::TestWithParam<key_fact> {};

TEST_P(key_table, reads_keys_or_says_why_not) {
  auto page = reading{plain_list()}.read("[" + std::string{GetParam().record} + "]");
  ASSERT_TRUE(page) << why(page);
  if (GetParam().key) {
    ASSERT_EQ(page->records.size(), 1u) << page->dead[0].reason;
    EXPECT_EQ(page->records[0].key, GetParam().key);
    return;
  }
  ASSERT_EQ(page->dead.size(), 1u);
  EXPECT_THAT(page->dead[0].reason, ::testing::HasSubstr(GetParam().reason));
  EXPECT_EQ(page->dead[0].payload, GetParam().record);
  EXPECT_EQ(page->seen, 1);
}

INSTANTIATE_TEST_SUITE_P(
  keys, key_table,
  ::testing::Values(key_fact{R"({"id":"x"})", "x", ""}, key_fact{R"({"id":7})", "7", ""},
                    key_fact{R"({"id":"\u00e9\ud83d\ude00"})", "é😀", ""}, key_fact{R"({"id":true})", "true", ""},
                    key_fact{R"({"id":1,"id":2})", "2", ""}, key_fact{"{}", nullptr, "is missing"},
                    key_fact{R"({"id":null})", nullptr, "is null"}, key_fact{R"({"id":""})", nullptr, "is empty"},
                    key_fact{R"({"id":{}})", nullptr, "is an object"}, key_fact{R"({"id":[1]})", nullptr, "is a list"},
                    key_fact{R"({"id":"a\u0000"})", nullptr, "U+0000"},
                    key_fact{R"({"id":"\ud800"})", nullptr, "lone surrogate"},
                    key_fact{"17", nullptr, "an object is needed"}));

TEST(page_reader_test, a_key_that_is_too_long_is_a_dead_record) {
  auto page = reading{plain_list()}.read(R"([{"id":")" + std::string(1025, 'x') + R"("},{"id":")"
                                         + std::string(1024, 'x') + R"("}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->dead.size(), 1u);
  EXPECT_EQ(page->records.size(), 1u);
}

TEST(page_reader_test, a_record_that_is_nested_too_deep_is_dead_and_costs_no_other_of_its_page) {
  auto deep = std::string(5000, '[') + std::string(5000, ']');
  auto page = reading{plain_list()}.read(R"([{"id":1,"a":{"b":[)" + deep + R"(,2]},"c":3},{"id":2,"a":"]"}])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->dead.size(), 1u);
  EXPECT_NE(page->dead[0].reason.find("nested deeper than 1024 levels"), std::string::npos);
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].key, "2");
  EXPECT_FALSE(reading{plain_list()}.read("[" + std::string(5000, '[')));
}

TEST(page_reader_test, several_key_fields_are_a_json_array) {
  auto stream = plain_list();
  stream.primary_key = {{"a"}, {"b", "c"}};
  auto page = reading{stream}.read(R"([{"a":"x\"","b":{"c":1.0}}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records[0].key, R"(["x\"",1.0])");
}

struct shape_fact {
  std::vector<const char*> path;
  const char* body;
  int records; ///< -1: refused
};

class shape_table : public ::testing::TestWithParam<shape_fact> {};

TEST_P(shape_table, selects_what_the_manifest_declares) {
  auto stream = plain_list();
  for (auto element : GetParam().path)
    stream.selector.field_path.push_back(code(element));
  auto page = reading{stream}.read(GetParam().body);
  ASSERT_EQ(static_cast<bool>(page), GetParam().records >= 0) << why(page);
  if (page) {
    EXPECT_EQ(page->records.size(), static_cast<size_t>(GetParam().records));
  }
}

INSTANTIATE_TEST_SUITE_P(
  shapes, shape_table,
  ::testing::Values(
    shape_fact{{}, R"([{"id":1},{"id":2}])", 2}, shape_fact{{}, R"({"id":1})", 1}, shape_fact{{}, "[]", 0},
    shape_fact{{}, "{}", 0}, shape_fact{{}, "null", 0}, shape_fact{{}, "17", -1}, shape_fact{{}, R"("text")", -1},
    shape_fact{{"data"}, R"({"data":[{"id":1}]})", 1}, shape_fact{{"data"}, R"({"data":{"id":1}})", 1},
    shape_fact{{"data"}, R"({"data":null})", 0}, shape_fact{{"data"}, R"({"other":1})", 0},
    shape_fact{{"data"}, R"({"data":"text"})", -1}, shape_fact{{"data"}, R"({"error":{"message":"no"}})", -1},
    shape_fact{{"data", "items"}, R"({"data":[]})", 0}, shape_fact{{"data", "items"}, R"({"data":"x"})", -1},
    shape_fact{{"data", "1"}, R"({"data":[{"id":1},{"id":2}]})", 1},
    shape_fact{{"data"}, R"([{"data":[{"id":1}]},{"data":[{"id":2},{"id":3}]}])", 3},
    shape_fact{{"*"}, R"({"a":{"id":1},"b":{"id":2}})", 2},
    shape_fact{{"data", "*", "item"}, R"({"data":[{"item":{"id":1}},{"item":{"id":2}},{}]})", 2},
    shape_fact{{"**", "item"}, R"({"x":{"item":{"id":1}},"item":{"id":2}})", 2}));

TEST(page_reader_test, a_body_that_is_no_json_says_what_was_found) {
  EXPECT_THAT(why(reading{plain_list()}.read("<html>")), ::testing::HasSubstr("not JSON"));
  EXPECT_THAT(why(reading{plain_list()}.read(R"([{"id":1},)")), ::testing::HasSubstr("ends"));
  EXPECT_THAT(why(reading{plain_list()}.read("[\"\xff\"]")), ::testing::HasSubstr("UTF-8"));
  EXPECT_THAT(why(reading{plain_list()}.read("")), ::testing::HasSubstr("empty"));
}

// -- ordering and cursor -----------------------------------------------------------------------------------------------

TEST(page_reader_test, ordering_is_read_by_its_format) {
  auto page = reading{graph_posts()}.read(
    R"({"data":[{"id":"1","updated_time":"2024-05-01T10:20:30+0000"},{"id":"2","updated_time":null},
    {"id":"3","updated_time":"yesterday"}]})");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records[0].order_field, 1714558830'000000);
  EXPECT_EQ(page->records[1].order_field, 0);
  EXPECT_EQ(page->largest_order, 1714558830'000000);
  ASSERT_EQ(page->dead.size(), 1u);
  EXPECT_EQ(page->dead[0].key, "3");
}

TEST(page_reader_test, ordering_without_a_format_is_a_number_or_iso_text) {
  auto stream = plain_list();
  stream.lode.ordering_field = {"v"};
  auto page = reading{stream}.read(
    R"([{"id":1,"v":17},{"id":2,"v":17.9},{"id":3,"v":"2024-05-01T10:20:30.5Z"},{"id":4,"v":1e30}])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->records.size(), 3u);
  EXPECT_EQ(page->records[0].order_field, 17);
  EXPECT_EQ(page->records[1].order_field, 17);
  EXPECT_EQ(page->records[2].order_field, 1714558830'500000);
  EXPECT_EQ(page->dead.size(), 1u);
}

TEST(page_reader_test, the_largest_cursor_is_found) {
  auto stream = plain_list();
  stream.incremental.emplace();
  stream.incremental->cursor_field = code("at");
  stream.incremental->datetime_format = "%Y-%m-%d";
  stream.incremental->cursor_formats = {"%Y-%m-%dT%H:%M:%SZ"};
  auto page = reading{stream}.read(R"([{"id":1,"at":"2024-01-03"},{"id":2,"at":"2024-01-04T00:00:05Z"},{"id":3}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->largest_cursor, at(1704326405));
}

// -- streams without a key ---------------------------------------------------------------------------------------------

stream_plan log_lines() {
  auto stream = plain_list();
  stream.primary_key.clear();
  cursor_paging paging;
  paging.cursor_value = code("{{ headers['next'] }}");
  stream.paginator.strategy = paging;
  return stream;
}

TEST(unkeyed_stream_test, equal_records_are_counted_within_and_across_pages) {
  reading first{log_lines()};
  first.headers = {{"next", "p2"}};
  auto page = first.read(R"([{"l":"x"},{"l":"x"},{"l":"y"}])");
  ASSERT_TRUE(page) << why(page);
  auto x = to_text(hash_of(R"({"l":"x"})", 42));
  EXPECT_EQ(page->records[0].key, x + "/1");
  EXPECT_EQ(page->records[1].key, x + "/2");
  reading second{log_lines()};
  second.state = page->next_state;
  auto next = second.read(R"([{"l":"x"}])");
  ASSERT_TRUE(next) << why(next);
  EXPECT_EQ(next->records[0].key, x + "/3");
}

TEST(unkeyed_stream_test, keys_name_the_slice) {
  reading one{log_lines()};
  one.slice = {at(1), at(2)};
  auto page = one.read(R"([{"l":"x"}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_TRUE(page->records[0].key.starts_with("1000000-2000000/")) << page->records[0].key;
}

TEST(unkeyed_stream_test, equal_records_of_two_partitions_are_two_records) {
  reading first{log_lines()};
  first.partition = R"({"post":1})";
  reading second{log_lines()};
  second.partition = R"({"post":2})";
  auto one = first.read(R"([{"l":"x"}])");
  auto other = second.read(R"([{"l":"x"}])");
  ASSERT_TRUE(one && other) << why(one) << why(other);
  EXPECT_NE(one->records[0].key, other->records[0].key);
}

TEST(unkeyed_stream_test, what_is_too_much_to_remember_still_gets_keys_of_its_own) {
  std::string body = "[";
  for (int i = 0; i < 2049; ++i)
    body += (i ? ",{\"l\":" : "{\"l\":") + std::to_string(i) + "}";
  reading first{log_lines()};
  first.headers = {{"next", "p2"}};
  auto page = first.read(body + "]");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->next_state.occurrences_size(), 0);
  reading second{log_lines()};
  second.state = page->next_state;
  auto next = second.read(R"([{"l":0}])");
  ASSERT_TRUE(next) << why(next);
  EXPECT_NE(next->records[0].key, page->records[0].key);
}

TEST(unkeyed_stream_test, a_record_with_the_cursor_has_one_key_in_overlapping_slices) {
  auto stream = log_lines();
  stream.incremental.emplace();
  stream.incremental->cursor_field = code("t");
  stream.incremental->cursor_formats = {"%s"};
  reading first{stream};
  first.slice = {at(1), at(20)};
  reading second{stream};
  second.slice = {at(5), at(30)};
  auto one = first.read(R"([{"l":"x","t":"10"}])");
  auto other = second.read(R"([{"l":"x","t":"10"}])");
  ASSERT_TRUE(one && other) << why(one) << why(other);
  EXPECT_EQ(one->records[0].key, other->records[0].key);
}

// -- what is known of the API's clock ----------------------------------------------------------------------------------

struct completed_slice : ::testing::Test {
  page_content read(std::string date) {
    reading one{plain_list()};
    one.stream().lode.settle_time = std::chrono::seconds{60};
    one.slice = {at(1'000'000'000), at(1'000'000'300)};
    one.headers = {{"Date", std::move(date)}};
    return one.read("[]").value();
  }
};

TEST_F(completed_slice, ends_with_the_slice_when_the_api_has_passed_it) {
  EXPECT_EQ(read("Sun, 09 Sep 2001 02:00:00 GMT").completed, (slice_bounds{at(1'000'000'000), at(1'000'000'300)}));
}

TEST_F(completed_slice, ends_where_the_api_s_own_clock_has_settled_when_ours_runs_ahead) {
  EXPECT_EQ(read("Sun, 09 Sep 2001 01:50:00 GMT").completed, (slice_bounds{at(1'000'000'000), at(1'000'000'140)}));
}

TEST_F(completed_slice, is_empty_when_the_api_has_not_reached_it) {
  auto page = read("Sun, 09 Sep 2001 01:46:00 GMT");
  EXPECT_EQ(page.completed.to, page.completed.from);
}

// -- filters and transformations ---------------------------------------------------------------------------------------

TEST(transformation_test, filtered_records_are_seen_but_not_kept) {
  auto stream = plain_list();
  stream.selector.filter = code("{{ record.kind == 'a' }}");
  auto page = reading{stream}.read(R"([{"id":1,"kind":"a"},{"id":2,"kind":"b"}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->seen, 2);
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].payload, R"({"id":1,"kind":"a"})");
}

TEST(transformation_test, added_fields_see_earlier_ones_and_untouched_numbers_keep_their_text) {
  auto stream = plain_list();
  add_fields add;
  add.fields.push_back({{code("a"), code("b")}, code("{{ record.id }}"), added_field::type::any, {}});
  add.fields.push_back({{code("c")}, code("{{ record.a.b + 1 }}"), added_field::type::any, {}});
  add.fields.push_back({{code("d")}, code("{{ record.id }}"), added_field::type::text, {}});
  stream.transformations = {add, remove_fields{{{"gone"}, {"list", "0"}}, {}}};
  auto page = reading{stream}.read(R"([{"id":1,"price":1.10,"gone":2,"list":[1,2]}])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].payload, R"({"id":1,"price":1.10,"list":[null,2],"a":{"b":1},"c":2,"d":"1"})");
}

TEST(transformation_test, a_record_that_breaks_a_template_dies_alone) {
  auto stream = plain_list();
  add_fields add;
  add.fields.push_back({{code("n")}, code("{{ record.a + 1 }}"), added_field::type::any, {}});
  stream.transformations = {add};
  auto page = reading{stream}.read(R"([{"id":1,"a":1},{"id":2,"a":null},{"id":3,"a":3}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.size(), 2u);
  ASSERT_EQ(page->dead.size(), 1u);
  EXPECT_EQ(page->dead[0].payload, R"({"id":2,"a":null})");
}

TEST(paging_template_test, a_response_that_breaks_it_fails_the_slice_but_keeps_the_records) {
  auto stream = log_lines();
  std::get<cursor_paging>(stream.paginator.strategy).cursor_value = code("{{ response['next'] + 1 }}");
  auto page = reading{stream}.read(R"([{"l":"x"}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->ending, page_ending::failed);
  EXPECT_EQ(page->records.size(), 1u);
  EXPECT_THAT(page->reason, ::testing::HasSubstr("cursor_value"));
}

// -- children ----------------------------------------------------------------------------------------------------------

TEST(child_test, every_record_of_the_page_opens_its_partition_once) {
  reading one{plain_list()};
  one.stream().is_parent = true;
  stream_plan child;
  child.routers = {substream_router{{{0, code("ref.id"), "parent_id", {}, false, {}}}},
                   list_router{std::vector<std::string>{"x", "y"}, "kind", {}}};
  one.source.streams.push_back(child);
  auto page = one.read(R"([{"id":1,"ref":{"id":"p\u00e9"}},{"id":2,"ref":{"id":"pé"}},{"ref":{"id":7}},{"id":4}])");
  ASSERT_TRUE(page) << why(page);
  std::vector<std::string> partitions;
  for (const auto& partition : page->children)
    partitions.push_back(partition.partition);
  EXPECT_THAT(partitions, ::testing::ElementsAre(R"({"kind":"x","parent_id":"pé"})", R"({"kind":"y","parent_id":"pé"})",
                                                 R"({"kind":"x","parent_id":7})", R"({"kind":"y","parent_id":7})"));
}

TEST(child_test, grandchildren_carry_the_partition_of_their_parent) {
  reading one{plain_list()};
  one.stream().is_parent = true;
  one.partition = R"({"a":1})";
  stream_plan child;
  child.routers = {substream_router{{{0, code("id"), "b", {}, false, {}}}}};
  one.source.streams.push_back(child);
  auto page = one.read(R"([{"id":2}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->children[0].partition, R"({"b":2,"parent_slice":{"a":1}})");
}

} // namespace

} // namespace lode
