#include "runtime/http/url.hpp"

#include <gtest/gtest.h>

namespace lode {

namespace {

http_url parsed(std::string_view text) {
  auto result = parse_http_url(text);
  if (auto error = std::get_if<http_error>(&result)) {
    ADD_FAILURE() << text << ": " << error->message;
    return {};
  }
  return std::get<http_url>(result);
}

bool is_refused(std::string_view text) {
  return std::holds_alternative<http_error>(parse_http_url(text));
}

} // namespace

TEST(url, has_scheme_host_port_and_target) {
  auto url = parsed("HTTPS://API.Example:8443/v1/items?limit=5#top");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "api.example");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/v1/items?limit=5");
}

TEST(url, has_the_port_of_its_scheme_and_a_root) {
  EXPECT_EQ(parsed("http://a").port, 80);
  EXPECT_EQ(parsed("https://a:").port, 443);
  EXPECT_EQ(parsed("http://a").target, "/");
  EXPECT_EQ(parsed("http://a?x=1").target, "/?x=1");
}

TEST(url, with_an_ipv6_host_comes_back_in_brackets) {
  auto url = parsed("http://[::1]:8080/");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(authority_of(url), "[::1]:8080");
  EXPECT_EQ(to_string(url), "http://[::1]:8080/");
}

TEST(url, as_text_leaves_out_the_usual_port_only) {
  EXPECT_EQ(to_string(parsed("http://a:80/x")), "http://a/x");
  EXPECT_EQ(to_string(parsed("http://a:443/x")), "http://a:443/x");
}

TEST(url, that_people_wrote_becomes_sendable_and_escapes_stay) {
  EXPECT_EQ(parsed("http://a/b c?q=\xC3\xA4&p=100%&e=%2F%2f\"").target, "/b%20c?q=%C3%A4&p=100%25&e=%2F%2f%22");
  EXPECT_EQ(parsed("http://a/x\r\nHost: b").target, "/x%0D%0AHost:%20b");
}

TEST(url, that_cannot_be_asked_is_refused) {
  for (auto text : {"", "a", "//a/b", "ftp://a/", "http:/a", "http:///x", "http://user:pw@a/", "http://a b/", "http://a:0/",
                    "http://a:65536/", "http://a:8x/", "http://[::1/", "http://[nope]/", "http://\xC3\xA4/", "http://[",
                    "http://a\r\nb/"})
    EXPECT_TRUE(is_refused(text)) << text;
}

TEST(url, refusal_does_not_repeat_user_info) {
  auto error = std::get<http_error>(parse_http_url("http://user:s3cret@a/"));
  EXPECT_EQ(error.message.find("s3cret"), std::string::npos);
}

TEST(quote, does_as_python) {
  EXPECT_EQ(quote("a/b c+d~\xC3\xA4"), "a/b%20c%2Bd~%C3%A4");
  EXPECT_EQ(quote("a/b", ""), "a%2Fb");
  EXPECT_EQ(quote_plus("a/b c+d&e=f"), "a%2Fb+c%2Bd%26e%3Df");
}

TEST(unquote, leaves_what_is_no_escape) {
  EXPECT_EQ(unquote("%41%zz%4"), "A%zz%4");
  EXPECT_EQ(unquote("a+b"), "a+b");
  EXPECT_EQ(unquote_plus("a+b%2B"), "a b+");
}

TEST(query, is_appended_behind_what_is_there_and_before_the_fragment) {
  std::vector<query_parameter> more{{"after", "x y"}, {"n", "1"}};
  EXPECT_EQ(append_query("http://a/b", more), "http://a/b?after=x+y&n=1");
  EXPECT_EQ(append_query("http://a/b?c=1#f", more), "http://a/b?c=1&after=x+y&n=1#f");
  EXPECT_EQ(append_query("http://a/b?", more), "http://a/b?after=x+y&n=1");
  EXPECT_EQ(append_query("http://a/b?c", {}), "http://a/b?c");
}

TEST(query, is_read_back_as_it_was_encoded) {
  std::vector<query_parameter> all{{"a", "1 & 2"}, {"b[]", "\xC3\xA4"}, {"b[]", "="}, {"empty", ""}};
  EXPECT_EQ(query_parameters("http://h/?" + encode_query(all)), all);
  EXPECT_EQ(query_parameters("/p?x&&y=1"), (std::vector<query_parameter>{{"x", ""}, {"y", "1"}}));
}

TEST(reference, resolves_as_the_rfc_shows) {
  // RFC 3986, sections 5.4.1 and 5.4.2.
  const std::pair<const char*, const char*> cases[] = {
    {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"}, {"//g", "http://g"}, {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q#s"}, {"g#s", "http://a/b/c/g#s"}, {"g?y#s", "http://a/b/c/g?y#s"},
    {";x", "http://a/b/c/;x"}, {"g;x", "http://a/b/c/g;x"}, {"g;x?y#s", "http://a/b/c/g;x?y#s"},
    {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"}, {"..", "http://a/b/"},
    {"../", "http://a/b/"}, {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../", "http://a/"},
    {"../../g", "http://a/g"}, {"../../../g", "http://a/g"}, {"../../../../g", "http://a/g"},
    {"/./g", "http://a/g"}, {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."}, {".g", "http://a/b/c/.g"},
    {"g..", "http://a/b/c/g.."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"}, {"./g/.", "http://a/b/c/g/"},
    {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"}, {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
    {"g;x=1/../y", "http://a/b/c/y"}, {"g?y/./x", "http://a/b/c/g?y/./x"}, {"g#s/../x", "http://a/b/c/g#s/../x"}};
  for (auto [reference, expected] : cases)
    EXPECT_EQ(resolve_reference("http://a/b/c/d;p?q", reference), expected) << reference;
}

TEST(reference, on_a_base_without_path_gets_its_slash) {
  EXPECT_EQ(resolve_reference("http://a", "g?x=1"), "http://a/g?x=1");
  EXPECT_EQ(resolve_reference("http://a?q", "?y"), "http://a?y");
}

} // namespace lode
