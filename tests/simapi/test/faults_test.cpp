#include "tests/simapi/test/simapi_test.hpp"

using namespace simapi::test;

struct faults : simapi_test {
  faults() { start(); }

  void strike(const std::string& kind, const std::string& more = {}) {
    fault(R"({"tenant":"graph-000","kind":")" + kind + "\"" + more + "}");
  }

  size_t served_posts() {
    size_t count = 0;
    for (const auto& line : truth("graph-000", "posts"))
      count += !line.at("served").as_array().empty();
    return count;
  }

  std::string error(const http_reply& reply, const std::string& field) { return text_at(parse(reply), "/error/" + field); }
};

TEST_F(faults, too_many_requests_comes_with_retry_after_in_every_dialect) {
  fault(R"({"kind":"too_many_requests","retry_after_s":3})");
  for (const auto& reply : {posts(), contacts(), orders()}) {
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.headers.at("retry-after"), "3");
  }
}

TEST_F(faults, rate_limited_speaks_the_dialect) {
  fault(R"({"kind":"rate_limited","code":17})");
  EXPECT_EQ(error(posts(), "code"), "17");
  EXPECT_EQ(text_at(parse(contacts()), "/policyName"), "DAILY");
  auto shop_reply = orders();
  EXPECT_EQ(shop_reply.status, 429);
  EXPECT_EQ(shop_reply.headers.at("retry-after"), "1.0");
}

TEST_F(faults, a_server_error_has_the_status_that_was_ordered) {
  strike("server_error", R"(,"status":503)");
  EXPECT_EQ(posts().status, 503);
  EXPECT_EQ(served_posts(), 0u);
}

TEST_F(faults, a_slow_first_byte_delays_the_right_answer) {
  strike("slow_first_byte", R"(,"delay_ms":30)");
  auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(ids(posts("&limit=100"), "data").size(), 25u);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(30));
}

TEST_F(faults, a_stall_stops_in_mid_body_for_good) {
  auto whole = posts("&limit=10").body.size();
  strike("stall_mid_body");
  http_client client{port};
  client.send("GET " + graph_target("&limit=10") + " HTTP/1.1\r\nHost: any.test\r\n\r\n");
  EXPECT_EQ(client.read_body_up_to(whole / 2).size(), whole / 2);
  EXPECT_FALSE(client.has_input());
}

TEST_F(faults, a_stall_with_a_delay_goes_on) {
  auto whole = posts("&limit=10");
  strike("stall_mid_body", R"(,"delay_ms":5)");
  EXPECT_EQ(ids(posts("&limit=10"), "data"), ids(whole, "data"));
}

TEST_F(faults, a_truncated_body_ends_before_its_length_and_serves_nothing) {
  strike("truncated_body");
  auto reply = posts();
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.whole);
  EXPECT_FALSE(reply.reset);
  EXPECT_EQ(served_posts(), 0u);
}

TEST_F(faults, invalid_json_has_a_matching_length_and_serves_nothing) {
  strike("invalid_json");
  auto reply = posts();
  EXPECT_TRUE(reply.whole);
  boost::system::error_code failure;
  json::parse(reply.body, failure);
  EXPECT_TRUE(failure);
  EXPECT_EQ(served_posts(), 0u);
}

TEST_F(faults, a_wrong_content_type_is_an_html_page) {
  strike("wrong_content_type");
  auto reply = posts();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-type"), "text/html");
  EXPECT_EQ(served_posts(), 0u);
}

TEST_F(faults, a_reset_comes_instead_of_an_answer) {
  strike("reset");
  auto reply = posts();
  EXPECT_EQ(reply.status, 0);
  EXPECT_TRUE(reply.reset);
}

TEST_F(faults, a_reset_can_come_in_the_body) {
  strike("reset", R"(,"at":"body")");
  auto reply = posts("&limit=100");
  EXPECT_FALSE(reply.whole);
  EXPECT_TRUE(reply.reset);
  EXPECT_EQ(served_posts(), 0u);
}

TEST_F(faults, a_dead_token_is_dead_in_every_dialect) {
  refresh();
  fault(R"({"kind":"dead_token"})");
  EXPECT_EQ(error(posts(), "error_subcode"), "460");
  EXPECT_EQ(text_at(parse(contacts()), "/category"), "INVALID_AUTHENTICATION");
  EXPECT_EQ(text_at(parse(refresh()), "/status"), "BAD_REFRESH_TOKEN");
  EXPECT_EQ(orders().status, 401);
}

TEST_F(faults, an_expired_token_of_crm_is_healed_by_a_refresh) {
  refresh();
  fault(R"({"kind":"expired_token"})");
  EXPECT_EQ(error(posts(), "error_subcode"), "463");
  EXPECT_EQ(text_at(parse(contacts()), "/category"), "EXPIRED_AUTHENTICATION");
  refresh();
  EXPECT_EQ(contacts().status, 200);
}

TEST_F(faults, a_repeated_page_token_leads_back_to_the_same_page) {
  strike("repeat_page_token");
  auto first = text_at(parse(posts("&limit=5")), "/paging/cursors/after");
  auto second = posts("&limit=5&after=" + first);
  EXPECT_EQ(text_at(parse(second), "/paging/cursors/after"), first);
  EXPECT_EQ(ids(posts("&limit=5&after=" + first), "data"), ids(second, "data"));
}

TEST_F(faults, page_tokens_can_go_in_a_circle_of_two) {
  strike("repeat_page_token", R"(,"to":"first")");
  auto page = [&](const std::string& after) { return posts("&limit=5&after=" + after); };
  auto after = [](const http_reply& reply) { return text_at(parse(reply), "/paging/cursors/after"); };
  auto second = page(after(posts("&limit=5")));
  auto third = page(after(second));
  EXPECT_NE(ids(third, "data"), ids(second, "data"));
  EXPECT_EQ(ids(page(after(third)), "data"), ids(second, "data"));
}

TEST_F(faults, an_expired_page_token_is_refused_in_every_dialect) {
  auto graph = text_at(parse(posts("&limit=5")), "/paging/cursors/after");
  auto crm = text_at(parse(contacts("&limit=5")), "/paging/next/after");
  auto shop_next = next_of_link(orders("&limit=5"));
  fault(R"({"kind":"expire_page_token"})");
  EXPECT_EQ(error(posts("&after=" + graph), "error_subcode"), "1487534");
  EXPECT_EQ(text_at(parse(contacts("&after=" + crm)), "/subCategory"), "PAGING.AFTER_EXPIRED");
  EXPECT_EQ(text_at(parse(orders(shop_next)), "/errors/page_info"), "Expired.");
  EXPECT_EQ(posts("&limit=5").status, 200);
}

TEST_F(faults, page_tokens_expire_by_lifetime) {
  control_post("/control/limits", R"({"page_token_lifetime_s":60})");
  auto after = text_at(parse(posts("&limit=5")), "/paging/cursors/after");
  EXPECT_EQ(posts("&after=" + after).status, 200);
  control_post("/control/clock", R"({"advance_ms":61000})");
  EXPECT_EQ(posts("&after=" + after).status, 400);
}

TEST_F(faults, a_hanging_api_reads_the_request_and_never_answers) {
  strike("hang");
  {
    http_client client{port};
    client.send("GET " + graph_target() + " HTTP/1.1\r\nHost: any.test\r\n\r\n");
    while (requests("graph-000").empty()) // until it was read
      ;
    EXPECT_FALSE(client.has_input());
    EXPECT_EQ(text_at(requests("graph-000").back(), "/fault"), "hang");
  }
  while (text_at(control_get("/control/stats?tenant=graph-000"), "/in_flight") != "0") // until it saw the client leave
    ;
  EXPECT_EQ(text_at(requests("graph-000").back(), "/status"), "0");
}

TEST_F(faults, a_fault_strikes_its_tenant_and_stream_only) {
  fault(R"({"tenant":"shop-002","stream":"products","kind":"server_error"})");
  EXPECT_EQ(shop("products").status, 500);
  EXPECT_EQ(orders().status, 200);
  EXPECT_EQ(posts().status, 200);
}

TEST_F(faults, skip_and_times_count_matching_requests) {
  strike("server_error", R"(,"skip":1,"times":2)");
  std::vector<int> statuses;
  for (int i = 0; i < 5; ++i)
    statuses.push_back(posts().status);
  EXPECT_EQ(statuses, (std::vector{200, 500, 500, 200, 200}));
}

TEST_F(faults, a_rate_strikes_some_requests_and_the_same_ones_for_the_same_seed) {
  auto run = [&] {
    strike("server_error", R"(,"rate":0.5)");
    std::string result;
    for (int i = 0; i < 40; ++i)
      result += posts().status == 200 ? '.' : 'x';
    return result;
  };
  auto first = run();
  start();
  EXPECT_EQ(run(), first);
  EXPECT_NE(first.find('.'), std::string::npos);
  EXPECT_NE(first.find('x'), std::string::npos);
}

TEST_F(faults, cleared_faults_are_over) {
  strike("server_error");
  EXPECT_EQ(posts().status, 500);
  control_post("/control/faults/clear", R"({"tenant":"graph-000"})");
  EXPECT_EQ(posts().status, 200);
}

TEST_F(faults, the_error_rate_spoils_requests_but_never_the_token_endpoint) {
  control_post("/control/settings", R"({"error_rate":1})");
  auto reply = posts();
  EXPECT_FALSE(reply.whole && reply.status == 200);
  EXPECT_TRUE(text_at(requests("graph-000").back(), "/fault").starts_with("error_rate:"));
  EXPECT_EQ(refresh().status, 200);
}

TEST_F(faults, a_fault_for_an_unknown_tenant_or_kind_is_refused) {
  EXPECT_NE(text_at(control_post("/control/faults", R"({"tenant":"nobody","kind":"hang"})", 404), "/error").find("nobody"),
            std::string::npos);
  control_post("/control/faults", R"({"kind":"typo"})", 400);
  control_post("/control/faults", R"({"kind":"hang","ratee":1})", 400);
}
