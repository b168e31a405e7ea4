#include "actors/supervision/activity_board.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "actors/supervision/call_error_box.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;

struct activity_board_test : testing::Test {
  instant now{std::chrono::hours{1'000}};
  activity_board board{[this] { return now; }};

  activity_board::entry add(worker who, int64_t connection, uint64_t actor, uint32_t side = 0) {
    work_line line{who, tenant_id{1}, connection_id{connection}, "c" + std::to_string(connection), side};
    line.actor = actor;
    return board.enter(std::move(line));
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& x : board.of(tenant_id{1}))
      out.push_back(std::string(2 * depth_of(x.who), ' ') + std::string{name_of(x.who)} + " " + x.what);
    return out;
  }
};

TEST_F(activity_board_test, an_entry_goes_with_its_actor) {
  {
    auto supervisor = add(worker::tenant_supervisor, 0, 1);
    auto miner = add(worker::miner, 10, 2);
    activity_board::entry moved = std::move(miner);
    EXPECT_EQ(board.running(worker::miner), 1);
    moved.does(doing::fetching, now + 10s);
    EXPECT_EQ(board.of(tenant_id{1}).at(1).step, doing::fetching);
  }
  EXPECT_TRUE(board.of(tenant_id{1}).empty());
  EXPECT_EQ(board.running(worker::miner), 0);
  EXPECT_EQ(board.running(worker::tenant_supervisor), 0);
}

TEST_F(activity_board_test, one_without_a_board_does_nothing) {
  auto nobody = enter(nullptr, {});
  nobody.does(doing::fetching);
  nobody.fails(wait_reason::quota, "x");
  nobody.gets_on();
}

TEST_F(activity_board_test, the_tree_has_parents_first) {
  auto listener = add(worker::websocket_listener, 10, 6, 1);
  auto capture = add(worker::capture, 10, 5, 1);
  auto other = add(worker::miner, 20, 4);
  auto miner = add(worker::miner, 10, 3);
  auto keeper = add(worker::credential_keeper, 10, 7);
  auto run = add(worker::run, 10, 0);
  auto supervisor = add(worker::tenant_supervisor, 0, 2);
  EXPECT_THAT(names(), testing::ElementsAre("tenant-supervisor c0", "  credential-keeper c10", "  miner c10", "  capture c10",
                                            "    websocket-listener c10", "  miner c20"));
}

TEST_F(activity_board_test, the_gate_says_what_a_request_waits_for_as_long_as_it_does) {
  auto miner = add(worker::miner, 10, 3);
  auto step = [&] { return board.of(tenant_id{1}).at(0).step; };
  miner.does(doing::permit);
  board.held_back(tenant_id{1}, 3, doing::quota, 5s, "the limit of its app");
  EXPECT_EQ(step(), doing::quota);
  EXPECT_EQ(board.of(tenant_id{1}).at(0).until, now + 5s);
  board.held_back(tenant_id{1}, 3, doing::bytes, {}, {});
  EXPECT_EQ(step(), doing::bytes);
  miner.does(doing::fetching);
  board.held_back(tenant_id{1}, 3, doing::quota, 5s, "late");
  EXPECT_EQ(step(), doing::fetching);
  board.held_back(tenant_id{1}, 99, doing::quota, 5s, "nobody");
  board.held_back(tenant_id{2}, 3, doing::quota, 5s, "nobody");
}

TEST_F(activity_board_test, trouble_lasts_until_it_gets_on) {
  auto miner = add(worker::miner, 10, 3);
  const auto began = now;
  miner.fails(wait_reason::backing_off, "one");
  now += 5s;
  miner.does(doing::fetching);
  miner.fails(wait_reason::backing_off, "two");
  auto seen = board.of(tenant_id{1}).at(0);
  EXPECT_EQ(seen.trouble_since, began);
  EXPECT_EQ(seen.attempts, 2u);
  EXPECT_EQ(seen.trouble_text, "two");
  miner.gets_on();
  EXPECT_EQ(board.of(tenant_id{1}).at(0).trouble, wait_reason::none);
}

TEST_F(activity_board_test, commits_are_counted_by_connection_and_forgotten_with_the_tenant) {
  board.committed(tenant_id{1}, connection_id{10}, 5); // nobody's here
  auto run = add(worker::run, 10, 0);
  board.committed(tenant_id{1}, connection_id{10}, 7);
  board.committed(tenant_id{1}, connection_id{10}, 1);
  int64_t records = 0;
  board.visit([&](const connection_work& work) {
    records += work.records;
    EXPECT_EQ(work.last_commit, now);
    EXPECT_EQ(work.parts.size(), 1u);
  });
  EXPECT_EQ(records, 8);
}

TEST_F(activity_board_test, many_threads_may_use_it) {
  std::vector<std::thread> threads;
  std::atomic<bool> is_over{false};
  for (uint64_t t = 1; t <= 3; ++t)
    threads.emplace_back([this, t] {
      for (uint64_t i = 0; i < 2'000; ++i) {
        auto entry = add(worker::miner, static_cast<int64_t>(10 * t), t * 10'000 + i);
        entry.does(doing::permit);
        board.held_back(tenant_id{1}, t * 10'000 + i, doing::quota, 1s, "x");
        entry.fails(wait_reason::quota, "y");
        entry.gets_on();
      }
    });
  threads.emplace_back([&] {
    while (!is_over) {
      board.of(tenant_id{1});
      board.visit([](const connection_work&) {});
    }
  });
  for (size_t i = 0; i < 3; ++i)
    threads[i].join();
  is_over = true;
  threads[3].join();
  EXPECT_EQ(board.running(worker::miner), 0);
}

TEST(work_line, its_words_are_for_people) {
  work_line x;
  x.step = doing::quota;
  x.until = instant{std::chrono::hours{24 * 365} + 90s};
  x.detail = "the limit of its app";
  EXPECT_EQ(words_of(x), "waits for quota until 00:01:30Z: the limit of its app");
}

TEST(call_error_box, the_oldest_are_dropped_and_counted) {
  call_error_box box{3};
  for (int i = 1; i <= 5; ++i) {
    call_error error;
    error.attempt = i;
    box.add(error);
  }
  EXPECT_EQ(box.dropped(), 2u);
  auto taken = box.take(2);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].attempt, 3);
  box.back(std::move(taken));
  taken = box.take(9);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].attempt, 3);
  EXPECT_EQ(taken[2].attempt, 5);
}

} // namespace
} // namespace lode
