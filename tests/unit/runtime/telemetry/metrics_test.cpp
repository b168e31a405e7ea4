#include "runtime/telemetry/metrics.hpp"

#include <caf/telemetry/metric_registry.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace lode;
using testing::HasSubstr;
using testing::Not;

TEST(metrics_test, what_is_counted_shows_as_prometheus_text) {
  caf::telemetry::metric_registry registry;
  metrics m{registry};
  m.pages_fetched.rate_limited->inc(3);
  m.open_runs->inc();
  m.commit_time->observe(0.002);
  auto text = prometheus_text(registry);
  EXPECT_THAT(text, HasSubstr("lode_pages_fetched_total{result=\"rate_limited\"} 3 "));
  EXPECT_THAT(text, HasSubstr("lode_open_runs 1 "));
  EXPECT_THAT(text, HasSubstr("lode_commit_time_seconds_bucket{le=\"0.002500\"} 1.0"));
}

TEST(metrics_test, outcomes_that_this_version_never_counts_have_no_series) {
  caf::telemetry::metric_registry registry;
  metrics m{registry};
  m.commit_groups.refused->inc();
  auto text = prometheus_text(registry);
  EXPECT_THAT(text, HasSubstr("lode_commit_groups_total{outcome=\"refused\"} 1 "));
  EXPECT_THAT(text, HasSubstr("lode_records_total{outcome=\"dead\"} 0 "));
  EXPECT_THAT(text, Not(HasSubstr("outcome=\"vanished\"")));
}

TEST(metrics_test, label_values_cannot_break_the_text) {
  EXPECT_EQ(safe_label("a\"b\\c\nd\xc3\xa9"), "a_b_c_d__");
  EXPECT_EQ(safe_label(std::string(100, 'x')).size(), 64u);
  EXPECT_EQ(safe_label("plain-name 1"), "plain-name 1");
}
