#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/screen_line.hpp"
#include "runtime/cli/terminal/sparkline.hpp"
#include "runtime/cli/terminal/text.hpp"

using namespace lode;
namespace json = boost::json;

TEST(text_test, what_would_drive_a_terminal_is_taken_out) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a?[2Jb");
  EXPECT_EQ(printable("title\x1b]0;x\x07"), "title?]0;x?");
  EXPECT_EQ(printable("c1 \xc2\x9b" "31m"), "c1 ?31m");
  EXPECT_EQ(printable("turned \xe2\x80\xae back"), "turned ? back");
  EXPECT_EQ(printable(std::string_view{"nul\0!", 5}), "nul?!");
  EXPECT_EQ(printable("two\r\nlines\tone"), "two  lines one");
  EXPECT_EQ(printable_lines("two\nlines\r\x1b"), "two\nlines ?");
}

TEST(text_test, bytes_that_are_no_UTF_8_become_question_marks_one_by_one) {
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("cut \xe2\x82"), "cut ??");
  EXPECT_EQ(printable("overlong \xc0\x9b"), "overlong ??");
  EXPECT_EQ(printable("surrogate \xed\xa0\x80"), "surrogate ?");
  EXPECT_EQ(printable("Zürich 東京"), "Zürich 東京");
}

TEST(text_test, columns_are_counted_not_bytes) {
  EXPECT_EQ(columns_of("Zürich"), 6u);
  EXPECT_EQ(columns_of("東京"), 4u);
  EXPECT_EQ(columns_of("e\xcc\x81"), 1u) << "with a combining accent";
  EXPECT_EQ(cut("東京", 3), "東");
  EXPECT_EQ(padded("東京", 3), "東…");
  EXPECT_EQ(padded_left("12", 4), "  12");
  EXPECT_EQ(padded("long", 2), "l…");
  EXPECT_EQ(as_ascii("é東x"), "???x");
}

TEST(text_test, figures_are_short) {
  EXPECT_EQ(count_text(13'464), "13,464");
  EXPECT_EQ(count_text(1'234'567.8), "1,234,568");
  EXPECT_EQ(count_text(4.54), "4.5");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999.4), "999");
  EXPECT_EQ(count_text(-2'000), "-2,000");
  EXPECT_EQ(bytes_text(2'040'109'465), "1.9 GiB");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(span_text(std::chrono::seconds{45}), "45s");
  EXPECT_EQ(span_text(std::chrono::seconds{78}), "1m18s");
  EXPECT_EQ(span_text(std::chrono::minutes{12}), "12m");
  EXPECT_EQ(span_text(std::chrono::seconds{11'520}), "3h12m");
  EXPECT_EQ(span_text(std::chrono::hours{125}), "5d5h");
  EXPECT_EQ(span_text(std::chrono::seconds{-3}), "0s") << "clocks of two machines";
  EXPECT_EQ(clock_text("2026-11-27T17:00:02.5Z"), "17:00:02Z");
  EXPECT_EQ(share_text(0.048), "4.8 %");
}

TEST(text_test, fields_that_are_missing_or_of_another_kind_read_as_nothing) {
  auto answer = json::parse(R"({"text":"a\u001b","null":null,"number":3,"list":[1]})").as_object();
  EXPECT_EQ(text_in(answer, "text"), "a?");
  EXPECT_EQ(text_in(answer, "null"), "");
  EXPECT_EQ(text_in(answer, "number"), "3");
  EXPECT_EQ(number_in(answer, "text"), std::nullopt);
  EXPECT_TRUE(object_in(answer, "list").empty());
  EXPECT_TRUE(array_in(answer, "nothing").empty());
}

TEST(text_test, a_sparkline_tells_zero_from_what_was_not_measured) {
  auto line = make_sparkline({0, 1, nullptr, 8}, 10, true);
  EXPECT_EQ(line.bars, "▁▁ █");
  EXPECT_EQ(line.most, 8);
  EXPECT_EQ(make_sparkline({0, 4, nullptr, 8}, 10, false).bars, "_- #");
  EXPECT_FALSE(make_sparkline({nullptr, nullptr}, 10, true).is_known);
  EXPECT_FALSE(make_sparkline({}, 10, true).is_known);
  EXPECT_EQ(make_sparkline({0, 0}, 10, true).bars, "▁▁");
}

TEST(text_test, many_steps_share_a_bar_that_is_their_mean) {
  auto line = make_sparkline({8, 8, 2, 6, nullptr, 2}, 3, false);
  EXPECT_EQ(line.bars, "#-.");
  EXPECT_EQ(line.most, 8);
  EXPECT_EQ(make_sparkline({1, 2, 3}, 0, false).bars, "");
}

TEST(text_test, colour_only_repeats_a_word) {
  screen_line line{"critical", tone::critical};
  line.add("  é  ");
  EXPECT_EQ(paint(line, {false, true}), "critical  é");
  EXPECT_EQ(paint(line, {true, true}), "\x1b[1;31mcritical\x1b[0m  é  ");
  EXPECT_EQ(paint(line, {false, false}), "critical  ?");
  EXPECT_EQ(line.within(4).text(), "cri…");
  EXPECT_EQ(paint(line.within(4), {false, false}), "cri>");
  EXPECT_EQ(line.within(11).columns(), 11u);
}
