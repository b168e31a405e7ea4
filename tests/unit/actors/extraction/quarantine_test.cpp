#include "actors/extraction/quarantine.hpp"

#include <deque>
#include <map>

#include "actors/supervision/timers.hpp"
#include "tests/support/stub_actor.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

/// A quarantine between miners, a processor and a writer that the test plays: it says when they are quiet.
struct quarantine_test : stub_test {
  using promise = caf::typed_response_promise<void>;
  store_health health;
  std::vector<int64_t> marks;        ///< that the store was asked for, 0 = nobody
  std::deque<caf::error> mark_errors; ///< answers to the next ones
  std::vector<int64_t> held;         ///< the continuation that each hold left out
  int released = 0;
  bool answers_at_once = true;
  std::vector<int64_t> turns; ///< continuations whose page may be touched, in their order
  std::vector<std::string> refusals;

  timers_actor service = spawn<timers>();
  run_keeper_actor keeper = spawn_stub<run_keeper_actor>(
    [this](mark_alone ask) -> caf::result<void> {
      marks.push_back(ask.continuation.value);
      if (mark_errors.empty())
        return caf::unit;
      auto error = mark_errors.front();
      mark_errors.pop_front();
      return error;
    });
  // Not quiet at once, they become so with the next page, or group.
  processor_actor processing = system.spawn([this](processor_actor::pointer self) -> processor_actor::behavior_type {
    auto quiet = std::make_shared<promise>();
    return {[quiet](process_page&, const miner_actor&) { quiet->deliver(); }, [](process_messages&, const capture_actor&) {},
            [this, self, quiet](hold_pages ask) { return hold(self, ask, *quiet); }, [this](release_pages) { ++released; }};
  });
  page_writer_actor writing = system.spawn([this](page_writer_actor::pointer self) -> page_writer_actor::behavior_type {
    auto quiet = std::make_shared<promise>();
    return {[](hashed_page&, const page_client_actor&) {}, [this, self, quiet](hold_pages ask) { return hold(self, ask, *quiet); },
            [this](release_pages) { ++released; }, [quiet](wake) { quiet->deliver(); }};
  });
  quarantine_actor ward;
  std::map<int64_t, caf::actor> miners;

  template <class Self>
  caf::result<void> hold(Self self, hold_pages ask, promise& quiet) {
    held.push_back(ask.continuation.value);
    quiet = self->template make_response_promise<void>();
    if (answers_at_once)
      quiet.deliver();
    return quiet;
  }

  void SetUp() override {
    ward = spawn<quarantine>(quarantine_parts{service, keeper, {processing}, {writing}, &health, 5s});
    run();
    marks.clear();
    released = 0;
  }

  void TearDown() override {
    for (const auto& [id, miner] : miners)
      caf::anon_send_exit(miner, caf::exit_reason::kill);
    caf::anon_send_exit(processing, caf::exit_reason::kill);
    caf::anon_send_exit(writing, caf::exit_reason::kill);
    run();
  }

  /// A miner whose page has arrived.
  void ask_for(int64_t id, int32_t alone_deaths = 0) {
    miners[id] = system.spawn([this, id, alone_deaths](caf::event_based_actor* self) -> caf::behavior {
      self->request(ward, caf::infinite, ask_alone{continuation_id{id}, alone_deaths})
        .then([this, id] { turns.push_back(id); },
              [this](const caf::error& why) { refusals.push_back(message_of(why)); });
      return {[this, self](leave_alone msg) { self->send(ward, msg); }};
    });
    run();
  }
  void leave(int64_t id, bool is_committed = false) {
    caf::anon_send(miners.at(id), leave_alone{is_committed});
    run();
  }
  void kill(int64_t id) {
    caf::anon_send_exit(miners.at(id), caf::exit_reason::kill);
    run();
  }
  void let_processor_finish() {
    caf::anon_send(processing, process_page{}, miner_actor{});
    run();
  }
  void let_writer_finish() {
    caf::anon_send(writing, wake{});
    run();
  }
};

using ids = std::vector<int64_t>;

} // namespace

TEST_F(quarantine_test, a_page_is_touched_only_when_all_are_quiet_and_the_store_knows) {
  answers_at_once = false;
  ask_for(1);
  EXPECT_EQ(held, (ids{1, 1})) << "processor and writer";
  let_processor_finish();
  EXPECT_TRUE(marks.empty()) << "one of them is still at work";
  let_writer_finish();
  EXPECT_EQ(marks, ids{1});
  EXPECT_EQ(turns, ids{1});
  EXPECT_EQ(released, 0);
  leave(1);
  EXPECT_EQ(marks, (ids{1, 0})) << "not blamed for what comes later";
  EXPECT_EQ(released, 2);
}

TEST_F(quarantine_test, a_committed_page_needs_no_clearing_and_everything_goes_on_at_once) {
  ask_for(1);
  leave(1, true);
  EXPECT_EQ(marks, ids{1});
  EXPECT_EQ(released, 2);
  ask_for(2);
  EXPECT_EQ(marks, (ids{1, 2}));
}

TEST_F(quarantine_test, begins_by_clearing_what_an_earlier_tree_of_the_process_left) {
  auto another = spawn<quarantine>(quarantine_parts{service, keeper, {processing}, {writing}, &health, 5s});
  run();
  EXPECT_EQ(marks, ids{0});
}

TEST_F(quarantine_test, pages_of_suspects_are_in_work_one_at_a_time_and_everything_goes_on_between_them) {
  ask_for(1), ask_for(2), ask_for(3);
  EXPECT_EQ(turns, ids{1});
  leave(1);
  EXPECT_EQ(turns, (ids{1, 2}));
  EXPECT_EQ(released, 2);
  EXPECT_EQ(held, (ids{1, 1, 2, 2}));
  leave(2);
  EXPECT_EQ(turns, (ids{1, 2, 3}));
  EXPECT_EQ(marks, (ids{1, 0, 2, 0, 3}));
}

TEST_F(quarantine_test, a_miner_that_dies_in_its_turn_ends_the_quiet) {
  ask_for(1), ask_for(2);
  kill(1);
  EXPECT_EQ(marks, (ids{1, 0, 2}));
  EXPECT_EQ(turns, (ids{1, 2}));
}

TEST_F(quarantine_test, a_miner_that_dies_while_it_becomes_quiet_is_not_marked_and_everything_goes_on) {
  answers_at_once = false;
  ask_for(1);
  kill(1);
  EXPECT_EQ(released, 0) << "they still owe an answer";
  let_processor_finish(), let_writer_finish();
  EXPECT_EQ(marks, ids{0});
  EXPECT_EQ(released, 2);
  answers_at_once = true;
  ask_for(2);
  EXPECT_EQ(turns, ids{2});
}

TEST_F(quarantine_test, a_miner_that_dies_while_it_waits_is_forgotten) {
  ask_for(1), ask_for(2), ask_for(3);
  kill(2);
  leave(1);
  EXPECT_EQ(turns, (ids{1, 3}));
}

TEST_F(quarantine_test, whoever_leaves_late_or_never_asked_disturbs_nobody) {
  ask_for(1), ask_for(2);
  leave(1);
  leave(1);
  EXPECT_EQ(turns, (ids{1, 2}));
  EXPECT_EQ(marks, (ids{1, 0, 2})) << "it is still quiet for 2";
  caf::anon_send(ward, leave_alone{});
  run();
  EXPECT_EQ(released, 2);
}

TEST_F(quarantine_test, a_new_miner_of_a_continuation_is_another_one_than_that_which_died) {
  ask_for(1);
  auto dead = miners.at(1);
  ask_for(1);
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  run();
  EXPECT_EQ(turns, (ids{1, 1}));
  EXPECT_EQ(marks, (ids{1, 0, 1}));
}

TEST_F(quarantine_test, a_continuation_that_is_no_longer_open_is_told_so_and_everything_goes_on) {
  mark_errors = {caf::make_error(errc::not_found, "gone")};
  ask_for(1);
  EXPECT_TRUE(turns.empty());
  EXPECT_EQ(refusals, std::vector<std::string>{"gone"});
  EXPECT_EQ(released, 2);
  ask_for(2);
  EXPECT_EQ(turns, ids{2});
}

TEST_F(quarantine_test, while_the_store_is_away_no_page_is_touched_and_afterwards_it_goes_on_by_itself) {
  auto away = caf::make_error(errc::store_unavailable, "no space left");
  mark_errors = {away, away};
  ask_for(1);
  EXPECT_TRUE(turns.empty());
  EXPECT_TRUE(health.is_out()) << "what is held back must not look lost";
  EXPECT_EQ(health.why(), "no space left");
  advance(3s);
  EXPECT_FALSE(health.is_out());
  EXPECT_EQ(turns, ids{1});
}

TEST_F(quarantine_test, it_stays_quiet_until_the_store_has_forgotten_the_page) {
  ask_for(1);
  auto away = caf::make_error(errc::store_unavailable);
  mark_errors = {away, away};
  leave(1);
  EXPECT_EQ(released, 0) << "a death beside others would blame it";
  EXPECT_TRUE(health.is_out());
  advance(3s);
  EXPECT_EQ(released, 2);
  EXPECT_FALSE(health.is_out());
}

TEST_F(quarantine_test, a_miner_that_dies_while_the_store_is_away_is_cleared_when_it_is_back) {
  mark_errors = {caf::make_error(errc::store_unavailable)};
  ask_for(1);
  kill(1);
  advance(2s);
  EXPECT_TRUE(turns.empty());
  EXPECT_EQ(marks, (ids{1, 0})) << "the first answer may have been lost: it may be marked";
  EXPECT_EQ(released, 2);
}

TEST_F(quarantine_test, a_page_with_which_the_process_died_already_comes_last_and_not_in_a_short_life) {
  ask_for(7, 1);
  EXPECT_TRUE(turns.empty());
  EXPECT_TRUE(held.empty()) << "nobody has to be quiet for that";
  ask_for(1);
  EXPECT_EQ(turns, ids{1});
  ask_for(2);
  advance(6s);
  leave(1);
  EXPECT_EQ(turns, (ids{1, 2}));
  leave(2);
  EXPECT_EQ(turns, (ids{1, 2, 7}));
}

TEST_F(quarantine_test, told_to_stop_while_it_is_quiet_it_stops) {
  answers_at_once = false;
  ask_for(1), ask_for(2);
  caf::anon_send_exit(ward, caf::exit_reason::user_shutdown);
  run();
  EXPECT_EQ(refusals.size(), 2u) << "nobody waits for ever";
  let_processor_finish(), let_writer_finish();
  EXPECT_TRUE(turns.empty());
}
