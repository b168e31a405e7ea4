#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "runtime/cli/demo/show_options.hpp"
#include "runtime/cli/demo/sick_tenants.hpp"

namespace lode::demo {

namespace {

constexpr auto crm = R"({"tenant":"crm-001","dialect":"crm","base_url":"http://crm.test:1/crm/v3","token_url":"http://crm.test:1/t",)"
                     R"("client_id":"i","client_secret":"s","refresh_token":"r","start":"2026-01-01T00:00:00Z","streams":["contacts"]})";

const sick_tenant spell{"crm-004", sickness::too_many_requests, "429 spell", "{}"};
const sick_tenant dead{"graph-003", sickness::dead_token, "dead token", "{}"};

run_shown run(const char* phase) {
  run_shown out;
  out.run = 7;
  out.phase = phase;
  return out;
}

} // namespace

TEST(demo_tenants, secrets_stand_apart_from_the_configuration) {
  auto tenants = read_tenants(std::string{crm} + "\n");
  ASSERT_EQ(tenants.size(), 1u);
  auto line = boost::json::parse(tenants[0].import_line).as_object();
  EXPECT_EQ(line.at("tenant"), "crm-001");
  EXPECT_EQ(line.at("source"), "crm");
  EXPECT_EQ(line.at("secrets").as_object().size(), 2u);
  EXPECT_EQ(line.at("secrets").at("refresh_token"), "r");
  EXPECT_FALSE(line.at("configuration").as_object().contains("client_secret"));
}

TEST(demo_tenants, a_line_that_lacks_a_field_is_refused) {
  EXPECT_THROW(read_tenants(R"({"tenant":"shop-002","dialect":"shop"})"), failure);
}

TEST(demo_tenants, three_fall_ill_in_three_dialects) {
  std::vector<api_tenant> tenants;
  for (auto name : {"graph-000", "crm-001", "shop-002", "graph-003", "crm-004", "shop-005"})
    tenants.push_back({name, "", ""});
  auto sick = choose_sick(tenants);
  ASSERT_EQ(sick.size(), 3u);
  EXPECT_EQ(sick[0].name, "graph-003");
  EXPECT_EQ(sick[2].name, "shop-005");
  tenants.pop_back();
  EXPECT_THROW(choose_sick(tenants), failure);
}

TEST(demo_tenants, a_suspended_one_shows_its_reason) {
  auto shown = describe(dead, {"suspended", "the token is dead"}, run("open"));
  EXPECT_TRUE(shown.is_settled);
  EXPECT_TRUE(shown.is_suspended);
  EXPECT_EQ(shown.text, "suspended: the token is dead");
}

TEST(demo_tenants, waiting_for_quota_is_a_state_but_running_is_none) {
  EXPECT_TRUE(describe(spell, {"active", ""}, run("open")).is_settled);
  EXPECT_FALSE(describe(dead, {"active", ""}, run("open")).is_settled);
}

TEST(demo_tenants, a_spell_that_let_the_run_finish_is_not_seen) {
  EXPECT_FALSE(describe(spell, {"active", ""}, run("finished")).is_settled);
}

} // namespace lode::demo
