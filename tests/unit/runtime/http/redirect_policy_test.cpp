#include "runtime/http/redirect_policy.hpp"

#include <gtest/gtest.h>

namespace lode {

struct redirect_policy_test : testing::Test {
  using step = std::variant<std::monostate, http_request, http_error>;

  step follow(const http_request& asked, int status, const std::string& location) {
    http_response response;
    response.status = status;
    response.headers = {{"location", location}};
    return policy.next(asked, std::get<http_url>(parse_http_url(asked.url)), response);
  }

  static http_request get_of(const std::string& url) {
    http_request request;
    request.url = url;
    return request;
  }

  std::string url_after(const http_request& asked, const std::string& location) {
    return std::get<http_request>(follow(asked, 302, location)).url;
  }

  redirect_policy policy{5};
};

TEST_F(redirect_policy_test, other_responses_are_answers) {
  for (auto status : {200, 204, 300, 304, 400})
    EXPECT_EQ(follow(get_of("http://a/"), status, "/x").index(), 0u) << status;
  EXPECT_EQ(policy.next({}, {}, http_response{.status = 302}).index(), 0u) << "without Location";
}

TEST_F(redirect_policy_test, a_relative_location_is_resolved_against_the_request) {
  EXPECT_EQ(url_after(get_of("http://a/b/c?x=1"), "../d?y=2"), "http://a/d?y=2");
  EXPECT_EQ(url_after(get_of("http://a/b"), "//other/x y"), "http://other/x%20y");
}

TEST_F(redirect_policy_test, a_post_becomes_a_get_except_for_307_and_308) {
  auto post = get_of("http://a/");
  post.method = "POST";
  post.body = "b";
  post.headers = {{"Content-Type", "text/plain"}, {"X", "y"}};
  for (auto status : {301, 302, 303}) {
    auto next = std::get<http_request>(follow(post, status, "/x"));
    EXPECT_EQ(next.method, "GET");
    EXPECT_EQ(next.body, "");
    EXPECT_EQ(find_header(next.headers, "content-type"), nullptr);
    EXPECT_NE(find_header(next.headers, "x"), nullptr);
  }
  auto kept = std::get<http_request>(follow(post, 307, "/x"));
  EXPECT_EQ(kept.method, "POST");
  EXPECT_EQ(kept.body, "b");
}

TEST_F(redirect_policy_test, a_303_answers_even_a_put_with_a_get_but_leaves_head_alone) {
  auto request = get_of("http://a/");
  request.method = "PUT";
  EXPECT_EQ(std::get<http_request>(follow(request, 303, "/x")).method, "GET");
  request.method = "HEAD";
  EXPECT_EQ(std::get<http_request>(follow(request, 303, "/x")).method, "HEAD");
}

TEST_F(redirect_policy_test, a_change_of_scheme_host_or_port_drops_all_but_harmless_headers) {
  auto request = get_of("http://a/");
  request.headers = {{"Authorization", "t"}, {"X-Whatever", "k"}, {"Cookie", "c"}, {"ACCEPT", "json"}};
  for (auto location : {"https://a/", "http://b/", "http://a:81/", "http://a.b/"}) {
    redirect_policy fresh{1};
    http_response response{.status = 302};
    response.headers = {{"Location", location}};
    auto next = std::get<http_request>(fresh.next(request, std::get<http_url>(parse_http_url(request.url)), response));
    ASSERT_EQ(next.headers.size(), 1u) << location;
    EXPECT_EQ(next.headers[0].name, "ACCEPT");
  }
}

TEST_F(redirect_policy_test, the_usual_port_written_out_is_the_same_origin) {
  auto request = get_of("https://a/");
  request.headers = {{"Authorization", "t"}};
  EXPECT_EQ(std::get<http_request>(follow(request, 302, "https://A:443/x")).headers.size(), 1u);
}

TEST_F(redirect_policy_test, a_credential_of_the_query_is_dropped_under_any_name) {
  auto request = get_of("http://a/?access_token=s3c%20ret&page=1");
  EXPECT_EQ(url_after(request, "http://b/?page=1&t=s3c+ret&x="), "http://b/?page=1&x=");
}

TEST_F(redirect_policy_test, a_declared_credential_is_dropped_by_name) {
  auto request = get_of("http://a/?my=1");
  request.credential_parameters = {"my"};
  EXPECT_EQ(url_after(request, "http://b/?MY=2&z=9"), "http://b/?z=9");
}

TEST_F(redirect_policy_test, a_credential_seen_earlier_is_dropped_later) {
  auto request = get_of("http://a/?token=s3cret");
  auto within = std::get<http_request>(follow(request, 302, "/b"));
  EXPECT_EQ(url_after(within, "http://c/?back=s3cret"), "http://c/");
}

TEST_F(redirect_policy_test, the_servers_own_signature_for_the_new_place_stays) {
  EXPECT_EQ(url_after(get_of("http://a/?token=s3cret"), "https://cdn/file?token=other&sig=1"),
            "https://cdn/file?token=other&sig=1");
}

TEST_F(redirect_policy_test, plain_http_after_https_is_refused) {
  EXPECT_EQ(std::get<http_error>(follow(get_of("https://a/"), 302, "http://a/")).kind, http_failure::redirect_refused);
}

TEST_F(redirect_policy_test, other_schemes_and_user_info_are_refused) {
  for (auto location : {"ftp://a/", "file:///etc/passwd", "http://u:p@b/", "javascript:1"})
    EXPECT_EQ(std::get<http_error>(follow(get_of("http://a/"), 302, location)).kind, http_failure::redirect_refused)
      << location;
}

TEST_F(redirect_policy_test, the_limit_counts_redirects_not_responses) {
  redirect_policy none{0};
  http_response response{.status = 200};
  EXPECT_EQ(none.next({}, {}, response).index(), 0u);
  response.status = 302;
  response.headers = {{"Location", "/"}};
  EXPECT_EQ(none.next({}, {}, response).index(), 2u);
}

TEST_F(redirect_policy_test, refusals_name_hosts_but_no_query) {
  auto error = std::get<http_error>(follow(get_of("https://a/?token=s3cret"), 302, "http://b/?token=s3cret"));
  EXPECT_NE(error.message.find("a:443"), std::string::npos);
  EXPECT_EQ(error.message.find("s3cret"), std::string::npos);
}

} // namespace lode
