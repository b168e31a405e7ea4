#include "tests/integration/http/http_test.hpp"

#include <zlib.h>

using namespace std::chrono_literals;

namespace lode {

namespace {

std::string compress(const std::string& text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(const std::string& text) {
  return compress(text, MAX_WBITS + 16);
}

/// A server that sends these bytes to each request, then ends the stream.
auto sends(std::string bytes) {
  return [bytes = std::move(bytes)](server_connection& connection) {
    if (connection.read_request())
      connection.write(bytes);
  };
}

} // namespace

struct http_conversation_test : http_test {};

TEST_F(http_conversation_test, a_response_has_status_headers_body_and_sizes) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.respond(418, "short and stout", "X-Kind: pot\r\n");
  }};
  auto response = answer(server.url("/tea?sugar=1"));
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.body, "short and stout");
  ASSERT_NE(find_header(response.headers, "x-kind"), nullptr);
  EXPECT_EQ(*find_header(response.headers, "x-kind"), "pot");
  EXPECT_EQ(response.final_url, server.url("/tea?sugar=1"));
  EXPECT_GT(response.wire_bytes, response.body.size());
  EXPECT_GT(response.elapsed, 0ns);
}

TEST_F(http_conversation_test, a_request_carries_the_callers_headers_and_body_and_the_clients_own_headers) {
  std::promise<test::server_request> seen;
  test_http_server server{[&](server_connection& c) {
    seen.set_value(c.read_request().value());
    c.respond(200, "");
  }};
  settings.user_agent = "miner/1";
  auto request = get_of(server.url("/a b?q=\xC3\xA4"));
  request.method = "POST";
  request.body = "payload";
  request.headers = {{"Authorization", "Bearer t"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}};
  answer(request);
  auto got = seen.get_future().get();
  EXPECT_EQ(got.target(), "/a%20b?q=%C3%A4");
  EXPECT_EQ(got.body(), "payload");
  EXPECT_EQ(got["Host"], server.address());
  EXPECT_EQ(got["Authorization"], "Bearer t");
  EXPECT_EQ(got["User-Agent"], "miner/1");
  EXPECT_EQ(got["Accept-Encoding"], "gzip, deflate");
  EXPECT_EQ(got["Content-Length"], "7");
  EXPECT_EQ(got.count("Transfer-Encoding"), 0u);
}

TEST_F(http_conversation_test, a_line_break_in_a_header_is_refused_before_anything_is_sent) {
  test_http_server server{echo_target};
  auto request = get_of(server.url("/"));
  request.headers = {{"X-Key", "a\r\nX-Other: b"}};
  EXPECT_EQ(failure(request).kind, http_failure::invalid_request);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(http_conversation_test, a_url_that_cannot_be_asked_is_an_error_not_an_exception) {
  EXPECT_EQ(failure("ftp://example.com/").kind, http_failure::invalid_request);
  EXPECT_EQ(failure("/relative").kind, http_failure::invalid_request);
}

TEST_F(http_conversation_test, a_chunked_body_is_put_together) {
  test_http_server server{sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n")};
  EXPECT_EQ(answer(server.url("/")).body, "hello world");
}

TEST_F(http_conversation_test, a_body_may_last_until_the_end_of_the_stream) {
  test_http_server server{sends("HTTP/1.0 200 OK\r\n\r\nall of it")};
  EXPECT_EQ(answer(server.url("/")).body, "all of it");
}

TEST_F(http_conversation_test, an_interim_response_is_not_the_answer) {
  test_http_server server{sends("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n"
                                "Content-Length: 2\r\n\r\nok")};
  auto response = answer(server.url("/"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ok");
}

TEST_F(http_conversation_test, compressed_bodies_arrive_decoded) {
  std::string text(100'000, 'x');
  text += "end";
  test_http_server server{[&](server_connection& c) {
    while (auto request = c.read_request()) {
      if (request->target() == "/gzip")
        c.respond(200, gzip(text), "Content-Encoding: gzip\r\n");
      else if (request->target() == "/zlib")
        c.respond(200, compress(text, MAX_WBITS), "Content-Encoding: deflate\r\n");
      else
        c.respond(200, compress(text, -MAX_WBITS), "Content-Encoding: deflate\r\n");
    }
  }};
  for (auto target : {"/gzip", "/zlib", "/raw"}) {
    auto response = answer(server.url(target));
    EXPECT_EQ(response.body, text) << target;
    EXPECT_LT(response.wire_bytes, 10'000u) << target;
  }
}

TEST_F(http_conversation_test, a_small_compressed_body_that_grows_beyond_the_limit_is_refused) {
  auto bomb = gzip(std::string(10'000'000, '\0'));
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.respond(200, bomb, "Content-Encoding: gzip\r\n");
  }};
  ASSERT_LT(bomb.size(), 100'000u);
  auto request = get_of(server.url("/"));
  request.max_response_bytes = 1'000'000;
  EXPECT_EQ(failure(request).kind, http_failure::too_large);
}

TEST_F(http_conversation_test, a_compressed_body_that_ends_early_is_truncated) {
  auto whole = gzip("something that was longer once");
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.respond(200, whole.substr(0, whole.size() - 9), "Content-Encoding: gzip\r\n");
  }};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::truncated);
}

TEST_F(http_conversation_test, an_unknown_encoding_is_an_error) {
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.respond(200, "???", "Content-Encoding: br\r\n");
  }};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::malformed);
}

TEST_F(http_conversation_test, a_body_shorter_than_its_content_length_is_truncated) {
  test_http_server server{sends("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::truncated);
}

TEST_F(http_conversation_test, a_chunked_body_without_its_last_chunk_is_truncated) {
  test_http_server server{sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::truncated);
}

TEST_F(http_conversation_test, a_head_that_ends_early_is_truncated) {
  test_http_server server{sends("HTTP/1.1 200 OK\r\nContent-Le")};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::truncated);
}

TEST_F(http_conversation_test, a_reset_inside_the_body_is_truncated) {
  signal head_read;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    head_read.wait();
    c.reset();
  }};
  auto pending = send(get_of(server.url("/")));
  while (client().stats().bytes_received == 0) // a reset may discard what the client has not read
    std::this_thread::yield();
  head_read.give();
  EXPECT_EQ(error_in(result_of(std::move(pending))).kind, http_failure::truncated);
}

TEST_F(http_conversation_test, a_connection_lost_before_the_response_is_a_reset) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.reset();
  }};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::reset);
  EXPECT_EQ(server.connections(), 1) << "a new connection that failed is no reason to ask twice";
}

TEST_F(http_conversation_test, what_is_not_http_is_malformed) {
  test_http_server server{sends("SSH-2.0-OpenSSH\r\n\r\n")};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::malformed);
}

TEST_F(http_conversation_test, contradicting_lengths_are_malformed) {
  test_http_server server{sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")};
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::malformed);
}

TEST_F(http_conversation_test, an_announced_body_beyond_the_limit_is_refused) {
  test_http_server server{sends("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")};
  settings.max_response_bytes = 1000;
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::too_large);
}

TEST_F(http_conversation_test, a_chunked_body_beyond_the_limit_is_refused) {
  std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  test_http_server server{sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk
                                + "0\r\n\r\n")};
  settings.max_response_bytes = 1000;
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::too_large);
}

TEST_F(http_conversation_test, an_endless_head_is_refused) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 200; ++i)
      c.write("X-Filler: " + std::string(100, 'x') + "\r\n");
    c.wait_for_close();
  }};
  settings.max_header_bytes = 8000;
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::too_large);
}

TEST_F(http_conversation_test, a_server_that_never_answers_times_out_at_the_first_byte) {
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  settings.first_byte_timeout = 50ms;
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::timeout_first_byte);
}

TEST_F(http_conversation_test, a_request_may_have_a_shorter_timeout_than_the_client) {
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  settings.connect_timeout = 10min; // the deadline before: it must not be what ends the wait
  auto request = get_of(server.url("/"));
  request.timeouts.first_byte = 50ms;
  EXPECT_EQ(failure(request).kind, http_failure::timeout_first_byte);
}

TEST_F(http_conversation_test, the_time_to_connect_does_not_bound_the_wait_for_an_answer) {
  signal arrived, go_on;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    arrived.give();
    go_on.wait();
    c.respond(200, "late");
  }};
  test_http_server silent{[](server_connection& c) { c.wait_for_close(); }};
  settings.connect_timeout = 500ms;
  auto slow = send(get_of(server.url("/")));
  arrived.wait();
  auto clock = get_of(silent.url("/")); // its timeout tells that the other's time to connect is over
  clock.timeouts.first_byte = 600ms;
  EXPECT_EQ(failure(clock).kind, http_failure::timeout_first_byte);
  go_on.give();
  auto result = result_of(std::move(slow));
  ASSERT_EQ(result.index(), 0u) << std::get<http_error>(result).message;
  EXPECT_EQ(std::get<http_response>(result).body, "late");
}

TEST_F(http_conversation_test, a_body_that_stalls_times_out_as_a_whole) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    c.wait_for_close();
  }};
  settings.total_timeout = 100ms;
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::timeout_total);
}

TEST_F(http_conversation_test, a_refused_connection_names_the_host_and_no_secret) {
  uint16_t free_port = 0;
  {
    test_http_server gone{echo_target};
    free_port = gone.port();
  }
  auto error = failure("http://127.0.0.1:" + std::to_string(free_port) + "/path?access_token=secret");
  EXPECT_EQ(error.kind, http_failure::connect);
  EXPECT_NE(error.message.find("127.0.0.1:" + std::to_string(free_port)), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("secret"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("path"), std::string::npos) << error.message;
}

TEST_F(http_conversation_test, a_host_name_is_resolved) {
  test_http_server server{echo_target};
  EXPECT_EQ(answer("http://localhost:" + std::to_string(server.port()) + "/x").body, "/x");
}

TEST_F(http_conversation_test, a_name_without_address_does_not_resolve) {
  // Longer than a label may be, so that no name server is asked.
  EXPECT_EQ(failure("http://" + std::string(70, 'a') + ".example/").kind, http_failure::resolve);
}

} // namespace lode
