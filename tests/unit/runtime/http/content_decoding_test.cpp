#include "runtime/http/content_decoding.hpp"

#include <gtest/gtest.h>

namespace lode {

namespace {

// printf hello | gzip -n
const std::string hello{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
                        "\x00\x00", 25};

std::variant<std::string, http_error> decode(std::string_view encodings, const std::string& body, size_t limit = 100) {
  return decode_content(encodings, body, limit, "a:80");
}

http_failure kind_of(const std::variant<std::string, http_error>& result) {
  return std::get<http_error>(result).kind;
}

} // namespace

TEST(content_decoding, leaves_identity_and_empty_bodies_alone) {
  EXPECT_EQ(std::get<0>(decode("", "x")), "x");
  EXPECT_EQ(std::get<0>(decode("identity", "x")), "x");
  EXPECT_EQ(std::get<0>(decode("gzip", "")), "");
}

TEST(content_decoding, joins_the_members_of_a_gzip_stream_and_skips_padding) {
  EXPECT_EQ(std::get<0>(decode("GZip", hello)), "hello");
  EXPECT_EQ(std::get<0>(decode("x-gzip", hello + hello + std::string(3, '\0'))), "hellohello");
}

TEST(content_decoding, allows_exactly_the_limit) {
  EXPECT_EQ(std::get<0>(decode("gzip", hello, 5)), "hello");
  EXPECT_EQ(kind_of(decode("gzip", hello, 4)), http_failure::too_large);
  EXPECT_EQ(kind_of(decode("gzip", hello + hello, 9)), http_failure::too_large);
}

TEST(content_decoding, calls_every_shorter_prefix_truncated) {
  for (size_t size = 1; size < hello.size(); ++size)
    EXPECT_EQ(kind_of(decode("gzip", hello.substr(0, size))), http_failure::truncated) << size;
  EXPECT_EQ(kind_of(decode("gzip", hello + hello.substr(0, 3))), http_failure::truncated);
}

TEST(content_decoding, refuses_damage_and_unknown_encodings) {
  auto damaged = hello;
  damaged[19] ^= 1; // its checksum
  EXPECT_EQ(kind_of(decode("gzip", damaged)), http_failure::malformed);
  EXPECT_EQ(kind_of(decode("gzip", "plain text")), http_failure::malformed);
  EXPECT_EQ(kind_of(decode("gzip", hello + "garbage")), http_failure::malformed);
  EXPECT_EQ(kind_of(decode("zstd", hello)), http_failure::malformed);
}

TEST(content_decoding, undoes_a_list_from_its_end) {
  EXPECT_EQ(std::get<0>(decode("identity, gzip", hello)), "hello");
  EXPECT_EQ(kind_of(decode("br, gzip", hello)), http_failure::malformed);
}

} // namespace lode
