#include "runtime/console/live_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

using namespace lode;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
namespace websocket = beast::websocket;
using asio::ip::tcp;

namespace {

/// A server of live sockets over documents that the test keeps; on a thread of its own, as in a node.
struct live_socket_test : testing::Test {
  live_socket_test() {
    asio::co_spawn(io, accept_all(), asio::detached);
    thread = std::thread{[this] { io.run(); }};
  }
  ~live_socket_test() override {
    io.stop();
    thread.join();
  }

  asio::awaitable<void> accept_all() {
    for (;;) {
      auto socket = co_await acceptor.async_accept(asio::use_awaitable);
      if (send_buffer > 0)
        socket.set_option(asio::socket_base::send_buffer_size(send_buffer));
      asio::co_spawn(io, serve(beast::tcp_stream{std::move(socket)}), asio::detached);
    }
  }
  asio::awaitable<void> serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    http::request<http::string_body> handshake;
    co_await http::async_read(stream, buffer, handshake, asio::use_awaitable);
    co_await converse_live(stream, std::move(handshake), {topics, [](std::string_view token) { return token == "right"; }});
    ++ended;
  }
  asio::awaitable<std::optional<json::value>> look(std::string topic) {
    ++looks;
    std::lock_guard lock{guard};
    auto found = documents.find(topic);
    if (found == documents.end())
      co_return std::nullopt;
    co_return found->second;
  }
  void set(const std::string& topic, json::value document) {
    std::lock_guard lock{guard};
    documents[topic] = std::move(document);
  }

  struct client {
    explicit client(live_socket_test& of) : socket(io) {
      socket.next_layer().connect(of.acceptor.local_endpoint());
      socket.handshake("localhost", "/api/v1/live");
    }
    void say(const std::string& text) { socket.write(asio::buffer(text)); }
    json::value hear() {
      beast::flat_buffer buffer;
      socket.read(buffer);
      return json::parse(beast::buffers_to_string(buffer.data()));
    }
    /// Why the server closed it.
    uint16_t hear_end() {
      beast::flat_buffer buffer;
      beast::error_code failed;
      while (!failed)
        socket.read(buffer, failed);
      return failed == websocket::error::closed ? socket.reason().code : 0;
    }
    asio::io_context io;
    websocket::stream<tcp::socket> socket;
  };

  std::mutex guard;
  std::map<std::string, json::value> documents;
  std::atomic<int> looks{0}, ended{0}, send_buffer{0};
  live_topics topics{[this](std::string topic) { return look(std::move(topic)); }, {50ms, 200ms, 200ms}}; ///< outlives conversations
  asio::io_context io{1};
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread;
};

bool wait_for(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!condition() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(5ms);
  return condition();
}

} // namespace

TEST_F(live_socket_test, the_document_comes_first_and_then_what_changes_of_it) {
  set("/overview", {{"a", 1}, {"b", 2}});
  client one{*this};
  one.say(R"({"token":"right","watch":["/overview"]})");
  EXPECT_EQ(one.hear(), json::parse(R"({"topic":"/overview","document":{"a":1,"b":2}})"));
  set("/overview", {{"a", 1}, {"b", 3}});
  EXPECT_EQ(one.hear(), json::parse(R"({"topic":"/overview","patch":{"b":3}})"));
}

TEST_F(live_socket_test, what_no_patch_can_say_comes_whole) {
  set("/overview", {{"a", 1}});
  client one{*this};
  one.say(R"({"token":"right","watch":["/overview"]})");
  one.hear();
  set("/overview", {{"a", nullptr}});
  EXPECT_EQ(one.hear(), json::parse(R"({"topic":"/overview","document":{"a":null}})"));
}

TEST_F(live_socket_test, without_news_it_is_told_that_there_are_none) {
  set("/overview", {{"a", 1}});
  client one{*this};
  one.say(R"({"token":"right","watch":["/overview"]})");
  one.hear();
  EXPECT_EQ(one.hear(), json::parse(R"({"topic":"/overview","patch":{}})"));
}

TEST_F(live_socket_test, one_who_comes_later_gets_what_is_known_at_once) {
  set("/shards", {{"a", 1}});
  client one{*this}, two{*this};
  one.say(R"({"token":"right","watch":["/shards"]})");
  one.hear();
  two.say(R"({"token":"right","watch":["/shards"]})");
  EXPECT_EQ(two.hear(), json::parse(R"({"topic":"/shards","document":{"a":1}})"));
}

TEST_F(live_socket_test, a_wrong_token_and_a_late_one_are_refused) {
  client one{*this}, silent{*this};
  one.say(R"({"token":"wrong","watch":["/overview"]})");
  EXPECT_EQ(one.hear_end(), 4401);
  EXPECT_TRUE(wait_for([&] { return ended == 2; })) << "one that says nothing is not waited for";
  EXPECT_EQ(looks, 0);
}

TEST_F(live_socket_test, what_is_no_message_ends_it) {
  client one{*this};
  one.say(R"({"token":"right"})");
  one.say("hello");
  EXPECT_EQ(one.hear_end(), 1003);
}

TEST_F(live_socket_test, nobody_looks_when_nobody_watches_any_more) {
  set("/overview", {{"a", 1}});
  {
    client one{*this};
    one.say(R"({"token":"right","watch":["/overview"]})");
    one.hear();
    one.say(R"({"unwatch":["/overview"]})");
    one.say(R"({"watch":["/cluster"]})");
    one.say(R"({"unwatch":["/cluster"]})");
  }
  EXPECT_TRUE(wait_for([&] { return ended == 1; }));
  const int before = looks;
  std::this_thread::sleep_for(200ms); // longer than from one look to the next
  EXPECT_LE(looks - before, 1);
}

TEST_F(live_socket_test, a_client_that_does_not_read_is_dropped_and_others_are_not_kept_waiting) {
  send_buffer = 4'096;
  std::string bulk(400'000, 'x');
  set("/overview", {{"bulk", bulk + "0"}});
  client slow{*this};
  slow.socket.next_layer().set_option(asio::socket_base::receive_buffer_size(4'096));
  slow.say(R"({"token":"right","watch":["/overview"]})");
  client quick{*this};
  quick.say(R"({"token":"right","watch":["/overview"]})");
  quick.hear();
  for (int i = 1; i < 40 && ended == 0; ++i) {
    set("/overview", {{"bulk", bulk + std::to_string(i)}});
    quick.hear();
  }
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(slow.hear_end(), 0) << "the connection is cut, without a word";
}

TEST(live_topics, can_be_watched_where_documents_change_by_themselves) {
  for (auto topic : {"/overview", "/cluster", "/shards", "/tenants/acme/why", "/tenants/a%2Fb/why"})
    EXPECT_TRUE(live_topics::can_watch(topic)) << topic;
  for (auto topic : {"", "/", "/tenants/why", "/tenants//why", "/tenants/a/b/why", "/tenants/a?x=/why", "/runs", "/overview/"})
    EXPECT_FALSE(live_topics::can_watch(topic)) << topic;
}
