#include "actors/extraction/tenant_supervisor.hpp"

#include <deque>

#include "actors/extraction/miner.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/http/scripted_http_client.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/support/stub_actor.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

/// A supervisor whose miners are puppets: the test says when they end.
struct tenant_supervisor_test : stub_test {
  connection_pointer connection = item_connection(1, item_plan());
  std::vector<continuation_row> rows; ///< open continuations in the store
  std::vector<miner_job> mined;
  std::vector<miner_actor> miners;
  int finishing = 0; ///< miners that were told to finish
  std::shared_ptr<std::vector<size_t>> stopped = std::make_shared<std::vector<size_t>>(); ///< ended miners, by their place
  std::vector<run_finished> finished;
  std::vector<run_begun> begun;
  std::vector<std::string> suspended;
  std::vector<suspend_connection> orders; ///< to suspend, that the store took
  std::vector<noted_event> told;
  std::shared_ptr<activity_board> board = std::make_shared<activity_board>();
  std::vector<tenant_idle> idle;
  caf::error load_error;
  caf::error start_error;
  std::deque<caf::error> suspend_errors;
  std::vector<open_run> open_runs;
  bool is_stale = false;    ///< the connection was changed since it was loaded
  bool is_inactive = false; ///< the store lets no miner go on
  size_t looks = 0;         ///< how often open continuations were asked for
  stream_tally tally;
  caf::error tally_error;
  size_t counted = 0; ///< how often the store was asked
  std::vector<stop_stream> stops; ///< streams that were stopped
  caf::error stop_error;
  size_t refused_stops = 0;
  std::vector<stream_id> swept; ///< whose pass was asked for

  scripted_http_client http{scripted_http_client::delivery::on_demand};
  std::shared_ptr<std::optional<caf::error>> ending = std::make_shared<std::optional<caf::error>>(); ///< how the supervisor ended

  timers_actor service = spawn<timers>();
  run_keeper_actor keeper = spawn_stub<run_keeper_actor>(
    [this](load_connection) -> caf::result<connection_pointer> {
      if (load_error)
        return load_error;
      return connection;
    },
    [this](load_open_runs) { return open_runs_loaded{open_runs}; },
    [this](const start_run&) -> caf::result<run_started> {
      if (start_error)
        return start_error;
      return run_started{run_id{2}, 1};
    },
    [this](const load_continuations& ask) -> caf::result<continuations_loaded> {
      ++looks;
      if (std::exchange(is_stale, false))
        return caf::make_error(errc::stale_version, "the connection was changed");
      continuations_loaded result;
      for (const auto& row : rows)
        if (row.id > ask.after && result.rows.size() < ask.limit)
          result.rows.push_back(row);
      return result;
    },
    [this](const resume_continuation& ask) -> caf::result<continuation_row> {
      for (auto& row : rows)
        if (row.id == ask.continuation && !is_inactive)
          return row;
      return caf::make_error(errc::not_found);
    },
    [this](const suspend_connection& ask) -> caf::result<void> {
      if (!suspend_errors.empty()) {
        auto error = suspend_errors.front();
        suspend_errors.pop_front();
        return error;
      }
      suspended.push_back(ask.reason);
      orders.push_back(ask);
      return caf::unit;
    },
    [this](load_tally) -> caf::result<stream_tally> {
      ++counted;
      if (tally_error)
        return tally_error;
      return tally;
    },
    [this](const stop_stream& ask) -> caf::result<void> {
      if (stop_error) {
        if (++refused_stops > 100)
          rows.clear(); // so that a test of what must not go on for ever ends
        return stop_error;
      }
      stops.push_back(ask);
      std::erase_if(rows, [&](const auto& row) { return row.stream == ask.stream; });
      return caf::unit;
    },
    [this](load_pass ask) {
      swept.push_back(ask.stream);
      pass_standing nothing;
      nothing.why_not = "this is a test";
      return nothing;
    });
  scheduler_actor scheduling = spawn_fake<scheduler_actor>(
    [](wake) {}, [](timer_fired) {}, [this](run_begun msg) { begun.push_back(msg); },
    [this](const run_finished& msg) { finished.push_back(msg); }, [](const tenant_lost&) {}, [](const shards_gained&) {},
    [](const shards_leaving&) {});
  shard_region_actor region = spawn_fake<shard_region_actor>(
    [](tenant_command&) {}, [this](const tenant_idle& msg) { idle.push_back(msg); },
    [](const deliver_command&) {}, [](const shards_gained&) {}, [](const vacate_shards&) {},
    [](const shards_lost&) {}, [](timer_fired) {});
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  page_writer_actor writer = spawn_fake<page_writer_actor>([](hashed_page&, const page_client_actor&) {}, [](hold_pages) {},
                                                           [](release_pages) {}, [](wake) {});
  tenant_supervisor_actor supervisor;

  void SetUp() override {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->keeper = keeper;
    services->writers = {writer};
    services->codec = &codec;
    services->now = [] { return instant{}; };
    services->report.happened = note_into(told);
    services->board = board.get();
    services->report.fetched = [keep = board](auto&, auto) {}; // it outlives the actors
    services->miners_per_tenant = 2;
    services->restarts = {2, 1min, 100ms, 1s};
    services->http = &http;
    services->make_miner = [this](caf::actor_system&, miner_job job) {
      mined.push_back(std::move(job));
      miners.push_back(spawn_fake<miner_actor>([](go_on) {}, [](permit_granted) {}, [](response_arrived&) {},
                                               [](page_parsed&) {}, [](page_unreadable&) {}, [](page_committed) {},
                                               [](page_refused) {}, [this](finish_page) { ++finishing; }, [](timer_fired) {}));
      caf::actor_cast<caf::abstract_actor*>(miners.back())->attach_functor([ended = stopped, place = miners.size() - 1] {
        ended->push_back(place);
      });
      return miners.back();
    };
    supervisor = spawn<tenant_supervisor>(tenant_id{1}, services, scheduling, region);
    caf::actor_cast<caf::abstract_actor*>(supervisor)->attach_functor([ending = ending](const caf::error& why) { *ending = why; });
  }

  void TearDown() override {
    mined.clear(); // they hold the supervisor
    miners.clear();
  }

  static open_run run_of(int64_t tenant, int64_t run) {
    return {run_id{run}, tenant_id{tenant}, connection_id{tenant * 10}, shard_id{1}, run_kind::scheduled, 0};
  }
  void change(std::optional<connection_id> connection) {
    caf::anon_send(supervisor, connection_changed{connection});
    run();
  }
  void open(int64_t id, int64_t stream = 100) {
    rows.push_back({continuation_id{id}, run_id{2}, stream_id{stream}, "", {}, 1, "", 0});
  }
  void open_sweep(int64_t id) {
    open(id);
    rows.back().is_sweep = true;
  }
  void die(uint32_t count, int64_t stream = 100) {
    caf::anon_send(supervisor, records_died{run_id{2}, stream_id{stream}, count});
    run();
  }
  /// A connection with a second stream, 101.
  void add_stream() {
    auto plan = std::make_shared<source_plan>(*item_plan());
    plan->streams.push_back(plan->streams[0]);
    auto both = std::make_shared<connection_context>(*item_connection(1, plan));
    both->streams = {stream_id{100}, stream_id{101}};
    connection = both;
  }
  void leave() {
    caf::anon_send(supervisor, leave_tenant{});
    run();
  }
  void begin() {
    caf::anon_send(supervisor, begin_run{connection_id{10}});
    run();
  }
  void end(int64_t id, continuation_phase phase = continuation_phase::closed) {
    std::erase_if(rows, [id](const auto& row) { return row.id.value == id; });
    caf::anon_send(supervisor, continuation_ended{connection_id{10}, run_id{2}, continuation_id{id}, phase, false, "why"});
    run();
  }
};

} // namespace

TEST_F(tenant_supervisor_test, continuations_are_mined_side_by_side_within_the_tenants_limit) {
  open(1), open(2), open(3);
  begin();
  EXPECT_EQ(mined.size(), 2u);
  end(1);
  EXPECT_EQ(mined.size(), 3u);
  EXPECT_TRUE(finished.empty());
  end(2), end(3);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::finished);
  EXPECT_EQ(idle.size(), 1u);
}

TEST_F(tenant_supervisor_test, continuations_that_pages_open_are_mined_in_the_same_run) {
  open(1);
  begin();
  open(2);
  caf::anon_send(supervisor, continuations_opened{connection_id{10}, run_id{2}, 1});
  run();
  end(1);
  EXPECT_EQ(mined.size(), 2u);
  EXPECT_TRUE(finished.empty());
  end(2);
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_run_is_not_finished_while_the_store_has_children_open_that_nobody_reported) {
  open(1);
  begin();
  open(2);
  end(1);
  EXPECT_TRUE(finished.empty());
  ASSERT_EQ(mined.size(), 2u);
  EXPECT_EQ(mined[1].row.id, continuation_id{2});
  end(2);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::finished);
}

TEST_F(tenant_supervisor_test, a_run_that_the_store_says_has_ended_is_finished_without_another_look) {
  open(1);
  begin();
  auto asked = looks;
  caf::anon_send(supervisor, continuation_ended{connection_id{10}, run_id{2}, continuation_id{1},
                                                continuation_phase::closed, true, ""});
  run();
  EXPECT_EQ(finished.size(), 1u);
  EXPECT_EQ(looks, asked);
}

TEST_F(tenant_supervisor_test, a_run_that_the_store_does_not_let_go_on_is_left_open_after_a_few_looks) {
  open(1);
  begin();
  is_inactive = true;
  caf::anon_send(supervisor, continuation_ended{connection_id{10}, run_id{2}, continuation_id{1},
                                                continuation_phase::cancelled, false, ""});
  run();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::open);
  EXPECT_EQ(mined.size(), 1u);
  EXPECT_EQ(idle.size(), 1u);
}

TEST_F(tenant_supervisor_test, more_continuations_than_one_batch_are_all_mined) {
  for (int64_t id = 1; id <= 200; ++id)
    open(id);
  begin();
  for (int64_t id = 1; id <= 200; ++id)
    end(id);
  EXPECT_EQ(mined.size(), 200u);
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_sweep_waits_until_all_else_of_its_run_has_been_read) {
  open_sweep(1), open(2);
  begin();
  EXPECT_EQ(mined.size(), 1u);
  open(3); // nobody reported it
  end(2);
  EXPECT_EQ(mined.size(), 2u);
  EXPECT_TRUE(swept.empty());
  end(3);
  EXPECT_EQ(swept, std::vector{stream_id{100}});
  EXPECT_TRUE(finished.empty());
  end(1);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::finished);
  EXPECT_EQ(mined.size(), 2u);
}

TEST_F(tenant_supervisor_test, sweeps_take_turns_within_the_tenants_limit) {
  for (int64_t id = 1; id <= 5; ++id)
    open_sweep(id);
  begin();
  EXPECT_EQ(swept.size(), 2u);
  for (int64_t id = 5; id >= 1; --id)
    end(id);
  EXPECT_EQ(swept.size(), 5u);
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_failed_continuation_makes_the_run_incomplete_with_its_reason) {
  open(1);
  begin();
  end(1, continuation_phase::failed);
  EXPECT_EQ(finished.at(0).phase, run_phase::incomplete);
  EXPECT_EQ(finished.at(0).reason, "why");
}

TEST_F(tenant_supervisor_test, a_miner_that_ends_by_a_defect_is_started_again_after_a_backoff) {
  open(1);
  begin();
  caf::anon_send_exit(miners[0], caf::exit_reason::kill);
  run();
  EXPECT_EQ(mined.size(), 1u);
  advance(300ms);
  EXPECT_EQ(mined.size(), 2u);
  EXPECT_EQ(mined[1].row.id, continuation_id{1});
}

TEST_F(tenant_supervisor_test, a_miner_that_ends_again_and_again_suspends_its_connection) {
  open(1);
  begin();
  for (int i = 0; i < 3; ++i) {
    caf::anon_send_exit(miners.back(), caf::exit_reason::kill);
    advance(1s);
  }
  ASSERT_EQ(suspended.size(), 1u);
  EXPECT_NE(suspended[0].find("kill"), std::string::npos);
  EXPECT_EQ(mined.size(), 3u);
}

TEST_F(tenant_supervisor_test, a_connection_that_needs_a_person_is_suspended_even_when_the_store_is_away_at_first) {
  open(1), open(2);
  begin();
  suspend_errors = {caf::make_error(errc::store_unavailable), caf::make_error(errc::store_unavailable)};
  caf::anon_send(supervisor, connection_failed{connection_id{10}, run_id{2}, caf::make_error(errc::unauthorized, "dead token")});
  advance(5s);
  EXPECT_EQ(suspended, std::vector<std::string>{"dead token"});
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_start_whose_answer_was_lost_is_found_and_gone_on_with) {
  open(1);
  start_error = caf::make_error(errc::conflict, "a run is open");
  open_runs = {{run_id{2}, tenant_id{1}, connection_id{10}, shard_id{1}, run_kind::scheduled, 0}};
  begin();
  EXPECT_EQ(mined.size(), 1u);
  EXPECT_EQ(begun.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_start_that_the_store_did_not_answer_is_looked_for_there) {
  open(1);
  start_error = caf::make_error(errc::store_unavailable, "the connection broke");
  open_runs = {{run_id{2}, tenant_id{1}, connection_id{10}, shard_id{1}, run_kind::manual, 0}};
  begin();
  EXPECT_EQ(mined.size(), 1u);
  EXPECT_EQ(begun.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_connection_that_is_not_active_begins_nothing) {
  load_error = caf::make_error(errc::conflict, "paused");
  begin();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_FALSE(finished[0].begun);
  EXPECT_TRUE(mined.empty());
}

TEST_F(tenant_supervisor_test, a_resumed_run_is_opened_once) {
  open(1);
  open_run run_row{run_id{2}, tenant_id{1}, connection_id{10}, shard_id{1}, run_kind::scheduled, 0};
  caf::anon_send(supervisor, resume_run{run_row});
  caf::anon_send(supervisor, resume_run{run_row});
  run();
  EXPECT_EQ(mined.size(), 1u);
}

TEST_F(tenant_supervisor_test, suspects_are_fetched_side_by_side_like_all_others) {
  open(1), open(2);
  rows[0].crash_resumes = rows[1].crash_resumes = 3;
  rows[1].alone_deaths = 1;
  begin();
  EXPECT_EQ(mined.size(), 2u);
  EXPECT_EQ(mined[1].row.alone_deaths, 1) << "the miner tells the quarantine";
  EXPECT_TRUE(suspended.empty());
}

TEST_F(tenant_supervisor_test, a_page_that_killed_the_process_twice_with_nothing_beside_it_suspends_its_connection) {
  open(1), open(2);
  rows[1].crash_resumes = 5;
  rows[1].alone_deaths = 2;
  rows[1].partition = R"({"shop":"s7"})";
  begin();
  ASSERT_EQ(suspended.size(), 1u);
  for (const auto* part : {"tenant1/items/items", R"({"shop":"s7"})", "the process died while this page was in work",
                           "lode connection resume tenant1 items"})
    EXPECT_NE(suspended[0].find(part), std::string::npos) << suspended[0];
  EXPECT_EQ(mined.size(), 1u) << "the condemned one was not touched";
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::open) << "it goes on where it was when a person resumes it";
}

TEST_F(tenant_supervisor_test, many_deaths_that_found_other_pages_in_work_suspend_nobody) {
  open(1);
  rows[0].crash_resumes = 1'000;
  rows[0].alone_deaths = 1;
  begin();
  EXPECT_EQ(mined.size(), 1u);
  EXPECT_TRUE(suspended.empty());
}

TEST_F(tenant_supervisor_test, a_changed_tenant_stops_its_miners_and_goes_on_with_its_own_open_runs_only) {
  open(1);
  begin();
  open_runs = {run_of(1, 2), run_of(2, 7)};
  change(std::nullopt);
  EXPECT_EQ(*stopped, std::vector<size_t>{0});
  ASSERT_EQ(begun.size(), 2u) << "begun and resumed";
  EXPECT_EQ(begun[1].run, run_id{2});
  EXPECT_EQ(mined.size(), 2u);
}

TEST_F(tenant_supervisor_test, of_a_connection_that_is_paused_in_mid_run_no_run_stays_with_the_scheduler) {
  open(1);
  begin();
  change(connection_id{10}); // it is not among the open runs: not active
  EXPECT_EQ(*stopped, std::vector<size_t>{0});
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].run, run_id{2});
  EXPECT_EQ(finished[0].phase, run_phase::open);
  EXPECT_EQ(idle.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_change_of_another_connection_leaves_its_runs_alone) {
  open(1);
  begin();
  change(connection_id{11});
  EXPECT_TRUE(stopped->empty());
  EXPECT_TRUE(finished.empty());
}

TEST_F(tenant_supervisor_test, a_connection_that_changed_while_it_was_loaded_is_loaded_again_before_a_page_is_fetched) {
  open(1);
  open_runs = {run_of(1, 2)};
  is_stale = true;
  begin();
  EXPECT_EQ(begun.size(), 2u) << "begun, and resumed with what the connection is now";
  EXPECT_EQ(mined.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_suspension_for_a_wrong_configuration_says_with_what_command_it_is_put_right) {
  open(1);
  begin();
  caf::anon_send(supervisor, connection_failed{connection_id{10}, run_id{1}, caf::make_error(errc::bad_source, "no URL")});
  run();
  ASSERT_EQ(suspended.size(), 1u);
  EXPECT_NE(suspended[0].find("no URL. Put the connection right (lode connection put)"), std::string::npos) << suspended[0];
}

TEST_F(tenant_supervisor_test, a_run_that_changed_while_it_was_started_is_resumed_with_what_the_connection_is_now) {
  open(1);
  open_runs = {run_of(1, 2)};
  start_error = caf::make_error(errc::stale_version, "the connection was changed");
  begin();
  EXPECT_EQ(begun.size(), 1u);
  EXPECT_EQ(mined.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_connection_whose_secrets_cannot_be_opened_is_suspended_with_that_reason) {
  load_error = caf::make_error(errc::bad_argument, "sealed with another key");
  begin();
  EXPECT_EQ(suspended, std::vector<std::string>{"sealed with another key"});
  caf::anon_send(supervisor, resume_run{run_of(1, 2)});
  run();
  EXPECT_EQ(suspended.size(), 2u) << "a run of the last life is no exception";
}

TEST_F(tenant_supervisor_test, a_start_that_may_go_well_another_time_suspends_nobody) {
  for (auto code : {errc::store_unavailable, errc::conflict, errc::not_found, errc::not_owner}) {
    load_error = caf::make_error(code);
    begin();
  }
  EXPECT_TRUE(suspended.empty());
}

TEST_F(tenant_supervisor_test, miners_see_how_many_runs_of_their_connection_are_open) {
  open(1);
  begin();
  ASSERT_EQ(mined.size(), 1u);
  EXPECT_EQ(*mined[0].open_runs, 1u);
  caf::anon_send(supervisor, resume_run{run_of(1, 3)});
  run();
  EXPECT_EQ(*mined[0].open_runs, 2u);
  change(connection_id{10});
  EXPECT_EQ(*mined[0].open_runs, 0u);
}

TEST_F(tenant_supervisor_test, a_stream_with_too_many_dead_records_in_a_run_stops_and_the_run_says_why) {
  open(1), open(2), open(3);
  begin();
  tally = {1500, 20};
  die(11);
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(stops[0].run, run_id{2});
  EXPECT_EQ(stops[0].stream, stream_id{100});
  EXPECT_EQ(mined.size(), 2u) << "the third is not begun";
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::incomplete);
  EXPECT_NE(finished[0].reason.find("tenant1/items/items: 20 of 1500 records could not be used"), std::string::npos)
    << finished[0].reason;
}

TEST_F(tenant_supervisor_test, the_other_streams_of_the_run_go_on_when_one_stops) {
  add_stream();
  open(1), open(2, 101), open(3, 101);
  begin();
  tally = {5000, 1001};
  die(1001);
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(mined.size(), 3u);
  EXPECT_TRUE(finished.empty());
  end(2), end(3);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::incomplete);
}

TEST_F(tenant_supervisor_test, what_a_parent_opens_in_a_stopped_stream_is_stopped_too) {
  add_stream();
  open(1), open(2, 101);
  begin();
  tally = {5000, 1001};
  die(1001, 101);
  open(3, 101);
  caf::anon_send(supervisor, continuations_opened{connection_id{10}, run_id{2}, 1});
  run();
  EXPECT_EQ(stops.size(), 2u);
  EXPECT_EQ(mined.size(), 2u);
  end(1);
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(tenant_supervisor_test, the_store_is_asked_about_dead_records_only_when_they_may_be_too_many) {
  open(1);
  begin();
  tally = {100'000, 500};
  die(10);
  EXPECT_EQ(counted, 0u) << "ten of a thousand are allowed";
  die(1);
  EXPECT_EQ(counted, 1u);
  die(500);
  EXPECT_EQ(counted, 1u) << "a thousand are allowed, 500 are left";
  die(1);
  EXPECT_EQ(counted, 2u);
  EXPECT_TRUE(stops.empty());
}

TEST_F(tenant_supervisor_test, a_run_does_not_end_before_its_dead_records_are_counted) {
  open(1);
  begin();
  tally = {2000, 2000};
  tally_error = caf::make_error(errc::store_unavailable);
  die(2000);
  end(1);
  EXPECT_TRUE(finished.empty());
  tally_error = {};
  advance(2s);
  EXPECT_EQ(stops.size(), 1u);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::incomplete);
}

TEST_F(tenant_supervisor_test, dead_records_that_the_store_cannot_count_suspend_the_connection_once) {
  open(1);
  begin();
  tally_error = caf::make_error(errc::internal, "no such column");
  die(2000);
  advance(10s);
  EXPECT_EQ(counted, 1u) << "it would fail for ever";
  ASSERT_EQ(suspended.size(), 1u);
  EXPECT_EQ(suspended[0], "tenant1/items/items: its dead records could not be counted: no such column");
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::open);
  EXPECT_EQ(idle.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_stream_that_the_store_cannot_stop_suspends_the_connection_once) {
  open(1), open(2);
  begin();
  tally = {5000, 1001};
  stop_error = caf::make_error(errc::internal, "no such function");
  die(1001);
  advance(10s);
  EXPECT_EQ(refused_stops, 1u) << "it would fail for ever";
  ASSERT_EQ(suspended.size(), 1u);
  EXPECT_NE(suspended[0].find("tenant1/items/items: it could not be stopped"), std::string::npos) << suspended[0];
  EXPECT_NE(suspended[0].find("no such function"), std::string::npos) << suspended[0];
  EXPECT_NE(suspended[0].find("1001 of 5000 records"), std::string::npos) << "why it was to be stopped: " << suspended[0];
}

TEST_F(tenant_supervisor_test, a_run_that_was_removed_while_its_stream_was_to_be_stopped_ends) {
  open(1);
  begin();
  tally = {5000, 1001};
  stop_error = caf::make_error(errc::not_found, "there is no run 2");
  rows.clear();
  die(1001);
  EXPECT_EQ(refused_stops, 1u);
  EXPECT_TRUE(suspended.empty());
  EXPECT_EQ(finished.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_suspension_that_the_store_refuses_is_told_and_not_tried_again) {
  open(1);
  begin();
  suspend_errors = {caf::make_error(errc::bad_argument, "refused")};
  caf::anon_send(supervisor, connection_failed{connection_id{10}, run_id{2}, caf::make_error(errc::unauthorized, "dead token")});
  advance(5s);
  EXPECT_TRUE(suspended.empty());
  auto refusals = events_of(told, run_event::not_suspended);
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].detail, "refused");
  EXPECT_EQ(refusals[0].subject.run, run_id{2});
  EXPECT_EQ(idle.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_run_ends_with_what_its_miners_know_of_the_quota) {
  open(1), open(2);
  begin();
  caf::anon_send(supervisor, continuation_ended{connection_id{10}, run_id{2}, continuation_id{1}, continuation_phase::closed,
                                                false, "", 0.25});
  rows.clear();
  run();
  end(2);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].quota_left, 0.25);
  EXPECT_EQ(finished[0].context, connection);
}

TEST_F(tenant_supervisor_test, the_course_of_a_run_is_told_with_the_names_of_its_tenant_and_connection) {
  open(1);
  begin();
  end(1);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].event, run_event::begun);
  EXPECT_EQ(told[1].event, run_event::finished);
  for (const auto& each : told) {
    EXPECT_EQ(each.subject.tenant, "tenant1");
    EXPECT_EQ(each.subject.connection, "items");
    EXPECT_EQ(each.subject.stream, "");
    EXPECT_EQ(each.subject.run, run_id{2});
    EXPECT_EQ(each.subject.store_generation, connection->store_generation);
  }
}

TEST_F(tenant_supervisor_test, a_run_that_ends_incomplete_is_told_with_its_reason) {
  open(1);
  begin();
  end(1, continuation_phase::failed);
  auto ends = events_of(told, run_event::incomplete);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].detail, "why");
  EXPECT_TRUE(events_of(told, run_event::finished).empty());
}

TEST_F(tenant_supervisor_test, a_resumed_run_and_one_that_stays_open_are_told) {
  open(1);
  caf::anon_send(supervisor, resume_run{run_of(1, 2)});
  run();
  EXPECT_EQ(events_of(told, run_event::resumed).size(), 1u);
  EXPECT_TRUE(events_of(told, run_event::begun).empty());
  change(connection_id{10}); // paused: not among the open runs
  auto left = events_of(told, run_event::left_open);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].subject.run, run_id{2});
}

TEST_F(tenant_supervisor_test, a_miner_that_is_started_again_is_told_with_its_stream) {
  open(1);
  begin();
  caf::anon_send_exit(miners[0], caf::exit_reason::kill);
  run();
  auto restarts = events_of(told, run_event::miner_restarted);
  ASSERT_EQ(restarts.size(), 1u);
  EXPECT_EQ(restarts[0].subject.stream, "items");
  EXPECT_EQ(restarts[0].subject.run, run_id{2});
}

TEST_F(tenant_supervisor_test, a_stream_that_is_stopped_is_told_once) {
  add_stream();
  open(1), open(2, 101);
  begin();
  tally = {5000, 1001};
  die(1001, 101);
  open(3, 101);
  caf::anon_send(supervisor, continuations_opened{connection_id{10}, run_id{2}, 1});
  run();
  EXPECT_EQ(stops.size(), 2u);
  EXPECT_EQ(events_of(told, run_event::stream_stopped).size(), 1u);
}

TEST_F(tenant_supervisor_test, a_suspension_says_in_which_run_and_stream_it_turned_out) {
  open(1);
  begin();
  caf::anon_send(supervisor, connection_failed{connection_id{10}, run_id{2}, caf::make_error(errc::unauthorized, "dead"), "items"});
  run();
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].run, run_id{2});
  EXPECT_EQ(orders[0].stream, "items");
  EXPECT_TRUE(events_of(told, run_event::suspended).empty()) << "the run keeper tells it, when the store has it";
}

TEST_F(tenant_supervisor_test, a_page_that_condemns_its_connection_is_named_in_the_suspension) {
  open(1);
  rows[0].crash_resumes = 5;
  rows[0].alone_deaths = 2;
  begin();
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_EQ(orders[0].run, run_id{2});
  EXPECT_EQ(orders[0].stream, "items");
}

TEST_F(tenant_supervisor_test, a_cancelled_run_is_not_told_here_too) {
  open(1);
  begin();
  caf::anon_send(supervisor, cancel_run{connection_id{10}, run_id{2}, "by a person"});
  run();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].phase, run_phase::cancelled);
  EXPECT_EQ(told.size(), 1u) << "that it began; the run keeper tells the end, also of a run that is mined nowhere";
}

// -- the tenant moves ------------------------------------------------------------------------------------------------------

TEST_F(tenant_supervisor_test, told_to_leave_it_ends_with_its_miners_and_nothing_has_failed) {
  open(1), open(2), open(3);
  begin();
  leave();
  EXPECT_EQ(finishing, 2);
  EXPECT_FALSE(*ending);
  for (int64_t id : {1, 2}) {
    caf::anon_send(supervisor, continuation_ended{connection_id{10}, run_id{2}, continuation_id{id}, continuation_phase::open, false, ""});
    run();
  }
  EXPECT_EQ(mined.size(), 2u) << "nothing new is mined";
  ASSERT_TRUE(*ending);
  EXPECT_EQ(**ending, caf::exit_reason::user_shutdown);
  EXPECT_TRUE(finished.empty());
  EXPECT_TRUE(suspended.empty());
}

TEST_F(tenant_supervisor_test, a_miner_that_dies_while_its_tenant_leaves_is_not_started_again) {
  open(1);
  begin();
  leave();
  send_exit(miners[0], caf::make_error(errc::internal, "a defect"));
  advance(2s);
  EXPECT_EQ(mined.size(), 1u);
  EXPECT_TRUE(*ending);
  EXPECT_TRUE(suspended.empty());
}

TEST_F(tenant_supervisor_test, one_that_leaves_takes_no_commands) {
  open(1);
  begin();
  leave();
  EXPECT_EQ(done(supervisor, begin_run{connection_id{11}}), errc::not_owner);
  EXPECT_EQ(begun.size(), 1u);
}

TEST_F(tenant_supervisor_test, a_token_refresh_under_way_is_waited_for) {
  auto plan = std::make_shared<source_plan>(*item_plan());
  oauth_auth auth;
  auth.endpoint = *program::parse("https://auth.test/token");
  auth.client_id = auth.client_secret = *program::parse("x");
  auth.refresh_token = *program::parse("r1");
  auth.updater = {{"refresh_token", {"access_token"}, {"refresh_token"}, {"expiry"}}};
  plan->streams[0].requester.authenticator = auth;
  connection = item_connection(1, plan);
  open(1);
  begin();
  ASSERT_EQ(mined.size(), 1u);
  caf::scoped_actor asker{system};
  auto token = asker->request(mined[0].credentials, caf::infinite, ask_access_token{});
  run();
  ASSERT_EQ(http.requests().size(), 1u);
  leave();
  caf::anon_send(supervisor, continuation_ended{connection_id{10}, run_id{2}, continuation_id{1}, continuation_phase::open, false, ""});
  mined[0].credentials = credential_keeper_actor{};
  run();
  EXPECT_FALSE(*ending) << "the successor would be lost";
  http_response response;
  response.status = 200;
  response.body = R"({"access_token":"a1","refresh_token":"r2","expires_in":1800})";
  http.answer_any(std::move(response));
  ASSERT_TRUE(http.deliver_next());
  run();
  EXPECT_TRUE(*ending);
}

TEST_F(tenant_supervisor_test, commands_are_answered_when_the_store_has_what_they_ask_for) {
  open(1);
  EXPECT_FALSE(done(supervisor, begin_run{connection_id{10}}));
  EXPECT_EQ(begun.size(), 1u);
  start_error = caf::make_error(errc::conflict, "a run is open");
  EXPECT_EQ(done(supervisor, begin_run{connection_id{10}}), errc::conflict);
}

TEST_F(tenant_supervisor_test, a_foreign_connection_is_not_begun_and_nobody_is_suspended) {
  load_error = caf::make_error(errc::not_owner, "not mined by this node");
  begin();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_FALSE(finished[0].begun);
  EXPECT_TRUE(suspended.empty());
}

TEST_F(tenant_supervisor_test, people_see_the_supervisor_its_open_runs_and_how_often_a_miner_was_started_again) {
  open(1);
  begin();
  auto lines = board->of(tenant_id{1});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].who, worker::tenant_supervisor);
  EXPECT_EQ(board->running(worker::run), 1);
  EXPECT_EQ(mined.at(0).restarts, 0u);
  caf::anon_send_exit(miners[0], caf::exit_reason::kill);
  run();
  advance(300ms);
  ASSERT_EQ(mined.size(), 2u);
  EXPECT_EQ(mined[1].restarts, 1u);
  EXPECT_EQ(board->counts().at("lode.miner").restarts, 1);
  end(1);
  EXPECT_EQ(board->running(worker::run), 0);
}
