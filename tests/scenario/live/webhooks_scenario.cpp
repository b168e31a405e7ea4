#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "tests/support/cluster_scenario.hpp"
#include "tests/support/free_port.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

scenario_settings hooked(int tenants) {
  scenario_settings settings;
  settings.tenants = tenants;
  settings.dialects = "crm,shop";
  settings.records = "contacts=60,orders=60,products=20,customers=20";
  settings.is_live = true;
  return settings;
}

/// Where the APIs post from now on.
void hook_up(scenario& world) {
  world.control("/control/hooks", {{"url", "http://127.0.0.1:" + std::to_string(world.present_node().port) + "/hooks/{dialect}"},
                                   {"retry_ms", 100},
                                   {"most_retry_ms", 1000},
                                   {"parallel", 4},
                                   {"batch", 10}});
}

/// Changes a part of all records, another one in each round of four, each once: of two edits within one second whose posts overtake each
/// other nobody could tell which was the later one.
void mutate(scenario& world, size_t round, bool deletes = true) {
  json::array ops;
  std::set<std::pair<std::string, std::string>> places;
  size_t number = 0;
  for (const auto& line : world.control_lines("/control/truth")) {
    json::object op{{"tenant", line.at("tenant")}, {"stream", line.at("stream")}};
    places.emplace(text_in(line, "tenant"), text_in(line, "stream"));
    if (line.at("deleted").as_bool() || ++number % 4 != round)
      continue;
    op["op"] = deletes && number % 24 == round ? "delete" : "edit";
    op["key"] = line.at("key");
    ops.push_back(std::move(op));
  }
  for (const auto& [tenant, stream] : places)
    ops.push_back({{"op", "insert"}, {"tenant", tenant}, {"stream", stream}});
  world.control("/control/mutate", {{"ops", std::move(ops)}});
}

bool is_delivered(scenario& world) {
  return world.control_lines("/control/live/settled?timeout_ms=1000").at(0).at("settled").as_bool();
}

/// All is delivered and committed, nothing is owed or in doubt. `but`: gaps that do not count.
void await_quiet(scenario& world, const std::string& but = "false") {
  await(
    "all events are delivered", [&] { return is_delivered(world); }, 60s, [&] { return json::serialize(world.control_lines("/control/live").at(0)) + "\n" + world.log(); });
  await(
    "all listen, all gaps are repaired, all doubts are settled",
    [&] {
      return world.number("SELECT count(*) FROM listener WHERE state = 0") == static_cast<int64_t>(world.tenants().size())
             && world.number("SELECT count(*) FROM live_gap WHERE state < 2 AND NOT (" + but + ")") == 0
             && world.number("SELECT count(*) FROM recheck") == 0 && world.number("SELECT count(*) FROM run WHERE phase = 0") == 0;
    },
    60s,
    [&] {
      std::string text;
      for (const auto* count : {"listener WHERE state = 0", "listener WHERE state <> 0", "live_gap WHERE state = 0", "live_gap WHERE state = 1",
                                "recheck", "run WHERE phase = 0"})
        text += std::string{count} + ": " + std::to_string(world.number(std::string{"SELECT count(*) FROM "} + count)) + "\n";
      return text + world.log();
    });
}

/// All listen, and the first runs have read what was there. What was before is owed for some seconds more.
void await_listening(scenario& world) {
  await(
    "all listen",
    [&] {
      return world.number("SELECT count(*) FROM listener WHERE state = 0") == static_cast<int64_t>(world.tenants().size())
             && world.number("SELECT count(DISTINCT connection_id) FROM run WHERE phase = 1") == static_cast<int64_t>(world.tenants().size());
    },
    30s, [&] { return world.log(); });
}

/// How many webhooks a node has answered so.
int64_t answered(scenario& world, const std::string& outcome) {
  const auto text = world.api_text("GET", "/metrics").body;
  const auto name = "\nlode_webhooks_total{outcome=\"" + outcome + "\"} ";
  const auto at = text.find(name);
  return at == std::string::npos ? -1 : std::stoll(text.substr(at + name.size()));
}

TEST(webhooks_scenario, changes_are_stored_as_they_are_posted_however_the_api_delivers_them) {
  scenario world{hooked(4)};
  world.start_node();
  world.import_tenants();
  await_listening(world);
  hook_up(world);
  mutate(world, 1);
  await("all posts are answered", [&] { return is_delivered(world); });
  EXPECT_GT(answered(world, "committed"), 0);
  EXPECT_EQ(answered(world, "unauthorized") + answered(world, "unknown") + answered(world, "refused"), 0);

  world.fault({{"kind", "bad_signature"}, {"rate", 0.2}});
  world.fault({{"kind", "event_duplicated"}, {"rate", 0.3}, {"delay_ms", 300}});
  world.fault({{"kind", "event_reordered"}, {"rate", 0.3}});
  world.fault({{"kind", "event_malformed"}, {"rate", 0.3}});
  mutate(world, 2);
  await_quiet(world);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_GT(answered(world, "unauthorized"), 0);
  EXPECT_GT(answered(world, "refused"), 0) << "what is no JSON is sent again";
  EXPECT_EQ(world.number("SELECT count(*) FROM dead_letter"), 0);
  EXPECT_EQ(world.number("SELECT count(*) FROM gap WHERE NOT is_first"), 0) << "nothing was missed, so nothing is read again";
}

TEST(webhooks_scenario, what_a_node_committed_and_did_not_answer_is_posted_again_and_is_one_change) {
  scenario world{hooked(2)};
  world.set_node("console.listen", "127.0.0.1:" + std::to_string(free_port())); // where its next life is found, too
  world.start_node("capture.before_acknowledge:5");
  world.import_tenants();
  await_listening(world);
  hook_up(world);
  mutate(world, 0);
  await("the node dies between commit and answer", [&] { return !world.node().is_running(); });
  world.start_node();
  await_quiet(world);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_GT(answered(world, "committed"), 0);
}

TEST(webhooks_scenario, any_node_takes_a_post_for_a_tenant_that_another_one_mines) {
  cluster_scenario cluster{hooked(8)};
  auto& world = cluster.world();
  cluster.start("n1");
  world.import_tenants();
  await_listening(world);
  cluster.start("n2");
  const auto elsewhere = "SELECT count(*) FROM tenant t JOIN shard s ON s.id = t.shard JOIN node n ON n.incarnation = s.owner "
                         "WHERE n.name = 'n2'";
  await("the second node mines tenants", [&] { return world.number(elsewhere) > 1; }, 30s, [&] { return cluster.logs(); });
  cluster.use("n1");
  hook_up(world);
  mutate(world, 0);
  await("all posts are answered", [&] { return is_delivered(world); }, 30s, [&] { return cluster.logs(); });
  EXPECT_GT(answered(world, "committed"), 0);

  // Their node dies: what is posted meanwhile is to be sent again, until this one mines them.
  cluster.kill("n2");
  mutate(world, 1);
  await_quiet(world);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(world.number(elsewhere), 0);
}

TEST(webhooks_scenario, what_was_never_posted_is_found_by_a_sweep) {
  auto settings = hooked(2);
  settings.source_edits = {{"sweep_every: 5m", "sweep_every: 2s"}};
  scenario world{std::move(settings)};
  world.start_node();
  world.import_tenants();
  await_listening(world);
  hook_up(world);
  world.fault({{"kind", "event_lost"}});
  mutate(world, 0, false); // deletes show in a full pass only
  const auto lost_before = world.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  const std::string of_sweeps = "reason LIKE '%sweep%'";
  await(
    "sweeps have read what was lost",
    [&] {
      return world.number("SELECT count(DISTINCT connection_id) FROM live_gap WHERE state >= 2 AND " + of_sweeps + " AND until_us > "
                          + std::to_string(lost_before))
             == 2;
    },
    60s, [&] { return world.log(); });
  await_quiet(world, of_sweeps); // there is always one
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(answered(world, "committed"), 0);
  EXPECT_LE(world.number("SELECT max(open) FROM (SELECT count(*) FILTER (WHERE state < 2) AS open FROM live_gap WHERE " + of_sweeps
                         + " GROUP BY connection_id) g"),
            1)
    << "one after the other";
}

} // namespace
} // namespace lode::test
