#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

scenario_settings small_pages(int latency, int tenants = 3, const std::string& dialects = "graph,crm,shop") {
  scenario_settings settings;
  settings.tenants = tenants;
  settings.dialects = dialects;
  settings.records = "posts=60,comments=1,contacts=200,orders=200,products=100,customers=200";
  settings.simapi = {"--latency-ms", std::to_string(latency)};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"step: P91D", "step: P3650D"}};
  settings.schedule = nullptr;
  return settings;
}

void pass(scenario& world, size_t runs, const std::string& kind) {
  world.await_settled();
  for (const auto& tenant : world.tenants())
    world.trigger(tenant, kind);
  world.await_runs(runs);
}

void mine_all(scenario& world) {
  world.start_node();
  world.import_tenants();
  pass(world, 1, "manual");
}

int64_t tombstones(scenario& world) {
  return world.number("SELECT count(*) FROM record WHERE deleted");
}

const auto shop_only = [](int latency) { return small_pages(latency, 1, "shop"); };

TEST(deletes_scenario, what_is_deleted_behind_the_apis_is_found_by_a_full_pass_and_the_next_one) {
  scenario world{small_pages(0)};
  mine_all(world);
  world.control("/control/mutate", {{"inserts", 5}, {"edits", 20}, {"deletes", 30}, {"seed", 3}});
  pass(world, 2, "full");
  auto stable = world.number("SELECT count(*) FROM record r JOIN stream s ON s.id = r.stream_id "
                             "WHERE r.deleted AND s.name = 'customers'");
  EXPECT_EQ(tombstones(world), stable) << "what edits may move waits for one more reading";
  EXPECT_GT(stable, 0);
  pass(world, 3, "manual");
  auto agreed = tombstones(world);
  EXPECT_GT(agreed, stable);
  pass(world, 4, "full");
  EXPECT_GT(tombstones(world), agreed) << "a run from the cursors does not see what shifted past the pass";
  EXPECT_EQ(world.number("SELECT sum(deleted)::bigint FROM continuation"), tombstones(world));
  EXPECT_EQ(world.number("SELECT count(*) FROM mark m WHERE NOT EXISTS (SELECT FROM sweep s WHERE s.run_id = m.run_id)"), 0);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(deletes_scenario, a_record_that_comes_back_is_an_insert) {
  scenario world{shop_only(0)};
  mine_all(world);
  json::object target;
  for (const auto& line : world.control_lines("/control/truth"))
    if (text_in(line, "stream") == "customers")
      target = {{"tenant", line.at("tenant")}, {"stream", "customers"}, {"key", line.at("key")}};
  size_t runs = 1;
  for (const auto* op : {"delete", "insert"}) {
    target["op"] = op;
    world.control("/control/mutate", {{"ops", json::array{target}}});
    pass(world, ++runs, "full");
  }
  EXPECT_EQ(world.number("SELECT count(*) FROM feed, unnest(keys) AS key WHERE key = '" + text_in(target, "key") + "'"), 3);
  EXPECT_EQ(tombstones(world), 0);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(deletes_scenario, a_kill_in_mid_pass_and_in_mid_sweep_deletes_nothing_that_exists) {
  scenario world{small_pages(5)};
  mine_all(world);
  world.control("/control/mutate", {{"deletes", 30}, {"seed", 3}});
  world.await_settled();
  for (const auto& tenant : world.tenants())
    world.trigger(tenant, "full");
  world.stop_node();
  for (const std::string point : {"miner.after_commit:6", "writer.after_commit:5", "sweeper.weighed", "sweeper.after_commit"}) {
    world.start_node_until_it_dies_at(point);
    world.kill_node();
  }
  world.start_node();
  world.await_runs(2);
  EXPECT_TRUE(is_verified(world.audit({"--keep-deleted"}))) << world.audit_text();
  EXPECT_GT(tombstones(world), 0);
  pass(world, 3, "full");
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(deletes_scenario, what_is_inserted_edited_and_deleted_beside_the_reader_is_not_swept_while_it_exists) {
  scenario world{small_pages(15)};
  mine_all(world);
  for (size_t round = 0; round < 2; ++round) {
    world.await_settled();
    for (const auto& tenant : world.tenants()) {
      world.trigger(tenant, "full");
      world.trigger(tenant, "manual"); // reads what lands behind the other one
    }
    for (int i = 0; i < 4; ++i) {
      auto before = world.pages_served();
      world.control("/control/mutate", {{"inserts", 10}, {"edits", 30}, {"deletes", 5}, {"seed", 100 * (round + 1) + i}});
      await("the runs go on", [&] {
        return world.pages_served() >= before + 10 || world.number("SELECT count(*) FROM run WHERE phase = 0") == 0;
      });
    }
    world.await_runs(1 + 2 * (round + 1));
  }
  pass(world, 6, "manual");
  EXPECT_TRUE(is_verified(world.audit({"--keep-deleted"}))) << world.audit_text();
  pass(world, 7, "full");
  pass(world, 8, "manual");
  pass(world, 9, "full");
  pass(world, 10, "manual");
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(deletes_scenario, an_api_that_suddenly_shows_nothing_trips_the_brake_and_a_person_decides) {
  scenario world{shop_only(0)};
  mine_all(world);
  json::array all;
  for (const auto& line : world.control_lines("/control/truth"))
    if (text_in(line, "stream") == "customers")
      all.push_back({{"op", "delete"}, {"tenant", line.at("tenant")}, {"stream", "customers"}, {"key", line.at("key")}});
  world.control("/control/mutate", {{"ops", all}});
  pass(world, 2, "full");
  auto tenant = world.tenants()[0];
  auto run = world.last_run(tenant);
  EXPECT_EQ(text_in(run, "phase"), "incomplete");
  EXPECT_NE(text_in(run, "reason").find("200 of 200 records were not in the full pass"), std::string::npos) << text_in(run, "reason");
  EXPECT_EQ(tombstones(world), 0);
  world.api("POST", "/api/v1/tenants/" + tenant + "/connections/main/confirm-deletes", json::object{{"streams", json::array{"customers"}}});
  pass(world, 3, "full");
  run = world.last_run(tenant);
  EXPECT_EQ(text_in(run, "phase"), "finished") << text_in(run, "reason");
  EXPECT_EQ(number_in(run, "deleted"), 200);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
