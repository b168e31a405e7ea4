#include <gtest/gtest.h>

#include "tests/support/cluster_scenario.hpp"
#include "tests/support/postgres_proxy.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

/// Long enough that every node has something in work when another one goes.
scenario_settings busy_tenants() {
  scenario_settings settings;
  settings.tenants = 30;
  settings.records = "posts=200,comments=1,contacts=300,orders=300,products=150,customers=150";
  settings.simapi = {"--latency-ms", "20"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
  return settings;
}

void expect_verified(cluster_scenario& cluster) {
  EXPECT_TRUE(is_verified(cluster.world().audit())) << cluster.world().audit_text();
  EXPECT_EQ(cluster.commits_out_of_epoch(), 0);
}

TEST(cluster_scenario, three_nodes_share_the_work_and_one_that_is_killed_for_good_is_taken_over) {
  cluster_scenario cluster{busy_tenants()};
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.world().import_tenants();
  cluster.world().await_pages(100);
  cluster.kill("n2");
  cluster.await_owners({"n1", "n3"}, 10s);
  cluster.use("n1");
  cluster.world().await_runs();
  expect_verified(cluster);
}

TEST(cluster_scenario, a_node_that_stands_still_longer_than_its_lease_is_taken_over_and_comes_back_as_another_life) {
  cluster_scenario cluster{busy_tenants()};
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.world().import_tenants();
  cluster.world().await_pages(100);
  cluster.pause("n2");
  cluster.await_owners({"n1", "n3"}, 10s);
  cluster.go_on("n2");
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.use("n2");
  cluster.world().await_runs();
  expect_verified(cluster);
}

TEST(cluster_scenario, a_node_that_is_cut_from_the_database_is_taken_over_and_comes_back) {
  cluster_scenario cluster{busy_tenants()};
  cluster.start("n1");
  auto way = std::make_unique<postgres_proxy>(cluster.world().database().dsn());
  cluster.start("n2", "", way->dsn());
  cluster.await_owners({"n1", "n2"});
  cluster.use("n1");
  cluster.world().import_tenants();
  cluster.world().await_pages(60);
  way->hold_all(true);
  cluster.await_owners({"n1"}, 10s);
  way->hold_all(false);
  cluster.await_owners({"n1", "n2"});
  cluster.use("n1");
  cluster.world().await_runs();
  expect_verified(cluster);
}

TEST(cluster_scenario, a_rolling_restart_under_load_fetches_next_to_nothing_twice) {
  cluster_scenario cluster{busy_tenants()};
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.world().import_tenants();
  cluster.world().await_pages(60);
  for (const std::string name : {"n1", "n2", "n3"}) {
    cluster.stop(name);
    cluster.start(name);
    cluster.await_owners({"n1", "n2", "n3"});
  }
  cluster.use("n1");
  cluster.world().await_runs();
  // The products of a shop come by page numbers: pages 1, 2 and 4 are read again to notice rows that shifted.
  constexpr size_t seams = 3 * 10;
  EXPECT_LE(cluster.world().pages_fetched_again(), seams + 2);
  expect_verified(cluster);
}

TEST(cluster_scenario, all_nodes_killed_at_once_go_on_when_they_are_started_again) {
  cluster_scenario cluster{busy_tenants()};
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.world().import_tenants();
  cluster.world().await_pages(100);
  for (const std::string name : {"n1", "n2", "n3"})
    cluster.kill(name);
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.use("n3");
  cluster.world().await_runs();
  expect_verified(cluster);
}

} // namespace
} // namespace lode::test
