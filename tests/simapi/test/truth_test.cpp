#include "tests/simapi/test/simapi_test.hpp"

using namespace simapi::test;

struct truth : simapi_test {
  truth() { start(); }

  std::string first_post() { return ids(posts("&limit=1"), "data").front(); }

  json::value step(const std::string& op, const std::string& key, const std::string& more = {}) {
    return control_post("/control/mutate", R"({"ops":[{"op":")" + op + R"(","tenant":"graph-000","stream":"posts","key":")" + key
                                             + "\"" + more + "}]}");
  }

  size_t served(const std::string& key) { return truth_of("graph-000", "posts", key).at("served").as_array().size(); }
};

TEST_F(truth, a_record_is_served_byte_for_byte_as_the_truth_holds_it) {
  auto body = posts("&limit=1").body;
  auto raw = http_client{control_port}.get("/control/truth?tenant=graph-000").body;
  auto begin = body.find("[") + 1;
  auto record = body.substr(begin, body.find("],\"paging\"") - begin);
  EXPECT_NE(raw.find("\"record\":" + record + ",\"served\":[{\"version\":0,\"record\":" + record + "}]"), std::string::npos);
}

TEST_F(truth, the_same_seed_makes_the_same_world) {
  auto before = http_client{control_port}.get("/control/truth").body;
  start();
  EXPECT_EQ(http_client{control_port}.get("/control/truth").body, before);
  start({"--seed", "8"});
  EXPECT_NE(http_client{control_port}.get("/control/truth").body, before);
}

TEST_F(truth, only_what_was_shown_counts_as_served) {
  auto shown = ids(posts("&limit=3"), "data");
  for (const auto& line : simapi_test::truth("graph-000", "posts")) {
    auto key = text_at(line, "/key");
    bool expected = std::find(shown.begin(), shown.end(), key) != shown.end();
    EXPECT_EQ(line.at("served").as_array().size(), expected ? 1u : 0u) << key;
  }
}

TEST_F(truth, versions_that_nobody_fetched_are_not_served) {
  auto key = first_post();
  step("edit", key);
  step("edit", key);
  posts("&limit=1");
  auto line = truth_of("graph-000", "posts", key);
  EXPECT_EQ(text_at(line, "/served/0/version"), "0");
  EXPECT_EQ(text_at(line, "/served/1/version"), "2");
  EXPECT_EQ(text_at(line, "/served/1/record"), text_at(line, "/record"));
}

TEST_F(truth, a_version_that_is_served_twice_is_one) {
  auto key = first_post();
  posts("&limit=1");
  EXPECT_EQ(served(key), 1u);
}

TEST_F(truth, going_back_to_an_earlier_text_is_a_third_version_with_the_first_text) {
  auto key = ids(orders("&limit=1"), "orders").front();
  auto change = [&](const std::string& op) {
    control_post("/control/mutate", R"({"ops":[{"op":")" + op + R"(","tenant":"shop-002","stream":"orders","key":")" + key + "\"}]}");
    orders("&limit=100");
  };
  change("edit");
  change("revert");
  auto line = truth_of("shop-002", "orders", key);
  ASSERT_EQ(line.at("served").as_array().size(), 3u);
  EXPECT_EQ(text_at(line, "/served/0/record"), text_at(line, "/served/2/record"));
  EXPECT_NE(text_at(line, "/served/0/record"), text_at(line, "/served/1/record"));
}

TEST_F(truth, neighbours_with_equal_text_are_one) {
  auto key = first_post();
  step("edit", key);
  step("revert", key); // nobody has seen the edit
  posts("&limit=100");
  EXPECT_EQ(served(key), 1u);
}

TEST_F(truth, a_deleted_record_is_null_and_keeps_what_was_served) {
  auto key = first_post();
  step("delete", key);
  auto line = truth_of("graph-000", "posts", key);
  EXPECT_EQ(text_at(line, "/deleted"), "true");
  EXPECT_EQ(text_at(line, "/record"), "null");
  EXPECT_EQ(line.at("served").as_array().size(), 1u);
  EXPECT_NE(first_post(), key);
}

TEST_F(truth, a_deleted_record_can_come_back) {
  auto key = first_post();
  step("delete", key);
  step("insert", key);
  EXPECT_EQ(first_post(), key);
  EXPECT_EQ(served(key), 2u);
}

TEST_F(truth, deleting_a_post_deletes_its_comments) {
  for (const auto& key : ids(posts("&limit=100"), "data"))
    if (!ids(comments(key), "data").empty()) {
      step("delete", key);
      for (const auto& line : simapi_test::truth("graph-000", "comments"))
        EXPECT_EQ(text_at(line, "/deleted"), text_at(line, "/parent") == key ? "true" : "false");
      EXPECT_EQ(comments(key).status, 400);
      return;
    }
  FAIL() << "no post has comments";
}

TEST_F(truth, a_change_of_a_comment_gives_its_post_a_new_update_time) {
  auto last = ids(posts("&limit=100"), "data").back();
  control_post("/control/mutate", R"({"ops":[{"op":"insert","tenant":"graph-000","stream":"comments","parent":")" + last + "\"}]}");
  EXPECT_EQ(first_post(), last);
}

TEST_F(truth, since_shows_only_what_changed_or_was_first_served_later) {
  posts("&limit=100");
  auto reply = http_client{control_port}.get("/control/truth?tenant=graph-000");
  auto since = reply.headers.at("x-truth-sequence");
  posts("&limit=100");
  EXPECT_TRUE(control_lines("/control/truth?tenant=graph-000&since=" + since).empty());
  step("edit", first_post());
  EXPECT_EQ(control_lines("/control/truth?tenant=graph-000&since=" + since).size(), 1u);
}

TEST_F(truth, a_record_can_be_given_its_exact_text) {
  auto key = first_post();
  step("edit", key, R"(,"raw":"{\"id\":\")" + key + R"(\",\"n\":1e400,\"s\":\"\\ud800\"}")");
  auto expected = R"({"id":")" + key + R"(","n":1e400,"s":"\ud800"})";
  EXPECT_NE(posts("&limit=1").body.find(expected), std::string::npos);
  EXPECT_NE(http_client{control_port}.get("/control/truth").body.find("\"record\":" + expected), std::string::npos);
}

TEST_F(truth, counted_mutations_do_what_they_say) {
  auto live = [&] {
    size_t count = 0;
    for (const auto& line : control_lines("/control/truth"))
      count += text_at(line, "/deleted") == "false";
    return count;
  };
  auto before = live();
  auto done = control_post("/control/mutate",
                           R"({"inserts":7,"edits":20,"deletes":3,"seed":5,"streams":["orders","products","contacts"]})");
  EXPECT_EQ(text_at(done, "/inserted"), "7");
  EXPECT_EQ(text_at(done, "/edited"), "20");
  EXPECT_EQ(text_at(done, "/deleted"), "3");
  EXPECT_EQ(live(), before + 4);
}

TEST_F(truth, frozen_records_cannot_be_changed) {
  control_post("/control/freeze", R"({"frozen":true})");
  control_post("/control/mutate", R"({"edits":1})", 409);
  control_post("/control/freeze", R"({"frozen":false})");
  control_post("/control/mutate", R"({"edits":1})");
}

TEST_F(truth, an_edit_is_stamped_with_the_simulated_time) {
  control_post("/control/clock", R"({"now":1798761600000,"stopped":true})");
  step("edit", first_post());
  EXPECT_EQ(text_at(parse(posts("&limit=1")), "/data/0/updated_time"), "2027-01-01T00:00:00+0000");
  EXPECT_EQ(posts().headers.at("date"), "Fri, 01 Jan 2027 00:00:00 GMT");
}

TEST_F(truth, the_request_log_names_pages_without_tokens_or_secrets) {
  auto after = text_at(parse(posts("&limit=5")), "/paging/cursors/after");
  control_post("/control/clock", R"({"advance_ms":1000})");
  auto again = text_at(parse(posts("&limit=5")), "/paging/cursors/after");
  EXPECT_NE(again, after);
  posts("&limit=5&after=" + after);
  posts("&limit=5&after=" + again);
  auto log = requests("graph-000");
  ASSERT_EQ(log.size(), 4u);
  EXPECT_EQ(text_at(log[2], "/page"), text_at(log[3], "/page"));
  EXPECT_NE(text_at(log[0], "/page"), text_at(log[2], "/page"));
  for (const auto& line : log)
    EXPECT_EQ(text_at(line, "/target").find(text_at(tenant("graph-000"), "/access_token")), std::string::npos);
}

TEST_F(truth, new_credentials_end_the_old_ones) {
  auto old = graph_target();
  control_post("/control/credentials", R"({"tenant":"graph-000","rotate":true})");
  EXPECT_EQ(data().get(old).status, 400);
  EXPECT_EQ(posts().status, 200);
}
