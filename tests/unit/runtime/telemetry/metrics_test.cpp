#include "runtime/telemetry/metrics.hpp"

#include <caf/all.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "runtime/telemetry/process_figures.hpp"
#include "runtime/telemetry/prometheus_text.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;

namespace {

/// What `promtool check metrics` says of a text; "" when nothing.
std::string complaints(const std::string& text) {
  const auto path = testing::TempDir() + "lode-metrics-" + std::to_string(getpid());
  std::ofstream{path} << text;
  std::string said;
  auto* pipe = popen(("promtool check metrics <" + path + " 2>&1").c_str(), "r");
  char piece[4'096];
  while (auto size = std::fread(piece, 1, sizeof piece, pipe))
    said.append(piece, size);
  const auto result = pclose(pipe);
  std::filesystem::remove(path);
  return result == 0 ? said : said + "(exit status " + std::to_string(result) + ")";
}

struct echo_state {
  static constexpr const char* name = "lode.echo";
};

caf::behavior echo(caf::stateful_actor<echo_state>*) {
  return {[](int32_t number) { return number; }};
}

/// A system whose registry holds CAF's metrics too, some of them counted.
struct metrics_test : testing::Test {
  struct configuration : caf::actor_system_config {
    configuration() { set("caf.metrics-filters.actors.includes", std::vector<std::string>{"lode.*"}); }
  };

  metrics_test() {
    caf::scoped_actor self{system};
    auto actor = system.spawn(echo);
    self->request(actor, caf::infinite, int32_t{1}).receive([](int32_t) {}, [](const caf::error& why) { FAIL() << to_string(why); });
    self->send_exit(actor, caf::exit_reason::user_shutdown);
  }

  std::string text() { return prometheus_text(system.metrics()); }

  configuration config;
  caf::actor_system system{config};
  metrics m{system.metrics(), {"manifest", "soap"}};
};

} // namespace

TEST_F(metrics_test, what_is_counted_shows_as_prometheus_text) {
  m.pages_fetched.at("soap").rate_limited->inc(3);
  m.open_runs->inc();
  EXPECT_THAT(text(), HasSubstr("# TYPE lode_pages_fetched_total counter\n"));
  EXPECT_THAT(text(), HasSubstr("\nlode_pages_fetched_total{miner=\"soap\",result=\"rate_limited\"} 3\n"));
  EXPECT_THAT(text(), HasSubstr("\nlode_pages_fetched_total{miner=\"manifest\",result=\"rate_limited\"} 0\n")) << "others are not counted";
  EXPECT_THAT(text(), HasSubstr("\nlode_open_runs 1\n"));
  EXPECT_THAT(text(), HasSubstr("\ncaf_actor_processing_time_seconds_count{name=\"lode.echo\"} "));
}

TEST_F(metrics_test, buckets_count_what_is_below_and_the_last_one_is_the_count) {
  for (double seconds : {0.0004, 0.002, 0.002, 1000.})
    m.commit_time->observe(seconds);
  EXPECT_THAT(text(), HasSubstr("lode_commit_time_seconds_bucket{le=\"0.001\"} 1\n"
                                "lode_commit_time_seconds_bucket{le=\"0.0025\"} 3\n"));
  EXPECT_THAT(text(), HasSubstr("lode_commit_time_seconds_bucket{le=\"+Inf\"} 4\n"
                                "lode_commit_time_seconds_sum 1000.0044\n"
                                "lode_commit_time_seconds_count 4\n"));
}

TEST_F(metrics_test, outcomes_that_this_version_never_counts_have_no_series) {
  m.commit_groups.refused->inc();
  EXPECT_THAT(text(), HasSubstr("lode_commit_groups_total{outcome=\"refused\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("lode_records_total{outcome=\"dead\"} 0\n"));
  EXPECT_THAT(text(), Not(HasSubstr("outcome=\"vanished\"")));
}

TEST_F(metrics_test, what_a_kind_of_sink_gets_shows_from_its_first_use_on) {
  EXPECT_THAT(text(), Not(HasSubstr("lode_sink_")));
  m.sinks_of("jsonl").delivered->inc(7);
  m.sinks_of("jsonl").behind->value(3);
  EXPECT_THAT(text(), HasSubstr("lode_sink_changes_delivered_total{sink_kind=\"jsonl\"} 7\n"));
  EXPECT_THAT(text(), HasSubstr("lode_sink_delivery_failures_total{sink_kind=\"jsonl\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("lode_sink_changes_behind{sink_kind=\"jsonl\"} 3\n"));
  EXPECT_EQ(complaints(text()), "");
}

TEST_F(metrics_test, promtool_finds_nothing_to_say) {
  EXPECT_EQ(complaints(build_info_text("1.2.3") + text() + prometheus_text(read_process_figures())), "");
}

TEST_F(metrics_test, promtool_is_asked_at_all) {
  EXPECT_THAT(complaints("# TYPE lode_pages counter\nlode_pages 1\n"), HasSubstr("lode_pages"));
}

TEST_F(metrics_test, label_values_and_helps_cannot_break_the_text) {
  caf::telemetry::metric_registry registry;
  registry.counter_family("lode", "odd", {"name"}, "a\\b\nc", "1", true)->get_or_add({{"name", "q\"b\\n\nx"}})->inc();
  EXPECT_EQ(prometheus_text(registry), "# HELP lode_odd_total a\\\\b\\nc\n"
                                       "# TYPE lode_odd_total counter\n"
                                       "lode_odd_total{name=\"q\\\"b\\\\n\\nx\"} 1\n");
}

/// A label that takes what users name would grow with them: series are never removed.
TEST_F(metrics_test, labels_are_those_with_a_fixed_set_of_values) {
  const auto all = build_info_text("1.2.3") + text() + prometheus_text(read_process_figures());
  const std::regex label{"[{,]([a-z_]+)=\""};
  std::set<std::string> found;
  for (std::sregex_iterator at{all.begin(), all.end(), label}, end; at != end; ++at)
    found.insert((*at)[1]);
  EXPECT_EQ(found, (std::set<std::string>{"le", "miner", "name", "outcome", "result", "version"}));
}

TEST(process_figures_test, they_are_those_of_this_process) {
  const auto now = static_cast<double>(time(nullptr));
  const auto figures = read_process_figures();
  EXPECT_GT(figures.resident_bytes, 1'000'000);
  EXPECT_GE(figures.virtual_bytes, figures.resident_bytes);
  EXPECT_GT(figures.cpu_seconds, 0);
  EXPECT_GE(figures.threads, 1);
  EXPECT_GE(figures.max_fds, figures.open_fds);
  EXPECT_NEAR(figures.started, now, 600);
  std::vector<std::ifstream> files;
  for (int i = 0; i < 10; ++i)
    files.emplace_back("/proc/self/stat");
  EXPECT_EQ(read_process_figures().open_fds, figures.open_fds + 10);
}
