#include "actors/supervision/standing.hpp"

#include <gmock/gmock.h>

#include "actors/supervision/standing_book.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// One connection, of which a test says what works for it.
struct standing_test : testing::Test {
  const instant now{std::chrono::hours{1'000}};
  standing_inputs inputs{now};
  std::vector<work_line> parts;

  work_line& add(worker who, doing step = doing::waits, std::chrono::seconds ago = 0s) {
    work_line line{who, tenant_id{1}, connection_id{10}, who == worker::run ? "main" : "main: orders"};
    line.step = step;
    line.since = now - ago;
    parts.reserve(20);
    return parts.emplace_back(std::move(line));
  }
  std::optional<told_standing> judge() {
    connection_work work{tenant_id{1}, connection_id{10}, {}};
    for (const auto& part : parts)
      work.parts.push_back(&part);
    return judge_standing(work, inputs);
  }
  wait_reason reason() {
    auto found = judge();
    return found ? found->reason : wait_reason{99};
  }
};

TEST_F(standing_test, nothing_is_told_where_no_run_is_open) {
  EXPECT_FALSE(judge());
  add(worker::capture, doing::listening, 100s);
  EXPECT_FALSE(judge());
}

TEST_F(standing_test, one_that_gets_on_is_enough) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::pausing, 30s).trouble = wait_reason::backing_off;
  add(worker::miner, doing::fetching, 1s).until = now + 9s;
  auto found = judge();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, wait_reason::none);
  EXPECT_EQ(found->since, now - 60s);
  EXPECT_EQ(found->detail, "");
}

TEST_F(standing_test, quota_with_its_end_and_the_name_of_the_limit) {
  add(worker::run, doing::waits, 60s);
  auto& miner = add(worker::miner, doing::quota, 1s);
  miner.until = now + 30s;
  miner.detail = "the limit of its app";
  auto found = judge();
  EXPECT_EQ(found->reason, wait_reason::quota);
  EXPECT_EQ(found->until, now + 30s);
  EXPECT_EQ(found->since, now - 1s);
  EXPECT_EQ(found->detail, "main: orders: the limit of its app");
}

TEST_F(standing_test, a_turn_of_a_moment_is_no_wait) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::quota, 1s).until = now + 500ms;
  EXPECT_EQ(reason(), wait_reason::none);
}

TEST_F(standing_test, after_a_429_it_waits_for_quota_also_between_two_tries) {
  add(worker::run, doing::waits, 60s);
  auto& miner = add(worker::miner, doing::fetching, 0s);
  miner.until = now + 10s;
  miner.trouble = wait_reason::quota;
  miner.trouble_since = now - 40s;
  miner.trouble_text = "the API answered 429";
  miner.attempts = 3;
  auto found = judge();
  EXPECT_EQ(found->reason, wait_reason::quota);
  EXPECT_EQ(found->since, now - 40s);
  EXPECT_FALSE(found->until);
  EXPECT_EQ(found->detail, "the API answered 429 (3 tries)");
}

TEST_F(standing_test, an_end_that_has_passed_is_not_told) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::quota, 30s).until = now - 1s;
  auto found = judge();
  EXPECT_EQ(found->reason, wait_reason::quota);
  EXPECT_FALSE(found->until);
}

TEST_F(standing_test, a_failed_request_is_backed_off_from) {
  add(worker::run, doing::waits, 60s);
  auto& miner = add(worker::miner, doing::pausing, 1s);
  miner.until = now + 4s;
  miner.trouble = wait_reason::backing_off;
  miner.trouble_since = now - 9s;
  miner.trouble_text = "acme/main/orders: the API answered 500";
  miner.attempts = 1;
  auto found = judge();
  EXPECT_EQ(found->reason, wait_reason::backing_off);
  EXPECT_EQ(found->since, now - 9s);
  EXPECT_EQ(found->until, now + 4s);
  EXPECT_EQ(found->detail, "acme/main/orders: the API answered 500");
}

TEST_F(standing_test, a_request_that_is_out_for_long_is_the_apis) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::fetching, 11s).until = now - 1s;
  auto found = judge();
  EXPECT_EQ(found->reason, wait_reason::api_slow);
  EXPECT_EQ(found->since, now - 11s);
  parts.back() = parts.front();
  parts.pop_back();
  add(worker::miner, doing::token, 11s);
  EXPECT_EQ(reason(), wait_reason::api_slow);
}

TEST_F(standing_test, memory_that_others_use_up_queues) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::bytes, 3s);
  EXPECT_EQ(reason(), wait_reason::queued);
  EXPECT_THAT(judge()->detail, HasSubstr("memory"));
}

TEST_F(standing_test, a_run_that_nobody_reads_is_queued_once_that_lasts) {
  add(worker::run, doing::waits, 1s);
  EXPECT_EQ(reason(), wait_reason::none);
  parts.front().since = now - 6s;
  EXPECT_EQ(reason(), wait_reason::queued);
}

TEST_F(standing_test, pages_that_do_not_commit_are_the_stores) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::committing, 4s);
  EXPECT_EQ(reason(), wait_reason::none);
  parts.back().since = now - 6s;
  EXPECT_EQ(reason(), wait_reason::store_slow);
}

TEST_F(standing_test, in_an_outage_everything_waits_for_the_store_but_what_the_api_refuses) {
  inputs.is_store_out = true;
  inputs.store_says = "no answer";
  add(worker::run, doing::waits, 60s);
  auto& miner = add(worker::miner, doing::fetching, 1s);
  miner.until = now + 9s;
  EXPECT_EQ(reason(), wait_reason::store_slow);
  EXPECT_THAT(judge()->detail, HasSubstr("no answer"));
  miner.step = doing::pausing;
  miner.trouble = wait_reason::backing_off;
  EXPECT_EQ(reason(), wait_reason::backing_off);
}

TEST_F(standing_test, of_several_the_gravest_is_told) {
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::quota, 50s);
  auto& failed = add(worker::miner, doing::pausing, 1s);
  failed.trouble = wait_reason::backing_off;
  failed.trouble_since = now - 5s;
  add(worker::miner, doing::bytes, 8s);
  EXPECT_EQ(reason(), wait_reason::backing_off);
  EXPECT_EQ(judge()->since, now - 5s);
}

TEST_F(standing_test, a_live_side_that_is_not_heard_is_told_with_and_without_a_run) {
  auto& capture = add(worker::capture, doing::pausing, 1s);
  capture.trouble = wait_reason::not_heard;
  capture.trouble_since = now - 4s;
  EXPECT_FALSE(judge()) << "a socket that comes back at once";
  capture.trouble_since = now - 6s;
  capture.until = now + 20s;
  EXPECT_EQ(reason(), wait_reason::not_heard);
  EXPECT_EQ(judge()->until, now + 20s);
  add(worker::run, doing::waits, 60s);
  add(worker::miner, doing::parsing);
  EXPECT_EQ(reason(), wait_reason::not_heard);
}

// -- when it is told --------------------------------------------------------------------------------------------------

struct standing_book_test : testing::Test {
  instant now{std::chrono::hours{1'000}};
  work_line run{worker::run, tenant_id{1}, connection_id{10}, "main"};
  work_line miner{worker::miner, tenant_id{1}, connection_id{10}, "main: orders"};
  standing_book book;

  standing_book::entries look(int64_t records = 0, std::optional<instant> last_commit = {}, bool is_gone = false) {
    now += 2s;
    book.begin(now);
    if (!is_gone)
      book.see({tenant_id{1}, connection_id{10}, {&run, &miner}, records, last_commit}, {now});
    return book.end();
  }
  void is(doing step) {
    miner.step = step;
    miner.since = now;
    miner.until = now + 60s;
  }
};

TEST_F(standing_book_test, a_change_is_told_at_the_next_look_and_again_until_it_is_written) {
  is(doing::fetching);
  auto first = look();
  ASSERT_EQ(first.changed.size(), 1u);
  EXPECT_EQ(look().changed.size(), 1u) << "it was not written";
  book.told(first);
  EXPECT_TRUE(look().changed.empty());
  is(doing::quota);
  auto second = look();
  ASSERT_EQ(second.changed.size(), 1u);
  EXPECT_EQ(second.changed[0].reason, wait_reason::quota);
}

TEST_F(standing_book_test, rate_and_last_commit_are_told_every_ten_seconds) {
  is(doing::fetching);
  book.told(look(0));
  int told = 0;
  for (int i = 1; i <= 10; ++i) {
    auto news = look(i * 200, now);
    for (const auto& each : news.changed) {
      ++told;
      EXPECT_NEAR(each.records_per_second, 100, 1);
      EXPECT_TRUE(each.last_commit);
    }
    book.told(news);
  }
  EXPECT_EQ(told, 2);
}

TEST_F(standing_book_test, what_works_no_more_ends_once_the_store_knows) {
  is(doing::fetching);
  book.told(look());
  EXPECT_EQ(look(0, {}, true).ended.size(), 1u);
  auto again = look(0, {}, true);
  ASSERT_EQ(again.ended.size(), 1u) << "it was not written";
  book.told(again);
  EXPECT_TRUE(look(0, {}, true).ended.empty());
}

TEST_F(standing_book_test, a_run_between_two_looks_ends_too_unless_there_is_another) {
  book.begin(now, {connection_id{10}, connection_id{11}});
  book.see({tenant_id{1}, connection_id{10}, {&run, &miner}, 0, {}}, {now});
  auto news = book.end();
  EXPECT_THAT(news.ended, testing::ElementsAre(connection_id{11}));
  book.begin(now);
  EXPECT_THAT(book.end().ended, testing::ElementsAre(connection_id{10}, connection_id{11})) << "it was not written; the other one is gone now";
}

TEST_F(standing_book_test, one_wait_over_several_requests_has_one_begin_until_something_commits) {
  is(doing::bytes);
  miner.since = now - 10s;
  const auto begin = miner.since;
  book.told(look());
  is(doing::bytes);
  miner.since = now - 3s; // asked again
  look();
  auto seen = look();
  for (int i = 0; i < 6 && seen.changed.empty(); ++i)
    seen = look();
  ASSERT_EQ(seen.changed.size(), 1u);
  EXPECT_EQ(seen.changed[0].since, begin);
}

TEST_F(standing_book_test, so_many_at_once_and_the_rest_next_time) {
  now += 2s;
  std::vector<told_standing> all;
  for (int round = 0; round < 3; ++round) {
    book.begin(now += 2s);
    for (int64_t i = 1; i <= 1'200; ++i) {
      work_line each = run;
      each.connection = connection_id{i};
      book.see({tenant_id{1}, each.connection, {&each}, 0, {}}, {now});
    }
    auto news = book.end();
    EXPECT_LE(news.changed.size(), standing_book::most_at_once);
    all.insert(all.end(), news.changed.begin(), news.changed.end());
    book.told(news);
  }
  EXPECT_EQ(all.size(), 1'200u);
}

} // namespace
} // namespace lode
