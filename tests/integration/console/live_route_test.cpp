#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <filesystem>
#include <fstream>

#include "runtime/console/access_tokens.hpp"
#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/test_certificates.hpp"

using namespace lode;
using testing::HasSubstr;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;

namespace {

struct live_route_test : console_fixture {
  live_route_test() { std::filesystem::create_directories(folder); }
  ~live_route_test() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream{folder + "/" + name} << text;
    return folder + "/" + name;
  }
  void use_token() { settings.token_file = file("tokens", token_line(hash_of_token("the right one")) + "\n"); }

  template <class Socket>
  static void open(Socket& socket, const std::string& host, std::map<std::string, std::string> headers = {}) {
    socket.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
      for (const auto& [name, value] : headers)
        request.set(name, value);
    }));
    socket.handshake(host, "/api/v1/live");
  }
  template <class Socket>
  static json::value hear(Socket& socket) {
    beast::flat_buffer buffer;
    socket.read(buffer);
    return json::parse(beast::buffers_to_string(buffer.data()));
  }
  template <class Socket>
  static uint16_t hear_end(Socket& socket) {
    beast::flat_buffer buffer;
    beast::error_code failed;
    socket.read(buffer, failed);
    return failed == websocket::error::closed ? socket.reason().code : 0;
  }

  struct plain_socket : websocket::stream<tcp::socket> {
    plain_socket(live_route_test& of, asio::io_context& io) : websocket::stream<tcp::socket>(io) {
      next_layer().connect({asio::ip::make_address("127.0.0.1"), of.port()});
    }
    void say(const std::string& text) { write(asio::buffer(text)); }
  };

  test::test_authority authority;
  asio::io_context io;
  const std::string folder = testing::TempDir() + "lode-live-route-" + std::to_string(getpid());
};

const std::string watch_cluster = R"({"watch":["/cluster"]})";

} // namespace

TEST_F(live_route_test, tells_what_the_route_of_the_topic_answers) {
  start();
  plain_socket socket{*this, io};
  open(socket, server->address());
  socket.say(watch_cluster);
  auto told = hear(socket);
  EXPECT_EQ(told.at("topic"), json::value("/cluster"));
  auto asked = expect(200, "GET", "/api/v1/cluster");
  EXPECT_EQ(told.at("document").at("shards"), asked.at("shards"));
}

TEST_F(live_route_test, takes_the_token_with_the_first_message_or_with_the_handshake) {
  use_token();
  start();
  plain_socket first{*this, io}, by_header{*this, io}, wrong{*this, io}, without{*this, io};
  open(first, server->address());
  first.say(R"({"token":"the right one","watch":["/cluster"]})");
  EXPECT_EQ(hear(first).at("topic"), json::value("/cluster"));
  open(by_header, server->address(), {{"Authorization", "Bearer the right one"}});
  by_header.say(watch_cluster);
  EXPECT_EQ(hear(by_header).at("topic"), json::value("/cluster"));
  open(wrong, server->address());
  wrong.say(R"({"token":"a wrong one"})");
  EXPECT_EQ(hear_end(wrong), 4401);
  open(without, server->address());
  without.say(watch_cluster);
  EXPECT_EQ(hear_end(without), 4401);
}

TEST_F(live_route_test, pages_of_others_do_not_get_in) {
  start();
  plain_socket socket{*this, io};
  beast::error_code failed;
  websocket::response_type answer;
  socket.set_option(websocket::stream_base::decorator(
    [](websocket::request_type& request) { request.set(http::field::origin, "http://evil.example"); }));
  socket.handshake(answer, server->address(), "/api/v1/live", failed);
  EXPECT_TRUE(failed);
  EXPECT_EQ(answer.result_int(), 403u);
}

TEST_F(live_route_test, comes_under_TLS_too) {
  auto identity = authority.issue("localhost");
  settings.certificate_file = file("node.pem", identity.certificate);
  settings.key_file = file("node.key", identity.key);
  start();
  asio::ssl::context context{asio::ssl::context::tls_client};
  websocket::stream<beast::ssl_stream<tcp::socket>> socket{io, context};
  beast::get_lowest_layer(socket).connect({asio::ip::make_address("127.0.0.1"), port()});
  socket.next_layer().handshake(asio::ssl::stream_base::client);
  open(socket, server->address());
  socket.write(asio::buffer(watch_cluster));
  EXPECT_EQ(hear(socket).at("topic"), json::value("/cluster"));
  socket.close(websocket::close_code::normal);
}

TEST_F(live_route_test, without_a_WebSocket_it_says_what_it_is) {
  EXPECT_THAT(json::serialize(expect(426, "GET", "/api/v1/live")), HasSubstr("WebSocket"));
}
