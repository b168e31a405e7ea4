#include "runtime/extraction/dead_records.hpp"

#include <gmock/gmock.h>

#include "runtime/extraction/limit_headers.hpp"
#include "support.hpp"

namespace lode {

using namespace lode::testing;

namespace {

bool is_over(const stream_tally& tally, const dead_record_limits& limits = {}) {
  return why_too_many_dead(limits, tally).has_value();
}

/// One page of `dead` records without a key and `good` ones with.
std::string page_of(int dead, int good) {
  std::string text = "[";
  for (int i = 0; i < dead + good; ++i)
    text += (i > 0 ? "," : "") + (i < dead ? std::string{"{}"} : "{\"id\":" + std::to_string(i) + "}");
  return text + "]";
}

stream_plan keyed() {
  stream_plan stream;
  stream.name = "things";
  stream.primary_key = {{"id"}};
  return stream;
}

} // namespace

TEST(dead_records, are_too_many_beyond_either_limit_but_not_in_a_small_sample) {
  EXPECT_FALSE(is_over({3, 1}));
  EXPECT_FALSE(is_over({999, 999})) << "the share counts from a thousand on";
  EXPECT_FALSE(is_over({1000, 10}));
  EXPECT_TRUE(is_over({1000, 11}));
  EXPECT_FALSE(is_over({1'000'000, 1000}));
  EXPECT_TRUE(is_over({1'000'000, 1001}));
  EXPECT_FALSE(is_over({5000, 2500}, {0.5, 1'000'000}));
  EXPECT_TRUE(is_over({5000, 2501}, {0.5, 1'000'000}));
  EXPECT_TRUE(is_over({3, 1}, {0.01, 0}));
}

TEST(dead_records, say_how_many_of_how_many) {
  EXPECT_THAT(*why_too_many_dead({}, {2000, 30}), ::testing::HasSubstr("30 of 2000 records could not be used"));
}

TEST(dead_records, need_no_look_before_they_can_be_too_many) {
  for (dead_record_limits limits : {dead_record_limits{}, {0, 5}, {1, 3}, {0.001, 1'000'000}})
    for (stream_tally tally : {stream_tally{0, 0}, {1000, 5}, {50'000, 3}, {2'000'000, 900}}) {
      if (is_over(tally, limits))
        continue;
      auto to_go = dead_records_to_go(limits, tally);
      ASSERT_GE(to_go, 1);
      // However many good records come with them, one dead record less is never too many.
      for (int64_t good : {0, 1000, 1'000'000})
        EXPECT_FALSE(is_over({tally.records + good + to_go - 1, tally.dead + to_go - 1}, limits))
          << tally.records << " " << tally.dead << " " << limits.share;
    }
}

TEST(dead_records, end_a_slice_with_the_page_that_goes_too_far) {
  auto page = reading{keyed()}.read(page_of(1001, 1));
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->ending, page_ending::failed);
  EXPECT_THAT(page->reason, ::testing::HasSubstr("1001 of 1002 records could not be used"));
  EXPECT_THAT(page->reason, ::testing::HasSubstr("is missing"));
  EXPECT_EQ(reading{keyed()}.read(page_of(2, 1))->ending, page_ending::slice_ended);
  EXPECT_EQ(reading{keyed()}.read(page_of(11, 989))->ending, page_ending::failed);
}

TEST(dead_records, of_one_slice_say_nothing_about_the_share_of_the_whole_stream) {
  reading slice{keyed()};
  slice.slice = {at(0), at(86'400)};
  EXPECT_EQ(slice.read(page_of(11, 989))->ending, page_ending::slice_ended);
  EXPECT_EQ(slice.read(page_of(1001, 0))->ending, page_ending::failed);
  reading partition{keyed()};
  partition.partition = R"({"parent":"1"})";
  EXPECT_EQ(partition.read(page_of(11, 989))->ending, page_ending::slice_ended);
}

TEST(limit_headers, tell_what_is_left_of_quotas_that_outlast_a_run) {
  auto left = [&](std::vector<limit_header> rules, std::vector<http_header> headers) {
    return lasting_quota_left(rules, headers, at(1'700'000'000));
  };
  EXPECT_EQ(left({}, {}), std::nullopt);
  EXPECT_EQ(left({}, {{"X-RateLimit-Limit", "200"}, {"X-RateLimit-Remaining", "50"}}), 0.25);
  EXPECT_EQ(left({}, {{"X-RateLimit-Limit", "200"}, {"X-RateLimit-Remaining", "50"}, {"X-RateLimit-Reset", "30"}}), std::nullopt);
  EXPECT_EQ(left({}, {{"X-RateLimit-Limit", "200"}, {"X-RateLimit-Remaining", "50"}, {"X-RateLimit-Reset", "3600"}}), 0.25);
  limit_header bucket{"X-Bucket", limit_header::form::used_of_limit, rate_budget::scope::credential};
  EXPECT_EQ(left({bucket}, {{"X-Bucket", "39/40"}}), std::nullopt);
  limit_header usage{"X-Usage", limit_header::form::usage_percent, rate_budget::scope::app};
  EXPECT_EQ(left({usage}, {{"X-Usage", R"({"call_count":75})"}}), 0.25);
}

} // namespace lode
