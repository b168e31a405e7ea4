#include <gmock/gmock.h>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Contacts by GraphQL; their addresses are masked. What is masked is not compared with what the APIs served.
struct examples_scenario : testing::Test {
  static std::string source() {
    auto text = read_file(LODE_SOURCE_FOLDER "/examples/graphql/source.yaml");
    const std::string mark = "      settle_time: 1s\n";
    const auto at = text.find(mark);
    if (at == std::string::npos)
      throw std::runtime_error{"examples/graphql/source.yaml has no settle_time any more: where do its steps go?"};
    return text.insert(at, "      steps: [{mask_matches: {find: [email]}}]\n      ignore: [[properties, email]]\n");
  }

  static scenario_settings three_tenants() {
    scenario_settings settings;
    settings.program = LODE_EXAMPLES_BINARY;
    settings.dialects = "graphql";
    settings.records = "contacts=2500";
    settings.simapi = {"--latency-ms", "30", "--error-rate", "0.02"};
    settings.sources = {{"graphql", source()}};
    settings.apis_remember = true;
    return settings;
  }

  void expect_nothing_lost_or_repeated() {
    EXPECT_TRUE(is_verified(world.audit({"--ignore", "contacts:properties.email"}))) << world.audit_text();
    EXPECT_EQ(world.number("SELECT count(*) FROM record"), 3 * records_of_a_tenant);
    EXPECT_EQ(world.number("SELECT count(*) FROM dead_letter"), 0);
    EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 0);
  }

  static constexpr int64_t records_of_a_tenant = 2500;
  scenario world{three_tenants()};
};

TEST_F(examples_scenario, a_graphql_connection_is_mined_whole_and_masked_through_faults_and_kills) {
  // Far enough apart that no page fails so often in a row that it is given up.
  for (const auto& tenant : world.tenants()) {
    int skip = 0;
    for (const auto* kind :
         {"partial_data", "rate_limited", "invalid_json", "truncated_body", "expire_page_token", "partial_data"})
      world.fault({{"tenant", tenant}, {"kind", kind}, {"times", 1}, {"skip", skip += 3}});
  }
  world.start_node();
  world.import_tenants();
  world.await_pages(6);
  world.kill_node();
  world.start_node();
  world.await_pages(40);
  world.kill_node();
  world.start_node();
  world.await_runs();
  expect_nothing_lost_or_repeated();
  const auto records =
    world.api_text("GET", "/api/v1/tenants/graphql-000/connections/main/streams/contacts/records?limit=1000").body;
  EXPECT_THAT(records, HasSubstr(R"("email":"***")"));
  EXPECT_THAT(records, Not(HasSubstr("@example.test")));
  EXPECT_THAT(world.present_node().ask("/metrics").body, HasSubstr(R"(miner="graphql")"));
}

TEST_F(examples_scenario, what_changes_later_is_found_by_the_next_run_alone) {
  world.start_node();
  world.import_tenants();
  world.await_runs();
  world.control("/control/mutate", {{"edits", 300}, {"inserts", 0}, {"deletes", 0}});
  world.await_settled();
  const auto before = world.pages_served();
  world.trigger_all();
  world.await_runs(2);
  expect_nothing_lost_or_repeated();
  EXPECT_LT(world.pages_served() - before, 30u) << "the whole was read again";
}

} // namespace
} // namespace lode::test
