#include "tests/simapi/live/signature.hpp"
#include "tests/simapi/test/hook_receiver.hpp"
#include "tests/simapi/test/live_test.hpp"

#include <atomic>

using namespace simapi::test;

struct hooks : live_test {
  hooks() { start(); }

  json::value register_hook(const std::string& name, const std::string& url, const std::string& more = {}, int status = 200) {
    return control_post("/control/hooks", R"({"tenant":")" + name + R"(","url":")" + url + R"(","retry_ms":5,"most_retry_ms":20)"
                                            + more + "}", status);
  }

  json::value order(const std::string& op) { return mutate(op, "shop-002", "orders", R"(,"key":")" + order_key() + "\""); }
  std::string order_key() { return keys("shop-002", "orders").front(); }
};

TEST_F(hooks, a_shop_webhook_brings_the_record_signed) {
  hook_receiver receiver;
  register_hook("shop-002", receiver.url("/hooks/shop?x=1"));
  control_post("/control/clock", R"({"now":1798761600123,"stopped":true})");
  order("edit");
  auto call = receiver.wait_for(1).at(0);
  settle();
  auto whose = tenant("shop-002");
  auto line = truth_of("shop-002", "orders", order_key());
  EXPECT_EQ(call.target, "/hooks/shop?x=1");
  EXPECT_EQ(call.headers["content-type"], "application/json");
  EXPECT_EQ(call.headers["x-shop-topic"], "orders/update");
  EXPECT_EQ(call.headers["x-shop-shop-domain"], text_at(whose, "/shop"));
  EXPECT_TRUE(call.headers["x-shop-event-id"].ends_with("_1"));
  EXPECT_EQ(call.headers["x-shop-triggered-at"], "2027-01-01T00:00:00.123Z");
  EXPECT_EQ(call.headers["x-shop-hmac-sha256"],
            simapi::to_base64(simapi::hmac_sha256(text_at(whose, "/client_secret"), call.body)));
  EXPECT_NE(http_client{control_port}.get("/control/truth?tenant=shop-002").body.find("\"record\":" + call.body + ",\"served\":[{\"version\":1,"),
            std::string::npos);
}

TEST_F(hooks, a_shop_delete_brings_the_id_and_is_told_in_the_truth) {
  hook_receiver receiver;
  register_hook("shop-002", receiver.url("/"));
  auto key = order_key();
  order("delete");
  auto call = receiver.wait_for(1).at(0);
  EXPECT_EQ(call.body, "{\"id\":" + key + "}");
  EXPECT_EQ(call.headers["x-shop-topic"], "orders/delete");
  settle();
  EXPECT_EQ(json::serialize(truth_of("shop-002", "orders", key).at("deletes_sent")), "[0]");
}

TEST_F(hooks, a_crm_webhook_brings_a_list_of_ids_signed_with_its_time) {
  hook_receiver receiver;
  register_hook("crm-001", receiver.url("/hooks/crm"));
  auto key = keys("crm-001", "contacts").front();
  control_post("/control/mutate", R"({"ops":[{"op":"edit","tenant":"crm-001","stream":"contacts","key":")" + key
                                    + R"("},{"op":"delete","tenant":"crm-001","stream":"contacts","key":")" + key + "\"}]}");
  settle();
  auto call = receiver.calls().at(0);
  auto signed_text = call.headers.at("x-crm-request-timestamp") + "." + call.body;
  EXPECT_EQ(call.headers.at("x-crm-signature"),
            simapi::to_hex(simapi::hmac_sha256(text_at(tenant("crm-001"), "/client_secret"), signed_text)));
  auto events = json::parse(call.body).as_array();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(text_at(events[0], "/subscriptionType"), "contact.propertyChange");
  EXPECT_EQ(text_at(events[1], "/subscriptionType"), "contact.deletion");
  EXPECT_EQ(text_at(events[0], "/objectId"), key);
  EXPECT_EQ(text_at(events[0], "/portalId"), text_at(tenant("crm-001"), "/portal"));
  auto line = truth_of("crm-001", "contacts", key);
  EXPECT_TRUE(line.at("served").as_array().empty()); // a notice shows nothing of the record
  EXPECT_EQ(json::serialize(line.at("deletes_sent")), "[1]");
}

TEST_F(hooks, crm_events_are_batched) {
  hook_receiver receiver;
  register_hook("crm-001", receiver.url("/"), R"(,"batch":10)");
  control_post("/control/mutate", R"({"edits":25,"tenants":["crm-001"]})");
  settle();
  size_t events = 0;
  for (const auto& call : receiver.calls()) {
    auto size = json::parse(call.body).as_array().size();
    EXPECT_LE(size, 10u);
    events += size;
  }
  EXPECT_EQ(events, 25u);
}

TEST_F(hooks, what_is_not_answered_2xx_is_sent_again_with_the_same_id_until_it_is) {
  std::atomic<int> left{3};
  hook_receiver receiver{[&](const hook_call&) { return left-- > 0 ? 503 : 204; }};
  register_hook("shop-002", receiver.url("/"));
  order("edit");
  settle();
  auto calls = receiver.calls();
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0].headers["x-shop-event-id"], calls[3].headers["x-shop-event-id"]);
  auto told = live("shop-002");
  EXPECT_EQ(text_at(told, "/sent"), "4");
  EXPECT_EQ(text_at(told, "/delivered"), "1");
  EXPECT_EQ(text_at(control_get("/control/hooks"), "/0/failed"), "3");
}

TEST_F(hooks, a_version_that_was_sent_and_not_answered_2xx_is_uncertain) {
  hook_receiver receiver{[](const hook_call&) { return 500; }};
  register_hook("shop-002", receiver.url("/"));
  order("edit");
  receiver.wait_for(2);
  auto line = truth_of("shop-002", "orders", order_key());
  EXPECT_EQ(text_at(line, "/uncertain"), "true");
  EXPECT_EQ(text_at(control_get("/control/live/settled"), "/waiting"), "1");
}

TEST_F(hooks, a_receiver_that_closes_without_an_answer_gets_it_again) {
  std::atomic<int> left{2};
  hook_receiver receiver{[&](const hook_call&) { return left-- > 0 ? 0 : 200; }};
  register_hook("shop-002", receiver.url("/"));
  order("edit");
  settle();
  EXPECT_EQ(receiver.calls().size(), 3u);
}

TEST_F(hooks, what_could_not_be_handed_over_was_not_served) {
  uint16_t gone = 0;
  {
    hook_receiver receiver;
    gone = receiver.port();
  }
  register_hook("shop-002", "http://127.0.0.1:" + std::to_string(gone) + "/", R"(,"challenge":false)");
  order("edit");
  while (text_at(control_get("/control/hooks"), "/0/failed") == "0")
    ;
  EXPECT_TRUE(truth_of("shop-002", "orders", order_key()).at("served").as_array().empty());
  control_post("/control/hooks/remove", "{}");
  settle();
}

TEST_F(hooks, events_of_a_hook_come_in_order) {
  hook_receiver receiver;
  register_hook("shop-002", receiver.url("/"));
  control_post("/control/mutate", R"({"edits":50,"tenants":["shop-002"]})");
  settle();
  auto calls = receiver.calls();
  ASSERT_EQ(calls.size(), 50u);
  for (size_t i = 0; i < 50; ++i)
    EXPECT_TRUE(calls[i].headers["x-shop-event-id"].ends_with("_" + std::to_string(i + 1)));
}

TEST_F(hooks, a_url_that_does_not_answer_its_challenge_is_refused) {
  hook_receiver receiver;
  receiver.answers_challenges = false;
  register_hook("shop-002", receiver.url("/"), {}, 409);
  EXPECT_TRUE(control_get("/control/hooks").as_array().empty());
  register_hook("shop-002", receiver.url("/"), R"(,"challenge":false)");
  EXPECT_EQ(control_get("/control/hooks").as_array().size(), 1u);
}

TEST_F(hooks, all_tenants_can_be_registered_at_once) {
  hook_receiver receiver;
  auto ids = control_post("/control/hooks", R"({"url":")" + receiver.url("/hooks/{dialect}/{tenant}") + "\"}").at("ids");
  EXPECT_EQ(ids.as_array().size(), 2u);
  EXPECT_TRUE(text_at(control_get("/control/hooks?tenant=shop-002"), "/0/url").ends_with("/hooks/shop/shop-002"));
  register_hook("graph-000", receiver.url("/"), {}, 400);
  register_hook("shop-002", "ftp://nowhere", {}, 400);
}

TEST_F(hooks, a_bad_signature_is_sent_right_once_it_was_refused) {
  std::string secret = text_at(tenant("shop-002"), "/client_secret");
  hook_receiver receiver{[secret](const hook_call& call) {
    return call.headers.at("x-shop-hmac-sha256") == simapi::to_base64(simapi::hmac_sha256(secret, call.body)) ? 200 : 401;
  }};
  register_hook("shop-002", receiver.url("/"));
  fault(R"({"tenant":"shop-002","kind":"bad_signature","times":1})");
  order("edit");
  settle();
  EXPECT_EQ(receiver.calls().size(), 2u);
}

TEST_F(hooks, faults_of_events_strike_webhooks) {
  hook_receiver receiver;
  register_hook("shop-002", receiver.url("/"));
  fault(R"({"tenant":"shop-002","kind":"event_lost","times":1})");
  fault(R"({"tenant":"shop-002","kind":"event_duplicated","times":1})");
  fault(R"({"tenant":"shop-002","kind":"event_oversize","times":1,"bytes":5000})");
  fault(R"({"tenant":"shop-002","kind":"event_malformed","times":1})");
  for (int i = 0; i < 4; ++i)
    order("edit");
  settle();
  auto calls = receiver.calls();
  ASSERT_EQ(calls.size(), 4u); // nothing, twice, oversize, malformed
  EXPECT_EQ(calls[0].body, calls[1].body);
  EXPECT_GT(calls[2].body.size(), 5000u);
  boost::system::error_code failure;
  json::parse(calls[3].body, failure);
  EXPECT_TRUE(failure);
}

TEST_F(hooks, a_full_hook_refuses_what_is_too_much_and_counts_it) {
  hook_receiver receiver{[](const hook_call&) { return 500; }};
  register_hook("shop-002", receiver.url("/"));
  control_post("/control/live", R"({"hook_queue":10})");
  control_post("/control/mutate", R"({"edits":15,"tenants":["shop-002"]})");
  EXPECT_EQ(text_at(live("shop-002"), "/overflows"), "5");
}
