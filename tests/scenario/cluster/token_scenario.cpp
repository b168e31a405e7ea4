#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/cluster_scenario.hpp"

/// Refresh tokens that can be used once, while their tenants change nodes. The simulated CRM refuses one that it has replaced: a
/// refusal is a second use.
namespace lode::test {
namespace {

using namespace std::chrono_literals;

/// Access tokens hold for a few seconds, so each tenant refreshes again and again; the answers take long enough to be on their way
/// when something happens.
scenario_settings rotating_tokens() {
  scenario_settings settings;
  settings.tenants = 12;
  settings.dialects = "crm";
  settings.records = "contacts=1500";
  settings.simapi = {"--crm-rotate-refresh-tokens", "--crm-token-lifetime-s", "7", "--latency-ms", "120"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"step: P91D", "step: P3650D"}};
  return settings;
}

struct token_uses {
  size_t spent = 0;
  std::map<std::string, size_t> refused; ///< by tenant
};

token_uses uses_of_tokens(scenario& world) {
  token_uses out;
  for (const auto& each : world.requests())
    if (text_in(each, "stream") == "oauth") {
      if (number_in(each, "status") == 200)
        ++out.spent;
      else if (number_in(each, "status") == 400)
        ++out.refused[text_in(each, "tenant")];
    }
  return out;
}

/// Tenants that wait for a person, each with the reason that the documents promise.
std::set<std::string> awaiting_a_grant(scenario& world) {
  std::set<std::string> out;
  for (const auto& tenant : world.tenants()) {
    const auto connection = world.connection(tenant);
    if (text_in(connection, "state") != "suspended")
      continue;
    out.insert(tenant);
    EXPECT_NE(text_in(connection, "reason").find("was never answered"), std::string::npos) << json::serialize(connection);
  }
  return out;
}

void slow_answers_of_tokens(scenario& world, int delay_ms) {
  world.fault({{"kind", "slow_first_byte"}, {"stream", "oauth"}, {"delay_ms", delay_ms}});
}

void begin(cluster_scenario& cluster, const std::string& fault_of_n2 = "") {
  cluster.start("n1");
  cluster.start("n2", fault_of_n2);
  cluster.start("n3");
  cluster.await_owners({"n1", "n2", "n3"});
  slow_answers_of_tokens(cluster.world(), 300);
  cluster.use("n1");
  cluster.world().import_tenants();
}

/// Each replaced token that was sent again is of a tenant that waits for a new grant, and was sent once more, not oftener; what the
/// others read is whole.
void expect_each_used_once_but_for(cluster_scenario& cluster, size_t most) {
  auto& world = cluster.world();
  const auto uses = uses_of_tokens(world);
  const auto waiting = awaiting_a_grant(world);
  std::cout << uses.spent << " tokens spent, " << waiting.size() << " tenants wait for a new grant\n";
  testing::Test::RecordProperty("tokens_spent", static_cast<int>(uses.spent));
  testing::Test::RecordProperty("new_grants", static_cast<int>(waiting.size()));
  EXPECT_LE(waiting.size(), most);
  EXPECT_GT(uses.spent, 2 * world.tenants().size()) << "too few refreshes to show anything";
  for (const auto& [tenant, count] : uses.refused) {
    EXPECT_EQ(count, 1u) << tenant;
    EXPECT_TRUE(waiting.contains(tenant)) << tenant << " used a token twice and nobody was told";
  }
}

TEST(cluster_token_scenario, hand_overs_use_each_token_once) {
  cluster_scenario cluster{rotating_tokens()};
  begin(cluster);
  auto& world = cluster.world();
  world.await_pages(100);
  cluster.use("n3");
  world.api("POST", "/api/v1/nodes/n1/drain");
  cluster.await_owners({"n2", "n3"});
  world.await_pages(200);
  cluster.stop("n2");
  cluster.await_owners({"n3"});
  world.await_pages(300);
  world.api("POST", "/api/v1/nodes/n1/undrain");
  cluster.start("n2");
  cluster.await_owners({"n1", "n2", "n3"});
  world.await_runs();
  expect_each_used_once_but_for(cluster, 0);
  EXPECT_EQ(uses_of_tokens(world).refused.size(), 0u);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(cluster_token_scenario, a_node_killed_between_spent_and_stored_costs_a_grant_which_the_node_that_takes_over_asks_for) {
  cluster_scenario cluster{rotating_tokens()};
  begin(cluster, "credentials.before_store:3");
  EXPECT_EQ(cluster.process("n2").await_end(), 128 + 9);
  cluster.await_owners({"n1", "n3"}, 20s);
  cluster.world().await_runs();
  expect_each_used_once_but_for(cluster, cluster.world().tenants().size() / 2);
  EXPECT_GE(awaiting_a_grant(cluster.world()).size(), 1u);
}

TEST(cluster_token_scenario, a_node_killed_before_it_sent_the_token_costs_nothing) {
  cluster_scenario cluster{rotating_tokens()};
  begin(cluster, "credentials.after_begun");
  EXPECT_EQ(cluster.process("n2").await_end(), 128 + 9);
  cluster.await_owners({"n1", "n3"}, 20s);
  cluster.world().await_runs();
  expect_each_used_once_but_for(cluster, 0);
  EXPECT_TRUE(is_verified(cluster.world().audit())) << cluster.world().audit_text();
}

TEST(cluster_token_scenario, what_a_node_that_stood_still_got_for_a_token_is_not_stored_after_the_take_over) {
  cluster_scenario cluster{rotating_tokens()};
  begin(cluster);
  auto& world = cluster.world();
  world.await_pages(60);
  world.clear_faults();
  slow_answers_of_tokens(world, 2'000); // sent by n2 before it stands still, answered while it does
  await("refreshes are on their way", [&] { return world.number("SELECT count(*) FROM token_refresh t JOIN connection c ON c.id = t.connection_id "
                                                                "JOIN shard s ON s.id = c.shard JOIN node n ON n.incarnation = s.owner "
                                                                "WHERE n.name = 'n2' AND t.begun > 0") > 0; });
  cluster.pause("n2");
  cluster.await_owners({"n1", "n3"}, 20s);
  cluster.go_on("n2");
  cluster.await_owners({"n1", "n2", "n3"});
  world.await_runs();
  expect_each_used_once_but_for(cluster, world.tenants().size() / 2);
  EXPECT_EQ(cluster.commits_out_of_epoch(), 0);
}

} // namespace
} // namespace lode::test
