#include "tests/simapi/test/simapi_test.hpp"

#include <set>

using namespace simapi::test;

struct crm_api : simapi_test {
  crm_api() { start(); }

  static std::string after_of(const http_reply& reply) {
    auto after = text_at(parse(reply), "/paging/next/after");
    return after.starts_with("(") ? "" : after;
  }
};

TEST_F(crm_api, a_search_gives_each_contact_once_oldest_change_first) {
  std::set<std::string> seen;
  std::string last, after;
  do {
    auto page = contacts("&limit=10" + (after.empty() ? "" : "&after=" + after));
    for (const auto& contact : records(page, "results")) {
      EXPECT_GE(text_at(contact, "/updatedAt"), last);
      last = text_at(contact, "/updatedAt");
      EXPECT_TRUE(seen.insert(text_at(contact, "/id")).second);
    }
    after = after_of(page);
  } while (!after.empty());
  EXPECT_EQ(seen.size(), 25u);
}

TEST_F(crm_api, a_posted_search_means_the_same_as_one_in_the_query) {
  refresh();
  auto bound = text_at(parse(contacts("&limit=100")), "/results/9/updatedAt");
  auto headers = "Authorization: Bearer " + access_token + "\r\n";
  auto flat = data().post("/crm/v3/objects/contacts/search", R"({"limit":100,"updated_to":")" + bound + "\"}", headers);
  auto filters = data().post("/crm/v3/objects/contacts/search",
                             R"({"limit":"100","filterGroups":[{"filters":[{"propertyName":"updatedAt","operator":"LTE","value":")"
                               + bound + R"("}]}]})",
                             headers);
  EXPECT_EQ(ids(flat, "results").size(), 10u);
  EXPECT_EQ(filters.body, flat.body);
  EXPECT_EQ(contacts("&limit=100&updated_to=" + bound).body, flat.body);
}

TEST_F(crm_api, both_bounds_are_inclusive_and_total_counts_what_is_between) {
  auto all = parse(contacts("&limit=100"));
  auto page = parse(contacts("&limit=2&updated_from=" + text_at(all, "/results/5/updatedAt") + "&updated_to="
                             + text_at(all, "/results/14/updatedAt")));
  EXPECT_EQ(text_at(page, "/total"), "10");
  EXPECT_EQ(text_at(page, "/results/0/id"), text_at(all, "/results/5/id"));
}

TEST_F(crm_api, a_search_is_refused_beyond_its_result_window) {
  control_post("/control/limits", R"({"crm_result_window":20})");
  auto second = contacts("&limit=10&after=" + after_of(contacts("&limit=10")));
  EXPECT_EQ(second.status, 200);
  auto third = contacts("&limit=10&after=" + after_of(second));
  EXPECT_EQ(third.status, 400);
  EXPECT_EQ(text_at(parse(third), "/subCategory"), "SEARCH.RESULT_WINDOW");
  EXPECT_NE(third.body.find("at most 20 results"), std::string::npos);
}

TEST_F(crm_api, the_daily_quota_ends_with_the_simulated_day) {
  control_post("/control/clock", R"({"now":1767225600000,"stopped":true})");
  control_post("/control/limits", R"({"tenant":"crm-001","crm_daily_quota":2})");
  EXPECT_EQ(contacts().headers.at("x-crm-ratelimit-daily-remaining"), "1");
  contacts();
  auto refused = contacts();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(text_at(parse(refused), "/policyName"), "DAILY");
  control_post("/control/clock", R"({"advance_ms":86400000})");
  refresh();
  EXPECT_EQ(contacts().status, 200);
}

TEST_F(crm_api, an_access_token_expires_on_the_simulated_clock) {
  EXPECT_EQ(contacts().status, 200);
  control_post("/control/clock", R"({"advance_ms":1800000})");
  auto refused = contacts();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(text_at(parse(refused), "/category"), "EXPIRED_AUTHENTICATION");
  refresh();
  EXPECT_EQ(contacts().status, 200);
}

TEST_F(crm_api, a_rotating_refresh_token_can_be_used_once) {
  control_post("/control/limits", R"({"crm_rotate_refresh_tokens":true})");
  auto old = text_at(tenant("crm-001"), "/refresh_token");
  auto fresh = text_at(parse(refresh(old)), "/refresh_token");
  EXPECT_NE(fresh, old);
  auto refused = refresh(old);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(text_at(parse(refused), "/status"), "BAD_REFRESH_TOKEN");
  EXPECT_EQ(refresh(fresh).status, 200);
}

TEST_F(crm_api, a_forged_access_token_is_refused) {
  refresh();
  access_token.back() = access_token.back() == '0' ? '1' : '0';
  auto refused = contacts();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(text_at(parse(refused), "/category"), "INVALID_AUTHENTICATION");
}
