#include "runtime/console/feed_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

using namespace lode;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr shard_id shard{3};

/// Readers that wait on a connection whose other end is `client`, over feeds that the test moves.
struct feed_watch_test : testing::Test {
  feed_watch_test() {
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    client.connect(acceptor.local_endpoint());
    server = acceptor.accept();
  }

  asio::awaitable<feed_watch::positions> look(std::vector<shard_id> shards) {
    ++looks;
    asked = shards;
    at_look();
    if (is_away)
      co_return std::nullopt;
    std::vector<int64_t> out;
    for (auto each : shards)
      out.push_back(ends[each]);
    co_return out;
  }

  void wait(shard_id of, int64_t position, feed_watch::clock::duration at_most = 10min) {
    asio::co_spawn(io, watch.moves(of, position, feed_watch::clock::now() + at_most, server),
                   [this](const std::exception_ptr&, bool has_moved) { results.push_back(has_moved); });
  }

  asio::io_context io;
  tcp::socket client{io};
  tcp::socket server{io};
  std::map<shard_id, int64_t> ends;
  bool is_away = false;
  int looks = 0;
  std::vector<shard_id> asked;
  std::function<void()> at_look = [] {};
  std::vector<bool> results;
  feed_watch watch{[this](std::vector<shard_id> shards) { return look(std::move(shards)); }};
};

using answers = std::vector<bool>;

} // namespace

TEST_F(feed_watch_test, a_reader_waits_until_its_feed_goes_on) {
  ends[shard] = 5;
  at_look = [this] { ends[shard] = looks == 3 ? 6 : 5; };
  wait(shard, 5);
  io.run();
  EXPECT_EQ(results, answers{true});
  EXPECT_EQ(looks, 3);
}

TEST_F(feed_watch_test, however_many_wait_there_is_one_look_for_all_and_none_when_nobody_waits) {
  at_look = [this] { ends[shard] = looks == 2 ? 1 : 0; };
  for (int i = 0; i < 50; ++i)
    wait(shard, 0);
  io.run();
  EXPECT_EQ(results, answers(50, true));
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(asked, std::vector{shard});
}

TEST_F(feed_watch_test, what_was_committed_before_the_wait_began_ends_it_too) {
  ends[shard] = 9;
  wait(shard, 8);
  io.run();
  EXPECT_EQ(results, answers{true});
}

TEST_F(feed_watch_test, the_feed_of_another_shard_wakes_nobody) {
  at_look = [this] { ends[shard_id{4}] = 100; };
  wait(shard, 0, 500ms);
  wait(shard_id{4}, 7);
  io.run();
  EXPECT_EQ(results, (answers{true, false}));
}

TEST_F(feed_watch_test, a_store_that_does_not_answer_is_asked_again) {
  ends[shard] = 1;
  at_look = [this] { is_away = looks < 3; };
  wait(shard, 0);
  io.run();
  EXPECT_EQ(results, answers{true});
}

TEST_F(feed_watch_test, a_client_that_has_gone_waits_no_longer) {
  wait(shard, 0);
  at_look = [this] { client.close(); };
  io.run();
  EXPECT_EQ(results, answers{false});
}

TEST_F(feed_watch_test, what_a_client_sends_meanwhile_ends_no_wait) {
  asio::write(client, asio::buffer("GET /", 5));
  at_look = [this] { ends[shard] = looks == 2 ? 1 : 0; };
  wait(shard, 0);
  io.run();
  EXPECT_EQ(results, answers{true});
}

TEST_F(feed_watch_test, more_than_can_wait_are_answered_after_a_rest) {
  for (size_t i = 0; i <= feed_watch::most_waiters; ++i)
    wait(shard, 0);
  at_look = [this] {
    EXPECT_TRUE(results.empty() || looks > 1) << "they would ask again and again";
    ends[shard] = 1;
  };
  io.run();
  EXPECT_EQ(results.size(), feed_watch::most_waiters + 1);
  EXPECT_EQ(std::count(results.begin(), results.end(), false), 1);
}
