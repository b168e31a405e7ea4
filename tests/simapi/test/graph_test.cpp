#include "tests/simapi/test/simapi_test.hpp"

#include <set>

using namespace simapi::test;

struct graph_api : simapi_test {
  graph_api() { start(); }

  /// Follows the next links from a page to the end.
  std::vector<http_reply> follow(http_reply first) {
    std::vector<http_reply> pages{std::move(first)};
    for (;;) {
      auto link = text_at(parse(pages.back()), "/paging/next");
      if (!link.starts_with("http"))
        return pages;
      pages.push_back(data().get(link.substr(link.find("/v19.0"))));
    }
  }
};

TEST_F(graph_api, pages_come_newest_first_and_show_each_post_once) {
  std::set<std::string> seen;
  std::string last = "9999";
  auto pages = follow(posts("&limit=10"));
  for (const auto& page : pages)
    for (const auto& post : records(page, "data")) {
      auto updated = text_at(post, "/updated_time");
      EXPECT_LE(updated, last);
      last = updated;
      EXPECT_TRUE(seen.insert(text_at(post, "/id")).second);
    }
  EXPECT_EQ(pages.size(), 3u);
  EXPECT_EQ(seen.size(), 25u);
}

TEST_F(graph_api, the_next_link_carries_the_token_and_names_the_host_that_was_asked) {
  auto link = text_at(parse(posts("&limit=10")), "/paging/next");
  EXPECT_TRUE(link.starts_with("http://any.test/v19.0/"));
  EXPECT_NE(link.find("access_token=" + text_at(tenant("graph-000"), "/access_token")), std::string::npos);
}

TEST_F(graph_api, each_answer_shows_the_use_of_the_quota) {
  control_post("/control/limits", R"({"tenant":"graph-000","graph_calls_per_hour":4})");
  EXPECT_EQ(posts().headers.at("x-app-usage"), R"({"call_count":25,"total_time":12,"total_cputime":12})");
}

TEST_F(graph_api, over_the_hourly_quota_it_answers_code_4_until_the_hour_is_over) {
  control_post("/control/clock", R"({"now":1767225600000,"stopped":true})");
  control_post("/control/limits", R"({"graph_calls_per_hour":1})");
  EXPECT_EQ(posts().status, 200);
  auto refused = posts();
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(text_at(parse(refused), "/error/code"), "4");
  control_post("/control/clock", R"({"advance_ms":3600000})");
  EXPECT_EQ(posts().status, 200);
}

TEST_F(graph_api, a_wrong_token_is_code_190) {
  auto reply = data().get("/v19.0/" + text_at(tenant("graph-000"), "/account") + "/posts?access_token=wrong");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(text_at(parse(reply), "/error/code"), "190");
}

TEST_F(graph_api, comments_belong_to_their_post) {
  size_t found = 0;
  for (const auto& post : ids(posts("&limit=100"), "data")) {
    auto number = post.substr(post.find('_') + 1);
    for (const auto& comment : ids(comments(post), "data")) {
      EXPECT_TRUE(comment.starts_with(number + '_'));
      ++found;
    }
  }
  EXPECT_EQ(found, truth("graph-000", "comments").size());
}

TEST_F(graph_api, comments_of_an_unknown_post_are_subcode_33) {
  auto reply = comments(text_at(tenant("graph-000"), "/account") + "_1");
  EXPECT_EQ(text_at(parse(reply), "/error/error_subcode"), "33");
}

TEST_F(graph_api, an_edit_between_two_pages_moves_the_post_up_and_shifts_nothing) {
  auto first = posts("&limit=10");
  auto oldest = ids(posts("&limit=100"), "data").back();
  control_post("/control/mutate", R"({"ops":[{"op":"edit","tenant":"graph-000","stream":"posts","key":")" + oldest + R"("}]})");
  std::set<std::string> seen;
  for (const auto& page : follow(first))
    for (const auto& id : ids(page, "data"))
      EXPECT_TRUE(seen.insert(id).second);
  EXPECT_EQ(seen.size(), 24u);
  EXPECT_EQ(ids(posts("&limit=1"), "data").front(), oldest);
}

TEST_F(graph_api, since_and_until_bound_updated_time_inclusively) {
  auto all = records(posts("&limit=100"), "data");
  auto bound = text_at(all[10], "/updated_time").substr(0, 19) + "Z";
  EXPECT_EQ(ids(posts("&limit=100&since=" + bound), "data").size(), 11u);
  EXPECT_EQ(ids(posts("&limit=100&until=" + bound), "data").size(), 15u);
}

TEST_F(graph_api, a_cursor_of_another_tenant_is_refused) {
  auto after = text_at(parse(posts("&limit=10")), "/paging/cursors/after");
  EXPECT_EQ(posts("&limit=10&after=" + after).status, 200);
  auto changed = after;
  changed[3] = changed[3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(text_at(parse(posts("&after=" + changed)), "/error/error_subcode"), "1487534");
}
