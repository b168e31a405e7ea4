#include "actors/streaming/courier.hpp"

#include <gmock/gmock.h>

#include <deque>
#include <future>

#include "actors/streaming/delivery_backoff.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/leases.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

/// A sink that answers for what waits when it is told to.
using told_sink = sink_actor::extend<caf::result<void>(wake)>;

/// What sinks of a test were told, and how they answer.
struct target {
  struct batch_out {
    told_sink at;
    caf::typed_response_promise<size_t> answer;
    size_t changes = 0;
  };
  enum class mode { answers, fails, waits, blocks };
  mode now = mode::answers;
  std::optional<size_t> takes; ///< what it answers; nothing: that it has taken all
  bool ignores_its_end = false;
  std::promise<void> blocked, go_on;
  std::vector<std::string> got; ///< "SHARD-OF-TENANT: KEY KEY"
  std::deque<batch_out> waiting;
  std::vector<sink_actor> made;
  size_t ended = 0;
};

struct fake_sink_state {
  static constexpr const char* name = "lode.sink.fake";
  fake_sink_state(told_sink::pointer self, std::shared_ptr<target> into) : self(self), into(std::move(into)) {}
  ~fake_sink_state() { ++into->ended; }

  told_sink::behavior_type make_behavior() {
    if (into->ignores_its_end)
      self->set_exit_handler([](caf::exit_msg&) {});
    return {
      [this](const deliver_changes& batch) -> caf::result<size_t> {
        std::string keys = batch.changes.at(0).tenant + ":";
        for (const auto& change : batch.changes)
          keys += " " + change.key;
        into->got.push_back(keys);
        if (into->now == target::mode::fails)
          return caf::make_error(errc::unreachable, "the disk is full");
        if (into->now == target::mode::blocks) {
          into->blocked.set_value();
          into->go_on.get_future().wait();
        }
        if (into->now != target::mode::waits)
          return into->takes.value_or(batch.changes.size());
        auto promise = self->make_response_promise<size_t>();
        into->waiting.push_back({told_sink{self}, promise, batch.changes.size()});
        return promise;
      },
      [this](wake) {
        auto answered = std::move(into->waiting.front());
        into->waiting.pop_front();
        answered.answer.deliver(into->takes.value_or(answered.changes));
      },
    };
  }

  told_sink::pointer self;
  std::shared_ptr<target> into;
};
using fake_sink = told_sink::stateful_impl<fake_sink_state>;

struct courier_test : actor_test {
  static constexpr incarnation self{77}, other{78};

  /// A connection with an open run.
  struct mined {
    connection_row connection;
    run_id run;
    continuation_id continuation;
    shard_epoch epoch;
    int64_t version = 0;
  };

  void SetUp() override {
    database.set_sink_clock([this] {
      return instant{std::chrono::duration_cast<std::chrono::microseconds>(system.clock().now().time_since_epoch())}
             + std::chrono::hours{500'000};
    });
    renew_for_ever(held);
    source = catalog->put_source("shop", "manifest", "v1")->id;
    acme = connect("acme");
    globex = connect("globex");
    start();
  }

  ~courier_test() override { things.waiting.clear(); }

  void start() {
    courier_parts parts;
    parts.store = database.make_sink_store(self);
    parts.timers = spawn<timers>();
    parts.held = &held;
    parts.make_sink = [this](caf::actor_system& sys, const sink_row& row) -> caf::expected<sink_actor> {
      made_from.push_back(row.sealed);
      if (row.sealed == "unusable")
        return caf::make_error(errc::bad_source, "there is no sink kind 'fake'");
      things.made.push_back(things.now == target::mode::blocks ? sys.spawn<fake_sink, caf::detached>(shared)
                                                               : sys.spawn<fake_sink>(shared));
      return things.made.back();
    };
    parts.sink_died = [this](const sink_actor&) { ++deaths; };
    parts.report.delivered = [this](const std::string&, int64_t changes) { delivered += changes; };
    parts.report.failed = [this](const std::string&) { ++failures; };
    parts.report.behind = [this](const auto& now) { behind = now; };
    parts.report.warning = [this](const std::string& text) { warnings.push_back(text); };
    bringer = spawn<courier>(std::move(parts));
    caf::actor_cast<caf::abstract_actor*>(bringer)->attach_functor([end = ended] { *end = true; });
    run();
  }

  mined connect(const std::string& tenant) {
    connection_row wanted;
    wanted.name = "main";
    wanted.source = source;
    wanted.streams = {{{}, "posts", 0}};
    mined out{*catalog->put_connection(catalog->create_tenant(tenant)->id, wanted), {}, {}, {}};
    const auto claim = *std::ranges::find(claims, out.connection.shard, &shard_claim::shard);
    run_start start;
    start.connection = out.connection.id;
    start.claim = claim;
    start.first = {{out.connection.streams.at(0).id, "", {}, "state"}};
    auto begun = runs->start_run(start);
    out.run = begun->run;
    out.continuation = begun->opened.at(0);
    out.epoch = claim.epoch;
    return out;
  }

  void mine(mined& of, const std::vector<std::string>& keys) {
    page_commit page;
    page.tenant = of.connection.tenant;
    page.connection = of.connection.id;
    page.stream = of.connection.streams.at(0).id;
    page.shard = of.connection.shard;
    page.epoch = of.epoch;
    page.move = {of.continuation, of.run, of.version++, continuation_phase::open, "state", ""};
    for (const auto& key : keys) {
      record_change change;
      change.kind = change_kind::inserted;
      change.key = key;
      change.payload = "{}";
      change.hash = {1, static_cast<uint64_t>(of.version)};
      change.order = {0, 1, of.version};
      page.changes.push_back(change);
    }
    ASSERT_EQ(pages->commit({&page, 1}).front().status, commit_status::committed);
  }

  void put(const std::string& settings = "settings", std::vector<std::string> streams = {}) {
    ASSERT_TRUE(people->put_sink({"lake", "fake", std::move(streams), settings, false}));
    tell();
  }
  void tell() {
    caf::anon_send(bringer, sinks_changed{});
    run();
  }
  void answer() {
    ASSERT_FALSE(things.waiting.empty()) << "nothing is out";
    caf::anon_send(things.waiting.front().at, wake{});
    run();
  }
  sink_standing standing() { return people->list_sinks()->at(0); }
  std::vector<std::string> take() { return std::exchange(things.got, {}); }

  std::shared_ptr<target> shared = std::make_shared<target>(); ///< with the actors, which end after the test
  target& things = *shared;
  memory_database database;
  lease held;
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  std::unique_ptr<run_store> runs = database.make_run_store(self);
  std::unique_ptr<page_store> pages = database.make_page_store(self);
  std::unique_ptr<sink_store> people = database.make_sink_store({});
  std::vector<shard_claim> claims = *claim_everything(*database.make_membership_store(self), "n1", self);
  source_id source;
  mined acme, globex;
  courier_actor bringer;
  std::vector<std::string> made_from;
  std::map<std::string, int64_t> behind;
  std::vector<std::string> warnings;
  int64_t delivered = 0;
  size_t failures = 0, deaths = 0;
  std::shared_ptr<bool> ended = std::make_shared<bool>(false);
};

} // namespace

TEST_F(courier_test, changes_are_delivered_in_order_and_counted) {
  put();
  mine(acme, {"a", "b"});
  mine(acme, {"c"});
  advance(1s);
  EXPECT_THAT(take(), ElementsAre("acme: a b c"));
  EXPECT_EQ(standing().changes_behind, 0);
  EXPECT_EQ(delivered, 3);
  advance(10s);
  EXPECT_THAT(take(), IsEmpty()) << "once is enough";
}

TEST_F(courier_test, one_batch_of_a_shard_is_out_at_a_time_and_shards_do_not_wait_for_each_other) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  mine(globex, {"x"});
  advance(1s);
  EXPECT_THAT(take(), testing::UnorderedElementsAre("acme: a", "globex: x"));
  mine(acme, {"b"});
  advance(5s);
  EXPECT_THAT(take(), IsEmpty());
  const bool is_acme_first = acme.connection.shard < globex.connection.shard;
  if (!is_acme_first)
    std::swap(things.waiting.at(0), things.waiting.at(1));
  answer();
  EXPECT_THAT(take(), ElementsAre("acme: b")) << "at once, not with the next tick";
}

TEST_F(courier_test, what_failed_comes_again_after_a_backoff_and_people_are_told) {
  things.now = target::mode::fails;
  put();
  mine(acme, {"a"});
  advance(600ms);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
  EXPECT_EQ(standing().error, "the disk is full");
  EXPECT_EQ(failures, 1u);
  mine(acme, {"b"});
  advance(600ms);
  EXPECT_THAT(take(), IsEmpty());
  things.now = target::mode::answers;
  advance(1'200ms);
  EXPECT_THAT(take(), ElementsAre("acme: a b"));
  EXPECT_EQ(standing().error, "");
}

TEST_F(courier_test, a_backlog_of_several_batches_is_delivered_without_waiting_for_the_timer) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1'200; ++i)
    keys.push_back("k" + std::to_string(i));
  mine(acme, keys);
  put();
  EXPECT_THAT(take(), SizeIs(3));
  EXPECT_EQ(standing().changes_behind, 0);
}

TEST_F(courier_test, of_a_batch_that_was_taken_in_part_the_rest_comes_at_once_and_nothing_of_it_is_skipped) {
  things.now = target::mode::fails;
  put();
  mine(acme, {"a", "b", "c", "d", "e"});
  advance(600ms);
  EXPECT_EQ(standing().error, "the disk is full");
  things.now = target::mode::waits;
  advance(1'200ms);
  take();
  things.takes = 2;
  answer();
  EXPECT_THAT(take(), ElementsAre("acme: c d e")) << "without a backoff";
  EXPECT_EQ(standing().delivered, 2);
  EXPECT_EQ(standing().changes_behind, 3);
  EXPECT_EQ(standing().error, "") << "a part is no failure";
  things.takes.reset();
  answer();
  EXPECT_EQ(standing().changes_behind, 0);
  EXPECT_EQ(delivered, 5);
  EXPECT_EQ(failures, 1u);
}

TEST_F(courier_test, none_taken_without_an_error_is_a_failure_and_so_are_more_than_there_were) {
  things.takes = 0;
  put();
  mine(acme, {"a"});
  advance(600ms);
  EXPECT_THAT(standing().error, HasSubstr("taken none of 1 change"));
  things.takes = 9;
  advance(2s);
  EXPECT_THAT(standing().error, HasSubstr("taken 9 of 1 change: a defect of the sink"));
  EXPECT_EQ(standing().changes_behind, 1);
  EXPECT_EQ(delivered, 0);
}

TEST_F(courier_test, a_feed_that_cannot_be_read_several_times_in_a_row_is_told_once_and_tried_less_often) {
  put();
  mine(acme, {"a"});
  database.inject(memory_fault::unreadable_feed, 5);
  advance(600ms);
  advance(600ms);
  EXPECT_EQ(standing().error, "") << "a moment's absence is no failure";
  advance(600ms);
  EXPECT_THAT(standing().error, HasSubstr("cannot be read: injected"));
  advance(1'200ms);
  advance(2'200ms);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(failures, 3u);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("sink lake: the changes of shard")));
  advance(5s);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
  EXPECT_EQ(standing().error, "");
}

TEST_F(courier_test, an_answer_that_is_late_counts_as_a_failure) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(31s);
  EXPECT_THAT(standing().error, HasSubstr("did not answer within 30 s"));
  answer();
  EXPECT_EQ(standing().changes_behind, 1);
  advance(2s);
  EXPECT_THAT(take(), ElementsAre("acme: a", "acme: a"));
  answer();
  EXPECT_EQ(standing().changes_behind, 0);
}

TEST_F(courier_test, a_sink_that_dies_is_made_again_and_gets_the_same_changes) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  send_exit(things.made.at(0), caf::make_error(errc::internal, "a defect"));
  EXPECT_EQ(deaths, 1u);
  EXPECT_THAT(standing().error, HasSubstr("its actor ended"));
  EXPECT_THAT(things.made, SizeIs(1)) << "not at once";
  things.now = target::mode::answers;
  advance(3s);
  EXPECT_THAT(things.made, SizeIs(2));
  EXPECT_THAT(take(), ElementsAre("acme: a", "acme: a"));
  EXPECT_EQ(standing().changes_behind, 0);
}

TEST_F(courier_test, a_pause_lets_what_is_out_come_back_and_ends_the_sink) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  ASSERT_FALSE(people->pause_sink("lake"));
  tell();
  mine(acme, {"b"});
  EXPECT_EQ(things.ended, 0u);
  answer();
  advance(1s);
  EXPECT_EQ(things.ended, 1u);
  EXPECT_EQ(standing().delivered, 1);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
  ASSERT_FALSE(people->resume_sink("lake"));
  tell();
  EXPECT_THAT(take(), ElementsAre("acme: b"));
}

TEST_F(courier_test, of_a_sink_that_is_removed_meanwhile_nothing_is_left) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  ASSERT_FALSE(people->remove_sink("lake"));
  tell();
  answer();
  advance(1s);
  EXPECT_EQ(things.ended, 1u);
  EXPECT_THAT(*people->list_sinks(), IsEmpty());
}

TEST_F(courier_test, other_settings_make_another_actor_once_the_first_is_gone) {
  things.now = target::mode::waits;
  put("one");
  mine(acme, {"a"});
  advance(600ms);
  put("two");
  mine(globex, {"x"});
  advance(1s);
  EXPECT_THAT(made_from, ElementsAre("one"));
  EXPECT_THAT(take(), ElementsAre("acme: a")) << "the first one gets nothing more";
  answer();
  advance(1s);
  EXPECT_THAT(made_from, ElementsAre("one", "two"));
  EXPECT_THAT(take(), ElementsAre("globex: x"));
}

TEST_F(courier_test, a_sink_that_does_not_end_is_killed_and_its_new_settings_are_used) {
  things.ignores_its_end = true;
  put("one");
  put("two");
  advance(29s);
  EXPECT_THAT(made_from, ElementsAre("one"));
  EXPECT_THAT(warnings, IsEmpty());
  advance(2s);
  EXPECT_THAT(made_from, ElementsAre("one", "two"));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("did not end within 30 s")));
  EXPECT_EQ(deaths, 0u) << "that was no defect of it";
}

TEST_F(courier_test, a_sink_whose_thread_blocks_for_ever_is_told_to_people) {
  things.now = target::mode::blocks;
  mine(acme, {"a"});
  put("one");
  things.blocked.get_future().wait();
  advance(31s);
  EXPECT_THAT(standing().error, HasSubstr("did not answer"));
  put("two");
  advance(36s);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("is killed"), HasSubstr("start")));
  advance(1s);
  EXPECT_THAT(standing().error, HasSubstr("blocks and does not end"));
  EXPECT_THAT(made_from, ElementsAre("one")) << "two never write to one target";
  send_exit(bringer, caf::make_error(errc::not_owner)); // nobody hears of what the other thread says now
  things.go_on.set_value();
}

TEST_F(courier_test, a_sink_that_is_put_again_in_the_place_of_one_that_blocks_for_ever_says_so_too) {
  things.now = target::mode::blocks;
  mine(acme, {"a"});
  put("one");
  things.blocked.get_future().wait();
  advance(31s);
  ASSERT_FALSE(people->remove_sink("lake"));
  put("two");
  advance(36s);
  advance(1s);
  EXPECT_THAT(standing().error, HasSubstr("blocks and does not end"));
  EXPECT_THAT(made_from, ElementsAre("one")) << "two never write to one target";
  send_exit(bringer, caf::make_error(errc::not_owner));
  things.go_on.set_value();
}

TEST_F(courier_test, that_this_node_cannot_make_a_sink_makes_no_other_node_wait) {
  put("unusable");
  mine(acme, {"a"});
  advance(600ms);
  ASSERT_EQ(standing().error, "there is no sink kind 'fake'");
  ASSERT_FALSE(database.make_membership_store(self)->release(self, {acme.connection.shard}));
  ASSERT_TRUE(claim_everything(*database.make_membership_store(other), "n2", other));
  auto claimed = database.make_sink_store(other)->claim({{standing().sink.id, 8}}, 1min);
  EXPECT_THAT(*claimed, SizeIs(1));
}

TEST_F(courier_test, a_sink_that_cannot_be_made_here_says_so_and_is_tried_again_later) {
  put("unusable");
  mine(acme, {"a"});
  advance(600ms);
  EXPECT_EQ(standing().error, "there is no sink kind 'fake'");
  EXPECT_THAT(made_from, SizeIs(1));
  put("usable");
  advance(600ms);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
}

TEST_F(courier_test, without_its_lease_a_node_delivers_nothing) {
  held.end();
  put();
  mine(acme, {"a"});
  advance(5s);
  EXPECT_THAT(take(), IsEmpty());
  renew_for_ever(held);
  advance(2s);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
}

TEST_F(courier_test, what_was_taken_counts_though_the_shard_has_moved_meanwhile) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  auto members = database.make_membership_store(other);
  ASSERT_FALSE(database.make_membership_store(self)->release(self, {acme.connection.shard}));
  ASSERT_TRUE(claim_everything(*members, "n2", other));
  auto theirs = database.make_sink_store(other);
  EXPECT_THAT(*theirs->claim({{standing().sink.id, 8}}, 1min), IsEmpty()) << "it is still out";
  answer();
  EXPECT_EQ(standing().delivered, 1);
  EXPECT_EQ(standing().changes_behind, 0);
  EXPECT_THAT(*theirs->claim({{standing().sink.id, 8}}, 1min), IsEmpty());
}

TEST_F(courier_test, a_feed_that_was_trimmed_suspends_the_sink) {
  put();
  mine(acme, {"a"});
  mine(acme, {"b"});
  database.trim_feed(acme.connection.shard, 1);
  advance(1s);
  EXPECT_EQ(standing().sink.state, activity::suspended);
  EXPECT_THAT(standing().sink.reason, HasSubstr("put it again"));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(courier_test, what_a_sink_does_not_want_is_passed_without_asking_it) {
  put("settings", {"other/*"});
  mine(acme, {"a"});
  advance(1s);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(standing().changes_behind, 0);
  EXPECT_EQ(delivered, 0);
}

TEST_F(courier_test, what_the_store_does_not_take_is_told_later_and_not_delivered_twice) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  database.inject(memory_fault::unavailable, 4);
  answer();
  EXPECT_EQ(delivered, 0);
  advance(3s);
  EXPECT_EQ(standing().changes_behind, 0);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
}

TEST_F(courier_test, a_planned_stop_waits_for_what_is_out) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  mine(acme, {"b"});
  send_exit(bringer, caf::exit_reason::user_shutdown);
  advance(2s);
  EXPECT_FALSE(*ended);
  answer();
  EXPECT_TRUE(*ended);
  EXPECT_EQ(standing().delivered, 1);
  EXPECT_EQ(things.ended, 1u);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
}

TEST_F(courier_test, a_planned_stop_does_not_wait_for_ever) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  send_exit(bringer, caf::exit_reason::user_shutdown);
  advance(11s);
  EXPECT_TRUE(*ended);
  EXPECT_THAT(*database.make_sink_store(self)->claim({{standing().sink.id, 8}}, 1min), SizeIs(1))
    << "what it held is free";
}

TEST_F(courier_test, whose_life_is_over_stops_at_once) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  send_exit(bringer, caf::make_error(errc::not_owner));
  EXPECT_TRUE(*ended);
  EXPECT_EQ(things.ended, 1u);
  EXPECT_EQ(standing().delivered, 0);
}

TEST_F(courier_test, who_comes_next_in_the_same_life_need_not_wait_for_claims_of_before) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a"});
  advance(600ms);
  send_exit(bringer, caf::make_error(errc::internal, "a defect"));
  things.waiting.clear();
  things.now = target::mode::answers;
  take();
  start();
  advance(3s);
  EXPECT_THAT(take(), ElementsAre("acme: a"));
}

TEST_F(courier_test, how_far_sinks_are_behind_is_reported_until_none_is_left) {
  things.now = target::mode::waits;
  put();
  mine(acme, {"a", "b"});
  advance(6s);
  EXPECT_EQ(behind, (std::map<std::string, int64_t>{{"fake", 2}}));
  ASSERT_FALSE(people->remove_sink("lake"));
  answer();
  advance(12s);
  EXPECT_THAT(behind, IsEmpty());
}

TEST(delivery_backoff, doubles_up_to_a_bound) {
  EXPECT_EQ(delivery_backoff(1), 1s);
  EXPECT_EQ(delivery_backoff(2), 2s);
  EXPECT_EQ(delivery_backoff(5), 16s);
  EXPECT_EQ(delivery_backoff(10), 5min);
  EXPECT_EQ(delivery_backoff(1'000'000), 5min);
}
