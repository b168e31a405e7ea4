#include <gmock/gmock.h>

#include <algorithm>

#include "runtime/exit_code.hpp"
#include "tests/support/cluster_scenario.hpp"

/// `lode cluster status`, `lode node drain` and `lode node undrain` as a person uses them: on any node, about any node.
namespace lode::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct told {
  int code = 0;
  std::string text;
  json::object answer() const { return json::parse(text).as_object(); }
};

scenario_settings idle_tenants() {
  scenario_settings settings;
  settings.schedule = json::object{{"manual", true}};
  return settings;
}

/// A command at the node that the scenario talks to.
told lode(cluster_scenario& cluster, std::vector<std::string> words) {
  told out;
  auto& world = cluster.world();
  words.insert(words.begin(), {"--node", "http://127.0.0.1:" + std::to_string(world.present_node().port)});
  out.code = world.command(words, out.text);
  return out;
}

json::object node_in(const json::object& cluster, const std::string& name) {
  for (const auto& node : cluster.at("nodes").as_array())
    if (text_in(node.as_object(), "name") == name)
      return node.as_object();
  return {};
}

struct cluster_commands_scenario : testing::Test {
  cluster_scenario cluster{idle_tenants()};
  void SetUp() override {
    cluster.start_all(3);
    cluster.await_owners({"n1", "n2", "n3"});
    cluster.use("n1");
  }
  /// Links are made after shards are given out.
  void await_links() {
    await("all are linked", [&] {
      for (const std::string name : {"n1", "n2", "n3"}) {
        cluster.use(name);
        const auto answer = lode(cluster, {"--json", "cluster", "status"}).answer();
        for (const auto& node : answer.at("nodes").as_array())
          if (const auto state = text_in(node.at("link").as_object(), "state"); state != "up" && state != "self")
            return false;
      }
      return true;
    });
  }
};

TEST_F(cluster_commands_scenario, each_node_answers_for_all) {
  await_links();
  for (const std::string name : {"n1", "n2", "n3"}) {
    cluster.use(name);
    const auto answer = lode(cluster, {"--json", "cluster", "status"}).answer();
    EXPECT_EQ(text_in(answer, "asked"), name);
    int64_t owned = 0;
    for (const std::string other : {"n1", "n2", "n3"}) {
      const auto node = node_in(answer, other);
      EXPECT_EQ(text_in(node, "state"), "member");
      EXPECT_TRUE(node.at("figures").is_object()) << other << " asked of " << name;
      EXPECT_FALSE(node.at("actors").as_array().empty()) << other << " asked of " << name;
      owned += number_in(node, "shards");
    }
    EXPECT_EQ(owned, number_in(answer, "shards"));
  }
  const auto shown = lode(cluster, {"cluster", "status"});
  EXPECT_EQ(shown.code, exit_ok);
  for (const auto* part : {"NODE", "n1", "n2", "n3", "member", "this node", "4096 shards"})
    EXPECT_THAT(shown.text, HasSubstr(part));
  EXPECT_THAT(shown.text, Not(HasSubstr("without a node")));
}

TEST_F(cluster_commands_scenario, a_node_is_drained_and_filled_again_through_another_one) {
  const auto drained = lode(cluster, {"node", "drain", "n3", "--wait"});
  EXPECT_EQ(drained.code, exit_ok) << drained.text;
  EXPECT_THAT(drained.text, HasSubstr("n3 owns no shards any more"));
  EXPECT_EQ(cluster.shards()["n3"], 0);
  EXPECT_TRUE(cluster.process("n3").is_running());
  EXPECT_THAT(lode(cluster, {"cluster", "status"}).text, HasSubstr("draining"));
  cluster.use("n3");
  const auto ready = cluster.world().api_text("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("gives its shards to the other nodes"));
  EXPECT_EQ(lode(cluster, {"node", "drain", "n3"}).code, exit_ok) << "again";
  cluster.use("n2");
  const auto undrained = lode(cluster, {"node", "undrain", "n3"});
  EXPECT_EQ(undrained.code, exit_ok) << undrained.text;
  cluster.await_owners({"n1", "n2", "n3"});
}

TEST_F(cluster_commands_scenario, a_run_that_is_asked_for_again_under_its_id_at_another_node_runs_once) {
  auto& world = cluster.world();
  world.import_tenants();
  const auto tenant = world.tenants()[0];
  const std::vector<std::string> words{"--json", "run", "trigger", tenant, "main", "--command-id", "mine"};
  const auto first = lode(cluster, words);
  ASSERT_EQ(first.code, exit_ok) << first.text;
  EXPECT_EQ(text_in(first.answer(), "command"), "mine");
  world.await_runs(1, {tenant});
  cluster.use("n2");
  const auto again = lode(cluster, words);
  EXPECT_EQ(again.code, exit_ok) << again.text;
  EXPECT_EQ(text_in(again.answer(), "answer"), "requested");
  EXPECT_EQ(world.number("SELECT count(*) FROM requested_run"), 0);
  EXPECT_EQ(world.number("SELECT count(*) FROM run"), 1);
  const auto number = std::to_string(world.number("SELECT id FROM run"));
  EXPECT_EQ(lode(cluster, {"run", "cancel", number, "--command-id", "mine"}).code, exit_conflict) << "the id of something else";
  EXPECT_EQ(lode(cluster, {"run", "trigger", tenant, "main"}).code, exit_ok);
  world.await_runs(2, {tenant});
}

TEST_F(cluster_commands_scenario, a_cancelled_run_ends_at_once_whichever_node_was_told) {
  auto& world = cluster.world();
  world.fault({{"kind", "hang"}});
  world.import_tenants();
  world.trigger_all();
  const auto mines = [&](const std::string& name) {
    cluster.use(name);
    return number_in(world.present_node().status(), "miners");
  };
  await("each tenant has a run", [&] {
    return std::ranges::none_of(world.tenants(), [&](const auto& tenant) { return world.last_run(tenant).empty(); });
  });
  await("some mine elsewhere", [&] { return mines("n2") + mines("n3") > 0; });
  cluster.use("n1");
  for (const auto& tenant : world.tenants()) {
    const auto run = std::to_string(number_in(world.last_run(tenant), "run"));
    EXPECT_EQ(lode(cluster, {"run", "cancel", run}).code, exit_ok);
  }
  // By themselves they would look up after 30 s, which is how long an API may take for its first byte.
  await("no node mines", [&] { return mines("n1") + mines("n2") + mines("n3") == 0; }, 20s);
}

TEST_F(cluster_commands_scenario, what_cannot_be_drained_is_told) {
  const auto unknown = lode(cluster, {"node", "drain", "n9"});
  EXPECT_EQ(unknown.code, exit_not_found);
  EXPECT_THAT(unknown.text, HasSubstr("there is no node n9; there are n1, n2, n3"));
  EXPECT_EQ(lode(cluster, {"node", "undrain", "n9"}).code, exit_not_found);
  EXPECT_EQ(lode(cluster, {"node", "drain", "n2", "--wait"}).code, exit_ok);
  EXPECT_EQ(lode(cluster, {"node", "drain", "n3", "--wait"}).code, exit_ok);
  const auto last = lode(cluster, {"node", "drain", "n1", "--wait"});
  EXPECT_EQ(last.code, exit_conflict);
  EXPECT_THAT(last.text, HasSubstr("nobody could take the shards of node n1"));
  EXPECT_THAT(lode(cluster, {"cluster", "status"}).text, HasSubstr("draining"));
}

TEST_F(cluster_commands_scenario, a_node_that_stands_still_is_marked_and_then_gone) {
  await_links();
  cluster.use("n1");
  cluster.pause("n3");
  const auto shown = lode(cluster, {"--json", "cluster", "status"}).answer();
  const auto silent = node_in(shown, "n3");
  ASSERT_FALSE(silent.empty()) << "the lease is longer than a command takes";
  EXPECT_TRUE(silent.at("is_silent").as_bool());
  EXPECT_TRUE(silent.at("figures").is_null());
  EXPECT_TRUE(node_in(shown, "n2").at("figures").is_object()) << "who answers is not hidden by who does not";
  cluster.await_owners({"n1", "n2"});
  EXPECT_TRUE(node_in(lode(cluster, {"--json", "cluster", "status"}).answer(), "n3").empty());
  EXPECT_EQ(lode(cluster, {"node", "drain", "n3"}).code, exit_not_found);
  cluster.go_on("n3");
  cluster.await_owners({"n1", "n2", "n3"});
}

TEST_F(cluster_commands_scenario, waiting_for_a_node_that_dies_while_it_drains_ends) {
  cluster.pause("n3");
  const auto drained = lode(cluster, {"node", "drain", "n3", "--wait"});
  EXPECT_EQ(drained.code, exit_ok) << drained.text;
  EXPECT_THAT(drained.text, HasSubstr("n3 is no part of the cluster any more"));
  cluster.go_on("n3");
  cluster.await_owners({"n1", "n2", "n3"});
}

/// Pages that were served whole more than once. Left out: products, which come by page numbers; pages 1, 2, 4, .. are read again to
/// notice rows that shifted.
std::vector<std::string> fetched_again(scenario& world) {
  std::map<std::string, int> times;
  for (const auto& each : world.requests())
    if (const auto stream = text_in(each, "stream"); stream != "oauth" && stream != "products" && number_in(each, "status") == 200)
      ++times[text_in(each, "tenant") + " " + text_in(each, "page")];
  std::vector<std::string> out;
  for (const auto& [page, count] : times)
    if (count > 1)
      out.push_back(page);
  return out;
}

TEST(cluster_drain_scenario, a_drain_under_load_loses_nothing_and_fetches_nothing_twice_but_seams) {
  scenario_settings settings;
  settings.tenants = 30;
  settings.records = "posts=200,comments=1,contacts=900,orders=900,products=150,customers=150";
  settings.simapi = {"--latency-ms", "60"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  world.import_tenants();
  world.await_pages(60);
  cluster.use("n1");
  for (const std::string name : {"n3", "n2"}) {
    EXPECT_EQ(lode(cluster, {"node", "drain", name, "--wait"}).code, exit_ok);
    EXPECT_EQ(cluster.shards()[name], 0);
    EXPECT_TRUE(cluster.process(name).is_running());
    EXPECT_GT(world.number("SELECT count(*) FROM run WHERE phase = 0"), 0) << "it was to happen under load";
    EXPECT_EQ(lode(cluster, {"node", "undrain", name}).code, exit_ok);
    cluster.await_owners({"n1", "n2", "n3"});
  }
  world.await_runs();
  EXPECT_THAT(fetched_again(world), testing::IsEmpty());
  testing::Test::RecordProperty("pages_fetched_again", static_cast<int>(world.pages_fetched_again()));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(cluster.commits_out_of_epoch(), 0);
}

} // namespace
} // namespace lode::test
