#include <gmock/gmock.h>

#include <map>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

/// Runs of a few hundred pages in one piece each.
scenario_settings long_runs() {
  scenario_settings settings;
  settings.dialects = "crm,shop";
  settings.tenants = 12;
  settings.records = "contacts=2000,orders=2000,products=400,customers=400";
  settings.simapi = {"--latency-ms", "100"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}, {"step: P91D", "step: P3650D"}};
  return settings;
}

int64_t shards_of(scenario& world, const std::string& node) {
  return world.number("SELECT count(*) FROM shard s JOIN node n ON n.incarnation = s.owner WHERE n.name = '" + node + "' AND n.state <> 3");
}

void await_shards(scenario& world, const std::string& node, int64_t at_least) {
  await(
    node + " owns " + std::to_string(at_least) + " shards", [&] { return shards_of(world, node) >= at_least; },
    std::chrono::seconds{60}, [&] { return std::to_string(shards_of(world, node)) + "\n" + world.log(); });
}

int64_t refetched(const running_node& node) {
  auto text = node.ask("/metrics").body;
  auto at = text.find("\nlode_pages_refetched_total ");
  return at == text.npos ? -1 : std::stoll(text.substr(at + 28));
}

/// Pages that were served whole more than once. Left out: tokens, of which each node gets its own, and products, whose pages 1, 2,
/// 4, .. are read again to see whether rows have shifted.
std::vector<std::string> fetched_again(scenario& world) {
  std::map<std::string, int> times;
  for (const auto& each : world.requests())
    if (auto stream = text_in(each, "stream"); stream != "oauth" && stream != "products" && number_in(each, "status") == 200)
      ++times[text_in(each, "tenant") + " " + text_in(each, "page")];
  std::vector<std::string> out;
  for (const auto& [page, count] : times)
    if (count > 1)
      out.push_back(page);
  return out;
}

void expect_all_finished(scenario& world) {
  for (const auto& tenant : world.tenants())
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(handover_scenario, tenants_move_to_a_node_that_joins_and_back_when_it_stops_and_no_page_is_fetched_twice) {
  scenario world{long_runs()};
  world.set_node("cluster.listen", "127.0.0.1:0");
  world.start_node();
  world.import_tenants();
  world.await_pages(20);
  auto first = world.leave_node();
  world.set_node("node.name", "another");
  world.start_node();
  await_shards(world, "another", 1'500);
  await_shards(world, "scenario", 1'500);
  EXPECT_EQ(world.number("SELECT count(*) FROM run WHERE phase <> 0"), 0) << "the move was to happen while all were mined";
  EXPECT_EQ(refetched(first), 0);
  EXPECT_NE(read_file(first.process->log()).find("linked with node another"), std::string::npos) << last_lines(first.process->log());
  EXPECT_EQ(first.process->stop(), 0) << last_lines(first.process->log());
  await_shards(world, "another", 4'096);
  world.await_runs();
  EXPECT_THAT(fetched_again(world), testing::IsEmpty());
  expect_all_finished(world);
}

TEST(handover_scenario, what_is_slower_than_the_drain_timeout_is_abandoned_counted_and_fetched_again) {
  scenario world{long_runs()};
  world.set_node("cluster.drain_timeout", "200ms");
  world.start_node();
  world.import_tenants();
  world.await_pages(20);
  world.fault({{"kind", "slow_first_byte"}, {"delay_ms", 3000}});
  auto first = world.leave_node();
  world.set_node("node.name", "another");
  world.start_node();
  await_shards(world, "another", 1'500);
  // Idle shards move at once, those of slow pages when their time is up.
  await("pages are abandoned", [&] { return refetched(first) > 0; });
  world.clear_faults();
  world.await_runs();
  EXPECT_EQ(first.process->stop(), 0) << last_lines(first.process->log());
  expect_all_finished(world);
}

} // namespace
} // namespace lode::test
