#include "tests/simapi/page_token.hpp"
#include "tests/simapi/record_text.hpp"
#include "tests/simapi/test/simapi_test.hpp"
#include "tests/simapi/time_text.hpp"

#include <zlib.h>

using namespace simapi::test;

struct wire : simapi_test {};

namespace {

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string result(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  inflateEnd(&stream);
  return result;
}

} // namespace

TEST_F(wire, a_body_is_compressed_only_for_clients_that_ask) {
  start({"--gzip"});
  auto packed = data().get(graph_target("&limit=100"), "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  packed.body = gunzip(packed.body);
  EXPECT_EQ(ids(packed, "data"), ids(posts("&limit=100"), "data"));
}

TEST_F(wire, a_request_to_close_is_honoured) {
  start();
  auto reply = data().get(graph_target(), "Connection: close\r\n");
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(connection->read().status, 0);
}

TEST_F(wire, many_threads_serve_one_world) {
  start({"--threads", "3"});
  EXPECT_EQ(ids(posts("&limit=100"), "data").size(), 25u);
}

TEST_F(wire, records_per_tenant_can_be_set) {
  start({"--tenants", "6", "--records", "posts=10,graph-003.posts=40"});
  auto live = [&](const std::string& name) { return text_at(control_get("/control/stats?tenant=" + name), "/tenants/0/live/posts"); };
  EXPECT_EQ(live("graph-000"), "10");
  EXPECT_EQ(live("graph-003"), "40");
}

TEST_F(wire, all_dialects_can_be_one) {
  start({"--dialects", "crm", "--tenants", "2"});
  EXPECT_EQ(text_at(tenant("crm-001"), "/dialect"), "crm");
}

TEST(page_tokens, are_bound_to_their_listing) {
  simapi::page_token token{{1700000000123, 42}, 3, 300, 1700000000999, -5, 5};
  EXPECT_EQ(simapi::decode(encode(token, 1), 1), token);
  EXPECT_FALSE(simapi::decode(encode(token, 1), 2));
  EXPECT_FALSE(simapi::decode("", 1));
  EXPECT_FALSE(simapi::decode(std::string(80, '!'), 1));
}

TEST(time_text, reads_what_clients_send) {
  EXPECT_EQ(simapi::parse_time("2024-05-01T10:20:30.123Z", 1), 1714558830123);
  EXPECT_EQ(simapi::parse_time("2024-05-01T12:20:30+02:00", 1), 1714558830000);
  EXPECT_EQ(simapi::parse_time("2024-05-01T10:20:30+0000", 1), 1714558830000);
  EXPECT_EQ(simapi::parse_time("1714558830", 1000), 1714558830000);
  EXPECT_EQ(simapi::parse_time("2024-05-01", 1), 1714521600000);
  EXPECT_FALSE(simapi::parse_time("yesterday", 1));
  EXPECT_FALSE(simapi::parse_time("2024-13-01", 1));
}

TEST(record_text, has_the_wanted_length_and_is_valid_json) {
  for (auto stream : {simapi::stream_kind::posts, simapi::stream_kind::comments, simapi::stream_kind::contacts,
                      simapi::stream_kind::orders, simapi::stream_kind::products, simapi::stream_kind::customers})
    for (uint32_t content = 0; content < 50; ++content) {
      std::string text;
      simapi::append_record(text, {7, 1, 17841, stream, 5'800'000'000'000'000'001ull, 3, 1714558830000, 1714558831000, content, 520});
      boost::system::error_code error;
      json::parse(text, error);
      EXPECT_FALSE(error) << text;
      EXPECT_NEAR(static_cast<double>(text.size()), 515, 20) << text;
    }
}

TEST(command_line, says_what_is_wrong) {
  for (auto line : std::vector<std::vector<std::string>>{{"--nonsense"}, {"--seed"}, {"--seed", "x"}, {"--dialects", "soap"},
                                                        {"--records", "cats=3"}, {"--tls-cert", "a"}, {"--error-rate", "2"}})
    EXPECT_THROW(simapi::parse_command_line(line), std::invalid_argument) << line[0];
}
