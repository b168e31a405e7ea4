#include "runtime/extraction/request_builder.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace lode {

using namespace lode::testing;
using place = request_option::place;

namespace {

struct request_test : ::testing::Test {
  caf::expected<http_request> build() {
    return build_request(stream, {config, partition, slice, state, access_token, at(1'700'000'000)});
  }

  std::string url() {
    auto request = build();
    return request ? request->url : "refused: " + why(request);
  }

  std::string header(std::string_view name) {
    auto request = build();
    auto found = request ? find_header(request->headers, name) : nullptr;
    return found ? *found : "";
  }

  stream_plan stream = graph_posts();
  expression::value config =
    json(R"({"account":"17","token":"a b&c","n":5,"list":["x","y"],"empty":"","start":"2024-01-01"})");
  std::string partition;
  slice_bounds slice;
  wire::continuation_state state;
  std::string access_token;
};

TEST_F(request_test, the_first_page_of_graph_posts) {
  EXPECT_EQ(url(), "http://graph.test/v19.0/17/posts?access_token=a+b%26c&limit=100");
  auto request = build();
  EXPECT_EQ(request->method, "GET");
  EXPECT_THAT(request->credential_parameters, ::testing::Contains("access_token"));
}

TEST_F(request_test, a_next_link_gets_its_credentials_anew_and_repeats_nothing) {
  state.set_page_token(R"("http://graph.test/v19.0/17/posts?limit=100&after=b%3D")");
  EXPECT_EQ(url(), "http://graph.test/v19.0/17/posts?limit=100&after=b%3D&access_token=a+b%26c");
}

TEST_F(request_test, a_next_link_to_another_host_is_refused_unless_named) {
  state.set_page_token(R"("http://evil.test/v19.0/17/posts?after=b")");
  EXPECT_THAT(url(),
              ::testing::AllOf(::testing::HasSubstr("evil.test"), ::testing::HasSubstr("x-lode.next_link_hosts")));
  EXPECT_EQ(build().error(), errc::rejected);
  stream.lode.next_link_hosts = {"Evil.test"};
  EXPECT_EQ(url(), "http://evil.test/v19.0/17/posts?after=b&access_token=a+b%26c&limit=100");
}

TEST_F(request_test, a_base_that_is_no_URL_needs_a_person) {
  for (const auto* base : {"graph.test/v1", "ftp://graph.test", "http://", "http://user:word@graph.test"}) {
    stream.requester.url_base = code(base);
    auto request = build();
    ASSERT_FALSE(request) << base;
    EXPECT_EQ(request.error(), errc::bad_source) << base;
    EXPECT_THAT(why(request), ::testing::Not(::testing::HasSubstr("word"))) << base;
  }
}

TEST_F(request_test, a_path_that_leads_to_no_URL_is_the_failure_of_its_slice_alone) {
  stream.requester.path = code("urn:li:share:1");
  EXPECT_EQ(build().error(), errc::rejected);
}

TEST_F(request_test, a_next_link_never_leaves_tls) {
  stream.requester.url_base = code("https://graph.test");
  state.set_page_token(R"("http://graph.test/x")");
  EXPECT_THAT(url(), ::testing::HasSubstr("refused: "));
  state.set_page_token(R"("https://user@graph.test/x")");
  EXPECT_THAT(url(), ::testing::HasSubstr("refused: "));
  state.set_page_token(R"("//evil.test/x")");
  EXPECT_EQ(url(), "https://graph.test/evil.test/x?access_token=a+b%26c&limit=100")
    << "slashes in front go, as the format says";
}

TEST_F(request_test, a_relative_next_link_stays_with_its_host) {
  state.set_page_token(R"("/v19.0/other?after=1")");
  EXPECT_EQ(url(), "http://graph.test/v19.0/v19.0/other?after=1&access_token=a+b%26c&limit=100");
}

struct join_fact {
  const char* base;
  const char* path;
  const char* url;
};

TEST_F(request_test, base_and_path_are_joined_as_the_format_says) {
  stream.requester.authenticator = no_auth{};
  stream.paginator = {};
  for (auto [base, path, joined] :
       {join_fact{"https://h/v1", "a/b", "https://h/v1/a/b"}, join_fact{"https://h/v1/", "/a", "https://h/v1/a"},
        join_fact{"https://h/v1", "", "https://h/v1"}, join_fact{"https://h/v1/", "../a", "https://h/a"},
        join_fact{"https://h/v1", "https://o/x", "https://o/x"}, join_fact{"https://h", "a?b=1", "https://h/a?b=1"}}) {
    stream.requester.url_base = code(base);
    stream.requester.path = code(path);
    EXPECT_EQ(url(), joined) << base << " + " << path;
  }
}

TEST_F(request_test, parameters_are_encoded_as_python_does) {
  stream.paginator = {};
  stream.requester.authenticator = no_auth{};
  stream.requester.parameters = {{code("a b"), code("ä&=+/~")},
                                 {code("l"), code("{{ config['list'] }}")},
                                 {code("gone"), code("{{ config['empty'] }}")},
                                 {code("n"), code("{{ config['n'] }}")}};
  EXPECT_EQ(url(), "http://graph.test/v19.0/17/posts?a+b=%C3%A4%26%3D%2B%2F~&l=x&l=y&n=5");
}

TEST_F(request_test, a_key_that_two_components_set_is_refused) {
  stream.requester.parameters = {{code("limit"), code("5")}};
  EXPECT_THAT(url(), ::testing::HasSubstr("limit"));
  EXPECT_EQ(build().error(), errc::bad_source);
}

TEST_F(request_test, authenticators_fill_their_place) {
  stream.requester.authenticator = bearer_auth{code("{{ config['account'] }}")};
  EXPECT_EQ(header("Authorization"), "Bearer 17");
  stream.requester.authenticator = basic_auth{code("user"), program{}};
  EXPECT_EQ(header("Authorization"), "Basic dXNlcjo=");
  stream.requester.authenticator =
    api_key_auth{into(place::header, "X-Shop-Access-Token"), code("{{ config['account'] }}")};
  EXPECT_EQ(header("X-Shop-Access-Token"), "17");
  stream.requester.authenticator = oauth_auth{};
  access_token = "granted";
  EXPECT_EQ(header("Authorization"), "Bearer granted");
}

TEST_F(request_test, page_numbers_and_offsets_are_sent_from_the_second_page_on) {
  stream.requester.authenticator = no_auth{};
  stream.paginator = {page_number_paging{code("50"), 1, false}, into(place::parameter, "page"),
                      into(place::parameter, "limit")};
  EXPECT_EQ(url(), "http://graph.test/v19.0/17/posts?limit=50");
  state.set_page_token("2");
  EXPECT_EQ(url(), "http://graph.test/v19.0/17/posts?page=2&limit=50");
  stream.paginator.strategy = offset_paging{code("50"), true};
  state.clear_page_token();
  EXPECT_EQ(url(), "http://graph.test/v19.0/17/posts?page=0&limit=50");
}

TEST_F(request_test, slices_and_partitions_are_injected_and_readable) {
  stream.requester.authenticator = no_auth{};
  stream.paginator = {};
  stream.incremental.emplace();
  stream.incremental->datetime_format = "%Y-%m-%d";
  stream.incremental->start_option = into(place::parameter, "since");
  stream.incremental->end_option = into(place::parameter, "until");
  stream.routers = {list_router{std::vector<std::string>{"x"}, "kind", into(place::parameter, "kind")}};
  stream.requester.path = code("{{ stream_slice.kind }}/{{ stream_interval.start_time }}");
  partition = R"({"kind":"x"})";
  slice = {at(86400), at(3 * 86400)};
  state.set_slice_from_us(86400'000000);
  state.set_slice_to_us(2 * 86400'000000LL);
  EXPECT_EQ(url(), "http://graph.test/v19.0/x/1970-01-02?kind=x&since=1970-01-02&until=1970-01-03");
  stream.omit_slice_parameters_on_later_pages = true;
  state.set_page_token("2");
  EXPECT_EQ(url(), "http://graph.test/v19.0/x/1970-01-02");
}

TEST_F(request_test, json_bodies_are_rendered_merged_and_may_agree) {
  stream.requester.method = http_method::post;
  stream.requester.authenticator = no_auth{};
  template_tree tree{template_tree::map{{code("limit"), {code("100")}},
                                        {code("none"), {code("{{ config['empty'] }}")}},
                                        {code("filters"), {template_tree::list{{code("{{ config['n'] }}")}}}}}};
  stream.requester.body = json_body{tree};
  stream.paginator = {page_number_paging{code("100"), 1, true},
                      request_option{place::body_json, {}, {code("paging"), code("page")}},
                      into(place::body_json, "limit")};
  auto request = build();
  ASSERT_TRUE(request) << why(request);
  EXPECT_EQ(request->body, R"({"limit":100,"filters":[5],"paging":{"page":1}})");
  EXPECT_EQ(*find_header(request->headers, "content-type"), "application/json");
  stream.paginator.page_size_option = into(place::body_form, "limit");
  EXPECT_EQ(build().error(), errc::bad_source) << "two kinds of body";
}

// -- tokens ------------------------------------------------------------------------------------------------------------

struct token_test : ::testing::Test {
  token_test() {
    plan.endpoint = code("http://crm.test/oauth/v1/token");
    plan.client_id = code("{{ config['id'] }}");
    plan.client_secret = code("{{ config['secret'] }}");
    plan.refresh_token = code("{{ config['refresh'] }}");
    plan.updater.emplace();
  }

  caf::expected<token_grant> answer(int status, std::string body) {
    http_response response;
    response.status = status;
    response.body = std::move(body);
    return read_token_response(plan, response, at(1000));
  }

  oauth_auth plan;
  expression::value config = json(R"({"id":"i","secret":"s/+","refresh":"r"})");
};

TEST_F(token_test, an_endpoint_that_is_no_URL_needs_a_person) {
  plan.endpoint = code("crm.test/oauth");
  EXPECT_EQ(build_token_request(plan, config, at(0)).error(), errc::bad_source);
}

TEST_F(token_test, a_refresh_is_a_form) {
  auto request = build_token_request(plan, config, at(0));
  ASSERT_TRUE(request) << why(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->body, "grant_type=refresh_token&client_id=i&client_secret=s%2F%2B&refresh_token=r");
}

TEST_F(token_test, an_authorization_header_replaces_client_id_and_secret) {
  plan.headers = {{code("Authorization"), code("Basic x")}};
  plan.extra_body = {{code("audience"), code("api")}};
  auto request = build_token_request(plan, config, at(0));
  ASSERT_TRUE(request) << why(request);
  EXPECT_EQ(request->body, "grant_type=refresh_token&refresh_token=r&audience=api");
}

TEST_F(token_test, a_grant_is_found_at_any_depth) {
  auto grant = answer(200, R"({"data":{"access_token":"a","refresh_token":"r2","expires_in":"1800"}})");
  ASSERT_TRUE(grant) << why(grant);
  EXPECT_EQ(grant->access_token, "a");
  EXPECT_EQ(grant->refresh_token, "r2");
  EXPECT_EQ(grant->expires, at(2800));
}

TEST_F(token_test, refusals_and_failures_differ) {
  EXPECT_EQ(answer(400, R"({"status":"BAD_REFRESH_TOKEN"})").error(), errc::unauthorized);
  EXPECT_EQ(answer(503, "").error(), errc::server_failed);
  EXPECT_EQ(answer(200, "{}").error(), errc::bad_response);
  EXPECT_EQ(answer(200, "<html>").error(), errc::bad_response);
}

} // namespace

} // namespace lode
