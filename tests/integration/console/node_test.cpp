#include "tests/integration/console/console_fixture.hpp"

#include "runtime/telemetry/log.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

/// An hour of which the test knows two steps.
struct short_history : node_history {
  history_table look(instant, std::chrono::seconds span, std::chrono::seconds step) const override {
    history_table out{instant{1h}, step, std::vector<history_step>(static_cast<size_t>(span / step))};
    out.steps.back().records = 12.5;
    out.steps.back().queue = 3;
    return out;
  }
};

struct node_test : console_fixture {
  ~node_test() override { set_log_level(log_level::info); }
  static actor_activity works(uint32_t depth, const std::string& actor, const std::string& what, const std::string& doing) {
    return {depth, actor, what, doing, instant{1h}, 0};
  }
};

} // namespace

TEST_F(node_test, the_history_is_columns_with_null_for_what_is_not_known) {
  services.history = std::make_shared<short_history>();
  auto table = expect(200, "GET", "/api/v1/history?span=60&step=15");
  EXPECT_EQ(table.at("from"), json::value("1970-01-01T01:00:00Z"));
  EXPECT_EQ(table.at("step_seconds"), json::value(15));
  const auto& series = table.at("series").as_object();
  EXPECT_EQ(series.size(), 7u);
  for (const auto& column : series)
    EXPECT_EQ(column.value().as_array().size(), 4u) << column.key();
  EXPECT_TRUE(series.at("records").at(0).is_null());
  EXPECT_EQ(series.at("records").at(3), json::value(12.5));
  EXPECT_TRUE(series.at("memory").at(3).is_null());
  EXPECT_EQ(expect(200, "GET", "/api/v1/history").at("series").at("calls").as_array().size(), 240u);
}

TEST_F(node_test, spans_and_steps_must_fit_each_other) {
  services.history = std::make_shared<short_history>();
  for (auto query : {"step=7", "span=50&step=15", "span=0", "span=9999999", "step=x"})
    expect(400, "GET", std::string{"/api/v1/history?"} + query);
}

TEST_F(node_test, a_node_without_a_history_says_so) {
  expect(404, "GET", "/api/v1/history");
}

TEST_F(node_test, who_works_for_a_tenant_is_a_tree_of_each_node_that_does) {
  make_acme();
  node_report idle, busy;
  idle.status.name = "n2";
  busy.status.name = "n3";
  busy.activities = {works(0, "tenant-supervisor", "", "waits"), works(1, "miner", "crm: contacts", "waits for quota"),
                     works(1, "capture", "crm: websocket", "listens"), works(2, "websocket-listener", "crm", "listens"),
                     works(1, "miner", "crm: posts", "pauses; password=hunter2 was said")};
  node->surveyed.reports = {idle, busy};
  auto answer = expect(200, "GET", "/api/v1/tenants/acme/supervision");
  ASSERT_EQ(answer.at("nodes").as_array().size(), 1u);
  const auto& shown = answer.at("nodes").at(0);
  EXPECT_EQ(shown.at("node"), json::value("n3"));
  const auto& supervisor = shown.at("tree").at(0);
  EXPECT_EQ(supervisor.at("what"), json::value("acme"));
  ASSERT_EQ(supervisor.at("children").as_array().size(), 3u);
  EXPECT_EQ(supervisor.at("children").at(0).at("state"), json::value("waits for quota"));
  EXPECT_EQ(supervisor.at("children").at(0).at("since"), json::value("1970-01-01T01:00:00Z"));
  EXPECT_EQ(supervisor.at("children").at(1).at("children").at(0).at("name"), json::value("websocket-listener"));
  EXPECT_THAT(json::serialize(answer), testing::Not(HasSubstr("hunter2")));
  expect(404, "GET", "/api/v1/tenants/nobody/supervision");
}

TEST_F(node_test, a_tenant_that_nobody_works_for_has_no_tree) {
  make_acme();
  EXPECT_TRUE(expect(200, "GET", "/api/v1/tenants/acme/supervision").at("nodes").as_array().empty());
}

TEST_F(node_test, the_log_level_is_changed_for_this_node) {
  set_log_level(log_level::info);
  EXPECT_EQ(expect(200, "GET", "/api/v1/log-level"), json::value({{"node", "n1"}, {"level", "info"}}));
  EXPECT_EQ(expect(200, "PUT", "/api/v1/log-level", R"({"node":"n1","level":"error"})").at("level"), json::value("error"));
  EXPECT_EQ(present_log_level(), log_level::error);
  EXPECT_EQ(expect(200, "PUT", "/api/v1/log-level", R"({"level":"debug"})").at("level"), json::value("debug"));
  EXPECT_THAT(error_text(expect(409, "PUT", "/api/v1/log-level", R"({"node":"n2","level":"info"})")), HasSubstr("n2"));
  expect(400, "PUT", "/api/v1/log-level", R"({"level":"loud"})");
  expect(400, "PUT", "/api/v1/log-level", R"({})");
  EXPECT_EQ(present_log_level(), log_level::debug);
}

TEST_F(node_test, the_cluster_shows_who_runs_below_whom) {
  auto store = database.make_membership_store(incarnation{2});
  ASSERT_TRUE(store->join({"n2", incarnation{2}, "127.0.0.1:1", 100}));
  ASSERT_FALSE(store->enter(incarnation{2}));
  node_report report;
  report.status.self = incarnation{2};
  report.status.calls = 11;
  report.status.failed_calls = 2;
  report.status.memory_bytes = 4'096;
  report.actors = {{"lode.miner", 7, 42, 0.5, "lode.tenant-supervisor", 3, 1}, {"lode.timers", 0, 1, 0.1}};
  node->surveyed.reports = {report};
  auto n2 = expect(200, "GET", "/api/v1/cluster").at("nodes").at(0);
  EXPECT_EQ(n2.at("figures").at("calls"), json::value(11u));
  EXPECT_EQ(n2.at("figures").at("failed_calls"), json::value(2u));
  EXPECT_EQ(n2.at("figures").at("memory_bytes"), json::value(4'096u));
  EXPECT_EQ(n2.at("actors").at(0).at("parent"), json::value("lode.tenant-supervisor"));
  EXPECT_EQ(n2.at("actors").at(0).at("running"), json::value(3));
  EXPECT_EQ(n2.at("actors").at(0).at("restarts"), json::value(1));
  EXPECT_TRUE(n2.at("actors").at(1).at("parent").is_null());
}
