#include <gmock/gmock.h>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using testing::HasSubstr;

enum class fate { complete, incomplete, suspended };

struct troubled_tenant {
  const char* name;
  fate ends;
  json::object fault;
  std::string in_reason; ///< of those that do not complete
};

/// Passing faults end complete; lasting ones as a state that a person can act on.
std::vector<troubled_tenant> troubled_tenants() {
  return {
    {"graph-000", fate::complete, {{"kind", "too_many_requests"}, {"times", 2}}, ""},
    {"crm-001", fate::complete, {{"kind", "too_many_requests"}, {"times", 2}}, ""},
    {"shop-002", fate::complete, {{"kind", "rate_limited"}, {"times", 2}, {"retry_after_s", 1}}, ""},
    {"graph-003", fate::complete, {{"kind", "rate_limited"}, {"code", 17}, {"times", 1}}, ""},
    {"crm-004", fate::complete, {{"kind", "server_error"}, {"status", 503}, {"times", 2}}, ""},
    {"shop-005", fate::complete, {{"kind", "slow_first_byte"}, {"delay_ms", 300}, {"times", 3}}, ""},
    {"graph-006", fate::complete, {{"kind", "stall_mid_body"}, {"times", 1}}, ""},
    {"crm-007", fate::complete, {{"kind", "truncated_body"}, {"times", 2}}, ""},
    {"shop-008", fate::complete, {{"kind", "invalid_json"}, {"times", 1}}, ""},
    {"graph-009", fate::complete, {{"kind", "wrong_content_type"}, {"times", 1}}, ""},
    {"crm-010", fate::complete, {{"kind", "reset"}, {"at", "head"}, {"times", 2}}, ""},
    {"shop-011", fate::complete, {{"kind", "reset"}, {"at", "body"}, {"times", 2}}, ""},
    {"graph-012", fate::suspended, {{"kind", "dead_token"}}, "dead or has expired"},
    {"crm-013", fate::suspended, {{"kind", "dead_token"}}, "authorise the connection again"},
    {"shop-014", fate::suspended, {{"kind", "dead_token"}}, "Invalid API key"},
    {"graph-015", fate::suspended, {{"kind", "expired_token"}}, "dead or has expired"},
    {"crm-016", fate::complete, {{"kind", "expire_page_token"}, {"times", 1}, {"stream", "contacts"}}, ""},
    {"shop-017", fate::incomplete, {{"kind", "repeat_page_token"}, {"stream", "orders"}}, "page token that it was asked with"},
    {"graph-018", fate::incomplete, {{"kind", "repeat_page_token"}, {"to", "first"}, {"stream", "posts"}}, "circle"},
    {"crm-019", fate::incomplete, {{"kind", "hang"}, {"stream", "contacts"}}, "contacts"},
    {"shop-020", fate::incomplete, {{"kind", "server_error"}, {"stream", "products"}}, "products"},
  };
}

scenario_settings eight_of_each() {
  scenario_settings settings;
  settings.tenants = 24;
  settings.records = "posts=60,comments=1,contacts=60,orders=60,products=40,customers=40";
  settings.source_edits = {{"first_byte: 3s, whole: 10s", "first_byte: 1s, whole: 2s"}, {"max_retries: 3", "max_retries: 2"},
                           {"page_size: 100", "page_size: 10"}, {"page_size: 200", "page_size: 10"}, {"page_size: 250", "page_size: 10"},
                           {"step: P91D", "step: P3650D"}};
  return settings;
}

TEST(faults_scenario, each_fault_ends_as_a_state_and_the_others_go_on) {
  scenario world{eight_of_each()};
  auto troubled = troubled_tenants();
  std::string unfinished, suspended;
  std::vector<std::string> owed;
  for (auto& each : troubled) {
    each.fault["tenant"] = each.name;
    world.fault(each.fault);
    if (each.ends != fate::complete)
      unfinished += std::string{unfinished.empty() ? "" : ","} + each.name;
    if (each.ends == fate::suspended)
      suspended += std::string{suspended.empty() ? "" : ","} + each.name;
    if (each.ends == fate::incomplete)
      owed.push_back(each.name);
  }
  world.start_node();
  world.import_tenants();
  world.await_runs();
  for (const auto& each : troubled) {
    auto connection = world.connection(each.name);
    auto run = world.last_run(each.name);
    auto seen = json::serialize(connection) + " " + json::serialize(run);
    EXPECT_EQ(text_in(connection, "state"), each.ends == fate::suspended ? "suspended" : "active") << seen;
    if (each.ends == fate::complete) {
      EXPECT_EQ(text_in(run, "phase"), "finished") << seen;
    } else {
      EXPECT_EQ(text_in(run, "phase"), each.ends == fate::incomplete ? "incomplete" : "open") << seen;
      auto reason = text_in(each.ends == fate::suspended ? connection : run, "reason");
      EXPECT_THAT(reason, HasSubstr(each.in_reason)) << seen;
      EXPECT_THAT(reason, HasSubstr(each.name)) << seen;
    }
  }
  for (const std::string name : {"graph-021", "crm-022", "shop-023"})
    EXPECT_EQ(text_in(world.last_run(name), "phase"), "finished") << json::serialize(world.last_run(name));
  EXPECT_TRUE(is_verified(world.audit({"--served-only", unfinished}))) << world.audit_text();

  // What a run could not read stays owed: the next one brings it.
  world.clear_faults();
  for (const auto& tenant : owed)
    world.trigger(tenant);
  world.await_runs(2, owed);
  EXPECT_TRUE(is_verified(world.audit({"--served-only", suspended}))) << world.audit_text();
}

TEST(faults_scenario, an_expired_oauth_token_is_refreshed_and_the_run_goes_on) {
  auto settings = eight_of_each();
  settings.tenants = 1;
  settings.dialects = "crm";
  settings.simapi = {"--latency-ms", "50"};
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_pages(2);
  world.fault({{"kind", "expired_token"}, {"tenant", "crm-000"}});
  world.await_runs();
  EXPECT_EQ(text_in(world.last_run("crm-000"), "phase"), "finished") << json::serialize(world.connection("crm-000"));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
