#include "runtime/extraction/paginator.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace lode {

using namespace lode::testing;

namespace {

std::string ids(std::initializer_list<int> numbers) {
  std::string body;
  for (auto number : numbers)
    body += (body.empty() ? "[{\"id\":" : ",{\"id\":") + std::to_string(number) + "}";
  return body.empty() ? "[]" : body + "]";
}

stream_plan numbered(std::optional<program> size = code("3"), int64_t from = 1) {
  stream_plan stream;
  stream.primary_key = {{"id"}};
  stream.paginator = {
    page_number_paging{std::move(size), from, false}, into(request_option::place::parameter, "page"), {}};
  return stream;
}

stream_plan offsets(std::optional<program> size = code("3")) {
  stream_plan stream;
  stream.primary_key = {{"id"}};
  stream.paginator = {offset_paging{std::move(size), false}, into(request_option::place::parameter, "offset"), {}};
  return stream;
}

/// Reads pages one after the other, as a miner does.
struct paging_test : ::testing::Test {
  page_content read(stream_plan stream, std::string_view body, std::vector<http_header> headers = {}) {
    reading one{std::move(stream)};
    one.state = state;
    one.headers = std::move(headers);
    one.slice = slice;
    auto page = one.read(body);
    EXPECT_TRUE(page) << why(page);
    if (!page)
      return {};
    state = page->next_state;
    return *page;
  }

  wire::continuation_state state;
  slice_bounds slice;
  int tokens = 0;
};

// -- cursors -----------------------------------------------------------------------------------------------------------

TEST_F(paging_test, next_links_are_followed_without_their_credentials) {
  auto page = read(
    graph_posts(),
    R"({"data":[{"id":"1"}],"paging":{"next":"http://graph.test/v19.0/17/posts?access_token=SECRET&limit=100&after=b%3D"}})");
  EXPECT_EQ(page.ending, page_ending::more);
  EXPECT_EQ(state.page_token(), R"("http://graph.test/v19.0/17/posts?limit=100&after=b%3D")");
}

TEST_F(paging_test, a_missing_next_link_ends_the_slice) {
  EXPECT_EQ(read(graph_posts(), R"({"data":[],"paging":{}})").ending, page_ending::slice_ended);
  EXPECT_EQ(read(graph_posts(), R"({"data":[]})").ending, page_ending::slice_ended);
}

TEST_F(paging_test, a_link_header_is_a_map_of_relations) {
  auto stream = graph_posts();
  cursor_paging paging;
  paging.cursor_value = code("{{ headers['link']['next']['url'] }}");
  paging.stop_condition = code("{{ 'next' not in headers['link'] }}");
  stream.paginator.strategy = paging;
  stream.selector.field_path.clear();
  auto page =
    read(stream, ids({1}), {{"Link", R"(<http://h/a?x=1,2>; rel="previous", <http://h/b?page_info=z>; rel="next")"}});
  EXPECT_EQ(page.ending, page_ending::more);
  EXPECT_EQ(state.page_token(), R"("http://h/b?page_info=z")");
  EXPECT_EQ(read(stream, ids({2}), {{"Link", R"(<http://h/a>; rel="previous")"}}).ending, page_ending::slice_ended);
}

TEST_F(paging_test, the_last_record_may_be_the_cursor) {
  stream_plan stream;
  stream.primary_key = {{"id"}};
  cursor_paging paging;
  paging.cursor_value = code("{{ last_record['id'] }}");
  paging.stop_condition = code("{{ last_page_size < 2 }}");
  stream.paginator.strategy = paging;
  read(stream, ids({4, 5}));
  EXPECT_EQ(state.page_token(), "5");
  EXPECT_EQ(read(stream, ids({6})).ending, page_ending::slice_ended);
}

stream_plan header_cursor() {
  stream_plan stream;
  stream.primary_key = {{"id"}};
  cursor_paging paging;
  paging.cursor_value = code("{{ headers.get('next') }}");
  stream.paginator.strategy = paging;
  return stream;
}

TEST_F(paging_test, the_same_token_twice_in_a_row_fails_the_page) {
  EXPECT_EQ(read(header_cursor(), ids({1}), {{"next", "t"}}).ending, page_ending::more);
  auto page = read(header_cursor(), ids({2}), {{"next", "t"}});
  EXPECT_EQ(page.ending, page_ending::failed);
  EXPECT_THAT(page.reason, ::testing::HasSubstr("page token"));
  EXPECT_EQ(page.records.size(), 1u);
}

class page_cycle : public paging_test, public ::testing::WithParamInterface<int> {};

TEST_P(page_cycle, under_ever_new_tokens_is_noticed_however_long_it_is) {
  for (int i = 0; i < 16 * GetParam() + 16; ++i)
    if (read(header_cursor(), ids({i % GetParam()}), {{"next", "t" + std::to_string(i)}}).ending
        == page_ending::failed) {
      EXPECT_GE(i, 2 * GetParam()) << "two rounds must have passed";
      return;
    }
  ADD_FAILURE() << "the cycle was never noticed";
}

INSTANTIATE_TEST_SUITE_P(lengths, page_cycle, ::testing::Values(1, 2, 3, 7, 100));

TEST_F(paging_test, a_page_that_comes_again_once_because_rows_shifted_is_no_circle) {
  for (int i : {1, 2, 2, 3, 4, 5, 6, 7, 8, 9})
    EXPECT_EQ(read(header_cursor(), ids({i, i + 100}), {{"next", "t" + std::to_string(++tokens)}}).ending,
              page_ending::more);
}

TEST_F(paging_test, empty_pages_under_new_tokens_are_no_circle) {
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(read(header_cursor(), "[]", {{"next", "t" + std::to_string(i)}}).ending, page_ending::more);
}

TEST_F(paging_test, equal_pages_of_a_stream_without_a_key_are_a_circle_only_after_a_hundred) {
  auto stream = header_cursor();
  stream.primary_key.clear();
  int pages = 0;
  while (pages < 1000
         && read(stream, R"([{"l":"x"}])", {{"next", "t" + std::to_string(pages)}}).ending == page_ending::more)
    ++pages;
  EXPECT_GE(pages, 100);
  EXPECT_LT(pages, 1000);
}

class token_cycle : public paging_test, public ::testing::WithParamInterface<int> {};

TEST_P(token_cycle, is_noticed_however_long_it_is) {
  for (int i = 0; i < 8 * GetParam() + 40; ++i)
    if (read(header_cursor(), ids({i}), {{"next", "t" + std::to_string(i < 5 ? i : 5 + i % GetParam())}}).ending
        == page_ending::failed) {
      EXPECT_GT(i, GetParam());
      EXPECT_LE(state.seen_tokens_size(), 32);
      return;
    }
  ADD_FAILURE() << "the cycle was never noticed";
}

INSTANTIATE_TEST_SUITE_P(lengths, token_cycle, ::testing::Values(2, 3, 31, 33, 100));

TEST_F(paging_test, many_different_tokens_are_no_cycle) {
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(read(header_cursor(), ids({i}), {{"next", "t" + std::to_string(i)}}).ending, page_ending::more);
}

// -- offsets -----------------------------------------------------------------------------------------------------------

TEST_F(paging_test, offset_pages_overlap_by_one_record) {
  EXPECT_EQ(read(offsets(), ids({1, 2, 3})).ending, page_ending::more);
  EXPECT_EQ(state.page_token(), "2");
  EXPECT_EQ(read(offsets(), ids({3, 4, 5})).ending, page_ending::more);
  EXPECT_EQ(state.page_token(), "4");
  EXPECT_EQ(read(offsets(), ids({5, 6})).ending, page_ending::slice_ended);
}

TEST_F(paging_test, a_page_with_only_the_seam_ends_an_offset_slice_without_page_size) {
  read(offsets(std::nullopt), ids({1, 2, 3}));
  EXPECT_EQ(read(offsets(std::nullopt), ids({3})).ending, page_ending::slice_ended);
}

TEST_F(paging_test, an_offset_page_of_one_record_cannot_overlap_and_goes_on) {
  EXPECT_EQ(read(offsets(code("1")), ids({1})).ending, page_ending::more);
  EXPECT_EQ(state.page_token(), "1");
}

TEST_F(paging_test, a_deleted_record_shows_at_the_seam_of_offset_pages) {
  read(offsets(), ids({1, 2, 3}));
  auto page = read(offsets(), ids({4, 5, 6})); // 1 was deleted: 3 moved to the page before
  EXPECT_EQ(page.ending, page_ending::slice_again);
  EXPECT_EQ(page.records.size(), 3u);
  EXPECT_EQ(state.page_token(), "");
  EXPECT_EQ(state.rereads(), 1);
}

TEST_F(paging_test, an_inserted_record_only_repeats_known_ones_under_offset_paging) {
  read(offsets(), ids({1, 2, 3}));
  EXPECT_EQ(read(offsets(), ids({2, 3, 4})).ending, page_ending::more); // one was inserted before 1
  EXPECT_EQ(state.page_token(), "4");
}

TEST_F(paging_test, an_inserted_record_would_be_counted_twice_in_a_stream_without_a_key) {
  auto stream = offsets();
  stream.primary_key.clear();
  read(stream, ids({1, 2, 3}));
  EXPECT_EQ(read(stream, ids({2, 3, 4})).ending, page_ending::slice_again);
}

TEST_F(paging_test, equal_pages_of_a_stream_without_a_key_are_no_api_that_ignores_the_offset) {
  auto stream = offsets();
  stream.primary_key.clear();
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(read(stream, ids({1, 1, 1})).ending, page_ending::more);
}

TEST_F(paging_test, an_empty_page_where_the_seam_should_be_is_a_shift) {
  read(offsets(), ids({1, 2, 3}));
  EXPECT_EQ(read(offsets(), "[]").ending, page_ending::slice_again);
}

TEST_F(paging_test, rows_that_keep_shifting_end_as_a_suspect_slice) {
  for (int i = 0; i < 3; ++i) {
    read(offsets(), ids({1, 2, 3}));
    ASSERT_EQ(read(offsets(), ids({4, 5, 6})).ending, page_ending::slice_again);
  }
  read(offsets(), ids({1, 2, 3}));
  EXPECT_EQ(read(offsets(), ids({4, 5, 6})).ending, page_ending::more);
  auto page = read(offsets(), ids({6}));
  EXPECT_EQ(page.ending, page_ending::failed) << "the interval stays owed";
  EXPECT_THAT(page.reason, ::testing::HasSubstr("shifting"));
}

TEST_F(paging_test, an_api_that_ignores_the_offset_is_noticed) {
  read(offsets(), ids({1, 2, 3}));
  EXPECT_EQ(read(offsets(), ids({1, 2, 3})).ending, page_ending::failed);
}

TEST_F(paging_test, the_seam_of_a_stream_without_a_key_is_not_counted_twice) {
  auto stream = offsets();
  stream.primary_key.clear();
  read(stream, ids({1, 2, 3}));
  auto page = read(stream, ids({3, 4, 5}));
  EXPECT_EQ(page.ending, page_ending::more);
  EXPECT_EQ(page.records.size(), 2u);
}

// -- page numbers ------------------------------------------------------------------------------------------------------

TEST_F(paging_test, page_numbers_count_up_and_the_marked_pages_are_read_again) {
  EXPECT_EQ(read(numbered(), ids({1, 2, 3})).ending, page_ending::more);
  EXPECT_EQ(state.page_token(), "2");
  read(numbered(), ids({4, 5, 6}));
  EXPECT_EQ(state.page_token(), "3");
  EXPECT_EQ(read(numbered(), ids({7})).ending, page_ending::more);
  EXPECT_EQ(state.page_token(), "") << "page 1 again, as it was asked for";
  EXPECT_EQ(read(numbered(), ids({1, 2, 3})).ending, page_ending::more);
  EXPECT_EQ(state.page_token(), "2");
  auto last = read(numbered(), ids({4, 5, 6}));
  EXPECT_EQ(last.ending, page_ending::slice_ended);
}

TEST_F(paging_test, each_page_of_a_slice_is_read_again_because_its_cursor_passes_them) {
  slice = {at(1), at(2)};
  for (int i = 1; i <= 5; ++i)
    read(numbered(), ids({10 * i, 10 * i + 1, 10 * i + 2}));
  read(numbered(), ids({60}));
  for (int i = 1; i < 5; ++i)
    ASSERT_EQ(read(numbered(), ids({10 * i, 10 * i + 1, 10 * i + 2})).ending, page_ending::more) << "check " << i;
  EXPECT_EQ(read(numbered(), ids({50, 51, 60})).ending, page_ending::slice_again) << "52 was deleted";
}

TEST_F(paging_test, a_slice_of_one_page_needs_no_second_look) {
  EXPECT_EQ(read(numbered(), ids({1, 2})).ending, page_ending::slice_ended);
}

TEST_F(paging_test, an_edit_is_no_shift) {
  read(numbered(), ids({1, 2, 3}));
  read(numbered(), ids({4}));
  EXPECT_EQ(read(numbered(), R"([{"id":1,"x":1},{"id":2},{"id":3}])").ending, page_ending::slice_ended);
}

TEST_F(paging_test, a_deleted_record_shows_when_the_page_is_read_again) {
  read(numbered(), ids({1, 2, 3}));
  read(numbered(), ids({5, 6})); // 1 was deleted, 4 moved to page 1
  auto page = read(numbered(), ids({2, 3, 4}));
  EXPECT_EQ(page.ending, page_ending::slice_again);
  EXPECT_EQ(page.records.size(), 3u);
  EXPECT_EQ(state.rereads(), 1);
}

TEST_F(paging_test, an_api_that_ignores_the_page_number_is_noticed) {
  read(numbered(), ids({1, 2, 3}));
  EXPECT_EQ(read(numbered(), ids({1, 2, 3})).ending, page_ending::failed);
}

TEST_F(paging_test, without_a_page_size_an_empty_page_is_the_last) {
  EXPECT_EQ(read(numbered(std::nullopt), ids({1})).ending, page_ending::more);
  read(numbered(std::nullopt), "[]");
  EXPECT_EQ(read(numbered(std::nullopt), ids({1})).ending, page_ending::slice_ended);
}

TEST(page_token_test, tokens_survive_as_json_text) {
  for (const char* text : {R"("a\"b")", "17", R"({"x":[1]})"})
    EXPECT_EQ(token_to_text(token_from_text(text)), text);
  EXPECT_EQ(token_to_text(expression::none_value{}), "");
}

TEST(page_token_test, the_first_page_has_a_token_only_when_it_is_injected) {
  EXPECT_TRUE(initial_token({page_number_paging{{}, 1, false}, {}, {}}).is(expression::kind::none));
  EXPECT_EQ(initial_token({page_number_paging{{}, 1, true}, {}, {}}).integer(), 1);
  EXPECT_EQ(initial_token({offset_paging{{}, true}, {}, {}}).integer(), 0);
}

} // namespace

} // namespace lode
