#include "runtime/http/request_head.hpp"
#include "runtime/http/route.hpp"

#include <gtest/gtest.h>

namespace lode {

struct route_test : testing::Test {
  http_route route_to(const std::string& url) {
    auto read = route_table::read(settings);
    return std::get<route_table>(read).route_to(std::get<http_url>(parse_http_url(url)));
  }
  std::string refusal() { return std::get<http_error>(route_table::read(settings)).message; }

  http_client_settings settings;
};

TEST_F(route_test, the_more_exact_resolve_entry_counts) {
  settings.resolve = {{"a.example:81", "10.0.0.1"}, {"A.example", "10.0.0.2:8080"}, {"*.example", "[::1]:99"},
                      {"*.b.example", "::2"}};
  EXPECT_EQ(route_to("http://a.example:81/").address, "10.0.0.1");
  EXPECT_EQ(route_to("http://a.example:81/").port, 81);
  EXPECT_EQ(route_to("http://a.example/").address, "10.0.0.2");
  EXPECT_EQ(route_to("http://a.example/").port, 8080);
  EXPECT_EQ(route_to("http://c.example/").address, "::1");
  EXPECT_EQ(route_to("http://c.example/").port, 99);
  EXPECT_EQ(route_to("https://c.b.example/").address, "::2");
  EXPECT_EQ(route_to("https://c.b.example/").port, 443);
  EXPECT_EQ(route_to("http://example/").address, "");
}

TEST_F(route_test, each_scheme_has_its_proxy) {
  settings.https_proxy = "http://proxy.example:3128";
  EXPECT_EQ(route_to("http://a/").kind, http_route::form::direct);
  auto route = route_to("https://a/");
  EXPECT_EQ(route.kind, http_route::form::proxy_tunnel);
  EXPECT_EQ(route.host, "proxy.example");
  EXPECT_EQ(route.port, 3128);
}

TEST_F(route_test, no_proxy_names_hosts_domains_ports_or_all) {
  settings.http_proxy = "http://p";
  settings.no_proxy = {"a", ".b", "c:81"};
  for (auto url : {"http://a/", "http://b/", "http://x.y.b/", "http://c:81/"})
    EXPECT_EQ(route_to(url).kind, http_route::form::direct) << url;
  for (auto url : {"http://x.a/", "http://xb/", "http://c/"})
    EXPECT_EQ(route_to(url).kind, http_route::form::proxy_request) << url;
  settings.no_proxy = {"*"};
  EXPECT_EQ(route_to("http://z/").kind, http_route::form::direct);
}

TEST_F(route_test, a_bad_setting_is_named_without_its_password) {
  settings.http_proxy = "socks5://user:s3cret@p";
  EXPECT_NE(refusal().find("http_proxy"), std::string::npos);
  EXPECT_EQ(refusal().find("s3cret"), std::string::npos);
  settings.http_proxy = {};
  for (auto address : {"", "host", "1.2.3.4:0", "1.2.3.4:x", "[::1]x", "1.2.3.4:99999"}) {
    settings.resolve = {{"a", address}};
    EXPECT_NE(refusal().find("resolve.a"), std::string::npos) << address;
  }
}

TEST(request_head, is_checked_for_what_would_break_out_of_its_place) {
  auto url = std::get<http_url>(parse_http_url("http://a/"));
  EXPECT_FALSE(check_request({}, url));
  for (auto method : {"", "GET /x", "G\r\nET", "CONNECT"})
    EXPECT_TRUE(check_request({.method = method}, url)) << method;
  for (auto header : {http_header{"", "v"}, {"a b", "v"}, {"a:", "v"}, {"a", "v\n"}, {"a", std::string(1, '\0')}}) {
    http_request request;
    request.headers = {header};
    EXPECT_TRUE(check_request(request, url)) << header.name;
  }
}

TEST(request_head, announces_an_empty_body_where_one_is_expected) {
  auto url = std::get<http_url>(parse_http_url("https://a:8443/x"));
  auto head = write_head({.method = "POST"}, url, {}, "lode");
  EXPECT_EQ(head, "POST /x HTTP/1.1\r\nHost: a:8443\r\nUser-Agent: lode\r\nAccept: */*\r\n"
                  "Accept-Encoding: gzip, deflate\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(write_head({}, url, {}, "lode").find("Content-Length"), std::string::npos);
}

} // namespace lode
