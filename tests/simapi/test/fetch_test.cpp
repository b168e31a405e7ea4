#include "tests/simapi/test/live_test.hpp"

using namespace simapi::test;

/// One record by its id, in all dialects.
struct fetch : live_test {
  fetch() { start({"--tenants", "6"}); }

  http_reply object(const std::string& id, const std::string& token = {}) {
    return data().get("/v19.0/" + id + "?access_token=" + (token.empty() ? text_at(tenant("graph-000"), "/access_token") : token));
  }

  http_reply contact(const std::string& id) {
    if (access_token.empty())
      refresh();
    return data().get("/crm/v3/objects/contacts/" + id, "Authorization: Bearer " + access_token + "\r\n");
  }

  http_reply from_shop(const std::string& stream, const std::string& id) {
    return shop(stream, "/admin/api/2024-01/" + stream + "/" + id + ".json");
  }
};

TEST_F(fetch, a_post_and_a_comment_come_bare_and_count_as_served) {
  auto key = first_key();
  auto reply = object(key);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(text_at(parse(reply), "/id"), key);
  EXPECT_EQ(served_of(key), "0 ");
  auto comment = keys("graph-000", "comments").front();
  EXPECT_EQ(text_at(parse(object(comment)), "/id"), comment);
  EXPECT_EQ(text_at(requests("graph-000").back(), "/page"), "comments|id=" + comment);
}

TEST_F(fetch, a_comment_belongs_to_the_tenant_of_the_token) {
  auto comment = keys("graph-003", "comments").back(); // the other tenant may have one of the same id
  auto whose = text_at(tenant("graph-003"), "/access_token");
  auto before = object(comment, whose);
  EXPECT_EQ(before.status, 200);
  control_post("/control/credentials", R"({"tenant":"graph-003","rotate":true})");
  EXPECT_EQ(text_at(parse(object(comment, whose)), "/error/error_subcode"), "460");
  EXPECT_EQ(object(comment, text_at(tenant("graph-003"), "/access_token")).body, before.body);
}

TEST_F(fetch, graph_says_33_when_it_is_not_there) {
  auto key = first_key();
  for (const auto& id : {key + "9", text_at(tenant("graph-000"), "/account"), std::string{"12_34"}, std::string{"nonsense"}}) {
    auto reply = object(id);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(text_at(parse(reply), "/error/error_subcode"), "33") << id;
  }
  remove(key);
  EXPECT_EQ(text_at(parse(object(key)), "/error/error_subcode"), "33");
  EXPECT_EQ(text_at(parse(object(first_key(), "wrong")), "/error/error_subcode"), "460");
}

TEST_F(fetch, a_contact_comes_bare_or_is_404) {
  auto key = keys("crm-001", "contacts").front();
  EXPECT_EQ(text_at(parse(contact(key)), "/id"), key);
  EXPECT_EQ(truth_of("crm-001", "contacts", key).at("served").as_array().size(), 1u);
  EXPECT_EQ(contact("1").status, 404);
  mutate("delete", "crm-001", "contacts", R"(,"key":")" + key + "\"");
  EXPECT_EQ(text_at(parse(contact(key)), "/category"), "OBJECT_NOT_FOUND");
  access_token = "wrong";
  EXPECT_EQ(contact(key).status, 401);
}

TEST_F(fetch, records_of_shop_stand_under_their_name) {
  for (const std::string stream : {"orders", "products", "customers"}) {
    auto key = keys("shop-002", stream).front();
    auto name = stream.substr(0, stream.size() - 1);
    auto reply = from_shop(stream, key);
    EXPECT_EQ(text_at(parse(reply), "/" + name + "/id"), key);
    EXPECT_EQ(truth_of("shop-002", stream, key).at("served").as_array().size(), 1u);
    mutate("delete", "shop-002", stream, R"(,"key":")" + key + "\"");
    EXPECT_EQ(from_shop(stream, key).status, 404);
  }
}

TEST_F(fetch, faults_of_the_stream_strike_it) {
  fault(R"({"tenant":"graph-000","stream":"posts","kind":"server_error","times":1})");
  EXPECT_EQ(object(first_key()).status, 500);
  EXPECT_EQ(object(first_key()).status, 200);
}

TEST_F(fetch, the_import_lines_tell_what_a_live_connection_needs_when_asked) {
  auto plain = control_lines("/control/import?tenant=shop-002").at(0), more = control_lines("/control/import?tenant=shop-002&live=true").at(0);
  EXPECT_FALSE(plain.at("secrets").as_object().contains("client_secret"));
  EXPECT_EQ(text_at(more, "/secrets/client_secret"), text_at(tenant("shop-002"), "/client_secret"));
  EXPECT_EQ(text_at(more, "/configuration/shop"), "shop-002.shop.test");
  EXPECT_TRUE(text_at(control_lines("/control/import?tenant=graph-000&live=true").at(0), "/configuration/live_url").starts_with("ws://graph.test:"));
  EXPECT_EQ(text_at(control_lines("/control/import?tenant=crm-001&live=true").at(0), "/configuration/portal"),
            text_at(tenant("crm-001"), "/portal"));
}
