#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "runtime/cli/demo/report.hpp"

namespace lode::demo {

TEST(report, has_exactly_the_promised_keys_in_order) {
  auto value = boost::json::parse(to_json(show_report{}));
  std::vector<std::string> keys;
  for (const auto& entry : value.as_object())
    keys.emplace_back(entry.key());
  EXPECT_THAT(keys, testing::ElementsAre("tenants", "api_calls", "records", "inserted", "changed", "unchanged", "deleted", "lost", "duplicated",
                                         "kills", "recovery_seconds", "pages_refetched", "suspended", "records_per_second",
                                         "cpu_seconds_per_million", "peak_rss_bytes", "nodes", "takeover_seconds", "verified"));
}

TEST(report, numbers_are_numbers_and_the_verdict_is_a_boolean) {
  show_report report;
  report.records = 300'000;
  report.recovery_seconds = 2.345;
  report.takeover_seconds = 6.5;
  report.is_verified = true;
  auto value = boost::json::parse(to_json(report)).as_object();
  EXPECT_EQ(value.at("records").to_number<int64_t>(), 300'000);
  EXPECT_NEAR(value.at("recovery_seconds").to_number<double>(), 2.345, 0.006);
  EXPECT_DOUBLE_EQ(value.at("takeover_seconds").to_number<double>(), 6.5);
  EXPECT_TRUE(value.at("verified").as_bool());
}

TEST(report, the_table_does_not_claim_what_is_not_verified) {
  show_report report;
  EXPECT_NE(to_table(report).find("NOT VERIFIED"), std::string::npos);
  report.is_verified = true;
  EXPECT_EQ(to_table(report).find("NOT VERIFIED"), std::string::npos);
}

TEST(report, thousands_are_set_apart) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1'000), "1,000");
  EXPECT_EQ(with_commas(1'234'567), "1,234,567");
  EXPECT_EQ(with_commas(-123), "-123");
  EXPECT_EQ(with_commas(-1'234), "-1,234");
}

} // namespace lode::demo
