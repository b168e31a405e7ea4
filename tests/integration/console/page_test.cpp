#include "runtime/console/page_files.hpp"
#include "runtime/http/content_decoding.hpp"
#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// The web page as a browser fetches it.
struct page_test : console_fixture {
  std::string fetch(const std::string& path, const std::string& head = {}) {
    if (!server)
      start();
    return raw("GET " + path + " HTTP/1.1\r\nHost: " + server->address() + "\r\n" + head + "Connection: close\r\n\r\n");
  }

  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

  static const page_file& script() {
    for (const auto& file : page_files())
      if (file.name.ends_with(".js"))
        return file;
    throw std::runtime_error{"the page has no script"};
  }
};

TEST_F(page_test, it_comes_without_a_token_and_may_load_nothing_from_elsewhere) {
  auto answer = fetch("/");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self';"));
  EXPECT_THAT(answer, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(answer, HasSubstr("Referrer-Policy: no-referrer"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
  EXPECT_THAT(body_of(answer), StartsWith("<!doctype html>"));
}

TEST_F(page_test, its_first_file_is_asked_for_each_time_and_the_others_are_kept) {
  auto page = fetch("/");
  EXPECT_THAT(page, HasSubstr("Cache-Control: no-cache"));
  EXPECT_THAT(page, Not(HasSubstr("no-store")));
  EXPECT_THAT(body_of(page), HasSubstr("src=\"" + std::string{script().name} + "\""));
  EXPECT_THAT(fetch("/" + std::string{script().name}), HasSubstr("Cache-Control: public, max-age=31536000, immutable"));
}

TEST_F(page_test, it_is_sent_compressed_to_who_takes_it_so_and_is_the_same) {
  auto path = "/" + std::string{script().name};
  auto packed = fetch(path, "Accept-Encoding: gzip, deflate, br\r\n");
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip"));
  EXPECT_THAT(packed, HasSubstr("Vary: Accept-Encoding"));
  auto plain = fetch(path);
  EXPECT_THAT(plain, Not(HasSubstr("Content-Encoding")));
  EXPECT_LT(packed.size() * 2, plain.size());
  auto unpacked = decode_content("gzip", body_of(packed), 16u << 20, "the test");
  ASSERT_TRUE(std::holds_alternative<std::string>(unpacked));
  EXPECT_EQ(std::get<std::string>(unpacked), body_of(plain));
}

TEST_F(page_test, files_that_it_does_not_have_are_not_there) {
  EXPECT_THAT(fetch("/nothing.js"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(fetch("/../etc/passwd"), StartsWith("HTTP/1.1 404"));
}
