#include "actors/extraction/miner.hpp"

#include "tests/unit/actors/extraction/miner_fixture.hpp"

using namespace lode;
using testing::HasSubstr;
using namespace std::chrono_literals;

namespace {

using ids = std::vector<int64_t>;

constexpr auto first_url = "https://api.test/items";
constexpr auto second_url = "https://api.test/items?after=t2";

} // namespace

TEST_F(miner_test, pages_reach_the_writer_in_version_order_until_the_last_one) {
  http.answer(first_url, 200, page_body(0, 3, "t2"));
  http.answer(second_url, 200, page_body(3, 2, ""));
  mine();
  EXPECT_EQ(versions(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(pages[0].records.size(), 3u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::open);
  EXPECT_EQ(pages[1].move.phase, continuation_phase::closed);
  EXPECT_TRUE(endings.empty()) << "not before the last commit";
  commit(0);
  commit(1);
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::closed);
}

TEST_F(miner_test, no_more_pages_than_the_window_are_fetched_before_the_first_commit) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  for (int i = 2; i < 9; ++i)
    http.answer("https://api.test/items?after=t" + std::to_string(i), 200, page_body(i, 1, "t" + std::to_string(i + 1)));
  mine(3);
  EXPECT_EQ(http.requests().size(), 3u);
  commit(0);
  EXPECT_EQ(http.requests().size(), 4u);
}

TEST_F(miner_test, a_page_counts_with_its_true_size_from_its_arrival_until_its_commit) {
  auto body = page_body(0, 500, "");
  http.answer(first_url, 200, body);
  mine();
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(bytes_in_flight, static_cast<int64_t>(body.size()));
  commit(0);
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, a_page_that_is_tried_again_gives_its_true_size_back) {
  http.answer(first_url, 503, std::string(5000, 'x'));
  mine();
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, a_commit_that_is_heard_of_before_the_page_was_parsed_frees_its_place_in_the_window) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  std::optional<process_page> held;
  worker = spawn_fake<processor_actor>([&](process_page& page, const miner_actor&) { held = std::move(page); }, [](process_messages&, const capture_actor&) {}, [](hold_pages) {}, [](release_pages) {});
  mine(1);
  ASSERT_TRUE(held);
  caf::anon_send(actor, page_committed{held->generation, held->version + 1, continuation_phase::open, 0, false});
  run();
  page_parsed parsed{held->generation, held->version + 1, held->state, false};
  caf::anon_send(actor, parsed);
  run();
  EXPECT_EQ(http.requests().size(), 2u) << "the next page is asked for";
}

TEST_F(miner_test, a_refused_page_voids_what_was_fetched_ahead_and_the_store_says_where_to_go_on) {
  http.answer(first_url, 200, page_body(0, 3, "t2"));
  http.answer(second_url, 200, page_body(3, 2, ""));
  mine();
  ASSERT_EQ(pages.size(), 2u);
  stored.version = 7;
  caf::anon_send(actor, page_refused{pages[0].generation, commit_status::refused_version});
  run();
  EXPECT_EQ(resumed, 1u);
  EXPECT_EQ(versions(), (std::vector<int64_t>{1, 2, 7, 8}));
  commit(1);
  EXPECT_TRUE(endings.empty()) << "a commit of the old generation means nothing";
}

TEST_F(miner_test, a_voided_page_counts_until_the_writer_has_spoken_of_it) {
  auto ahead = page_body(3, 200, "");
  http.answer(first_url, 200, page_body(0, 3, "t2"));
  http.answer(second_url, 200, ahead);
  mine();
  ASSERT_EQ(pages.size(), 2u);
  resume_error = caf::make_error(errc::store_unavailable, "away"); // nothing new is fetched meanwhile
  const page_refused answer{pages[0].generation, commit_status::refused_version};
  caf::anon_send(actor, answer);
  run();
  EXPECT_EQ(bytes_in_flight, static_cast<int64_t>(ahead.size())) << "the second page still lies with the writer";
  caf::anon_send(actor, answer);
  run();
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, a_voided_page_counts_until_its_processor_cannot_read_it) {
  auto ahead = page_body(1, 200, "");
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, ahead);
  std::vector<process_page> held;
  worker = spawn_fake<processor_actor>([&](process_page& page, const miner_actor&) { held.push_back(std::move(page)); }, [](process_messages&, const capture_actor&) {}, [](hold_pages) {}, [](release_pages) {});
  mine();
  ASSERT_EQ(held.size(), 1u);
  wire::continuation_state next;
  next.set_page_token("\"t2\"");
  caf::anon_send(actor, page_parsed{held[0].generation, held[0].version + 1, next.SerializeAsString(), false});
  run();
  ASSERT_EQ(held.size(), 2u);
  resume_error = caf::make_error(errc::store_unavailable, "away");
  caf::anon_send(actor, page_refused{held[0].generation, commit_status::refused_version});
  run();
  EXPECT_EQ(bytes_in_flight, static_cast<int64_t>(ahead.size()));
  caf::anon_send(actor, page_unreadable{held[1].generation, caf::make_error(errc::bad_response, "no JSON")});
  run();
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, what_was_lost_with_its_worker_holds_no_bytes) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 200, ""));
  mine(2, 10s);
  ASSERT_EQ(pages.size(), 2u);
  resume_error = caf::make_error(errc::store_unavailable, "away");
  advance(25s); // the writer that the test plays says nothing
  EXPECT_GE(resumed, 1u);
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, a_pause_that_a_refused_page_cut_short_wakes_nobody_later) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 503, "busy");
  std::vector<arm_timer> armed;
  service = spawn_fake<timers_actor>([&armed](const arm_timer& ask) { armed.push_back(ask); });
  mine();
  ASSERT_EQ(pages.size(), 1u);
  ASSERT_FALSE(armed.empty());
  caf::anon_send(actor, page_refused{pages[0].generation, commit_status::refused_version});
  caf::anon_send(actor, timer_fired{armed.back().token}); // while the store is being asked
  run();
  EXPECT_EQ(resumed, 1u);
}

TEST_F(miner_test, children_of_a_page_are_reported_although_its_generation_was_given_up) {
  http.answer(first_url, 200, page_body(0, 3, "t2"));
  http.answer(second_url, 200, page_body(3, 2, ""));
  mine();
  ASSERT_EQ(pages.size(), 2u);
  caf::anon_send(actor, page_refused{pages[0].generation, commit_status::refused_version});
  caf::anon_send(actor, page_committed{pages[0].generation, 2, continuation_phase::open, 5, false});
  run();
  EXPECT_EQ(resumed, 1u);
  EXPECT_EQ(opened, 5u);
}

TEST_F(miner_test, an_error_of_the_api_is_tried_again_after_its_backoff) {
  http.answer(first_url, 503, "busy");
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  EXPECT_TRUE(pages.empty());
  EXPECT_THAT(only(run_event::page_retried).detail, testing::MatchesRegex("try 1 failed, the next one in [0-9]+ ms: .*503.*"));
  advance(10s);
  EXPECT_EQ(versions(), std::vector<int64_t>{1});
}

TEST_F(miner_test, a_page_whose_retries_are_used_up_leaves_its_interval_owed) {
  http.answer(first_url, 503, "busy");
  mine();
  advance(10min);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::failed);
  EXPECT_NE(pages[0].move.reason.find("503"), std::string::npos) << pages[0].move.reason;
  EXPECT_TRUE(events_of(told, run_event::page_failed).empty()) << "not before the store has it";
  caf::anon_send(actor, page_committed{pages[0].generation, 2, pages[0].move.phase, 0, false, pages[0].move.reason});
  run();
  EXPECT_EQ(only(run_event::page_failed).detail, pages[0].move.reason);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::failed);
  EXPECT_TRUE(suspensions.empty());
}

TEST_F(miner_test, a_next_link_to_another_host_is_refused_and_costs_the_slice_not_the_connection) {
  auto linked = std::make_shared<source_plan>(*plan);
  linked->streams[0].paginator.token_option = token_is_request_path{};
  connection = item_connection(1, linked);
  http.answer(first_url, 200, page_body(0, 1, "https://elsewhere.test/items"));
  mine();
  EXPECT_EQ(http.requests().size(), 1u);
  EXPECT_TRUE(suspensions.empty());
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[1].move.phase, continuation_phase::failed);
  EXPECT_THAT(pages[1].move.reason, testing::HasSubstr("tenant1/items/items: the next page's link leads to elsewhere.test"));
  commit(0);
  commit(1);
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::failed);
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, a_request_that_the_source_cannot_describe_suspends_the_connection) {
  auto broken = std::make_shared<source_plan>(*plan);
  broken->streams[0].requester.url_base = *program::parse("{{ config['missing'] + 1 }}");
  connection = item_connection(1, broken);
  mine();
  ASSERT_EQ(suspensions.size(), 1u);
  EXPECT_TRUE(pages.empty());
}

TEST_F(miner_test, waiting_for_a_limit_uses_up_no_retries) {
  for (int i = 0; i < 30; ++i)
    http.answer(first_url, 429, "slow down", {{"Retry-After", "1"}});
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  EXPECT_THAT(only(run_event::page_waits).detail, testing::HasSubstr("429"));
  advance(2min);
  EXPECT_EQ(versions(), std::vector<int64_t>{1});
  EXPECT_EQ(pages[0].move.phase, continuation_phase::closed);
  EXPECT_TRUE(events_of(told, run_event::page_retried).empty());
}

TEST_F(miner_test, a_used_up_app_limit_makes_every_tenant_of_the_source_wait) {
  auto limited = std::make_shared<source_plan>(*plan);
  limited->streams[0].lode.limit_headers = {{"X-App-Left", limit_header::form::remaining, limit_scope::app},
                                            {"X-App-Reset", limit_header::form::reset_after_seconds, limit_scope::app}};
  connection = item_connection(1, limited);
  http.answer(first_url, 200, page_body(0, 1, ""), {{"X-App-Left", "0"}, {"X-App-Reset", "60"}});
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  ASSERT_EQ(pages.size(), 1u);
  connection = item_connection(2, connection->plan);
  mine();
  EXPECT_EQ(pages.size(), 1u);
  advance(61s);
  EXPECT_EQ(pages.size(), 2u);
}

TEST_F(miner_test, refused_credentials_suspend_the_connection) {
  http.answer(first_url, 401, "who are you");
  mine();
  ASSERT_EQ(suspensions.size(), 1u);
  EXPECT_NE(suspensions[0].find("tenant1/items/items"), std::string::npos) << suspensions[0];
  EXPECT_EQ(suspended_stream, "items");
  EXPECT_TRUE(pages.empty());
}

TEST_F(miner_test, a_grant_that_is_refused_suspends_the_connection_at_once) {
  int asked = 0;
  credentials = spawn_fake<credential_keeper_actor>(
    [&asked](const ask_access_token&) -> caf::result<access_token> {
      ++asked;
      return caf::make_error(errc::unauthorized, "authorise again");
    },
    [](const response_arrived&) {});
  mine();
  EXPECT_EQ(suspensions, std::vector<std::string>{"authorise again"});
  EXPECT_EQ(asked, 1);
}

TEST_F(miner_test, a_token_that_another_node_has_to_fetch_is_no_defect_here) {
  credentials = spawn_fake<credential_keeper_actor>(
    [this](const ask_access_token&) -> caf::result<access_token> {
      if (resumed == 0)
        return caf::make_error(errc::not_owner, "shard 1 is not owned by this node");
      return access_token{"t"};
    },
    [](const response_arrived&) {});
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  EXPECT_EQ(resumed, 1u) << "the store says whether there is anything to go on with";
  EXPECT_EQ(pages.size(), 1u);
}

TEST_F(miner_test, a_page_that_died_with_its_worker_is_noticed_and_read_again) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, ""));
  mine(1, 10s);
  ASSERT_EQ(pages.size(), 1u);
  advance(15s);
  only(run_event::page_lost);
  advance(10s);
  EXPECT_GE(resumed, 1u);
  EXPECT_GE(pages.size(), 2u) << "the page was read again";
}

TEST_F(miner_test, a_slow_store_is_no_lost_page) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine(1, 10s);
  health.outage_begins("down");
  advance(60s);
  EXPECT_EQ(resumed, 0u);
}

TEST_F(miner_test, a_backlog_of_a_store_that_answers_late_is_no_lost_page) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine(1, 10s);
  for (int i = 0; i < 12; ++i) {
    health.answered_late(system.clock().now());
    advance(5s);
  }
  EXPECT_EQ(resumed, 0u);
  advance(25s);
  EXPECT_GE(resumed, 1u) << "the backlog is over, and nobody spoke of this page";
}

TEST_F(miner_test, the_deadline_does_not_count_the_time_of_an_outage_that_has_just_ended) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine(1, 10s);
  health.outage_begins("down");
  advance(19s);
  health.answered_late(system.clock().now());
  health.outage_ends();
  advance(5s);
  EXPECT_EQ(resumed, 0u);
}

TEST_F(miner_test, the_first_page_of_a_suspect_is_in_work_alone_and_none_after_its_commit) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, ""));
  stored.crash_resumes = 3;
  mine();
  EXPECT_EQ(marks, (ids{0, 5})) << "the store knows before the page is touched";
  ASSERT_EQ(versions(), std::vector<int64_t>{1});
  EXPECT_EQ(http.requests().size(), 1u) << "nothing is fetched beside it";
  commit(0);
  EXPECT_EQ(pages.size(), 2u);
  commit(1);
  EXPECT_EQ(marks, (ids{0, 5})) << "with the commit the store has forgotten it";
}

TEST_F(miner_test, a_suspect_whose_request_fails_asks_for_no_quiet) {
  http.answer(first_url, http_error{http_failure::connect, "refused"});
  stored.crash_resumes = 3;
  mine();
  EXPECT_TRUE(pages.empty());
  EXPECT_EQ(marks, ids{0});
}

TEST_F(miner_test, an_unreadable_page_of_a_suspect_ends_the_quiet_and_the_next_try_asks_again) {
  http.answer(first_url, 503, "busy");
  http.answer(first_url, 200, page_body(0, 1, ""));
  stored.crash_resumes = 3;
  mine();
  EXPECT_EQ(marks, (ids{0, 5, 0}));
  advance(10s);
  EXPECT_EQ(marks, (ids{0, 5, 0, 5}));
  EXPECT_EQ(versions(), std::vector<int64_t>{1});
}

TEST_F(miner_test, a_refused_page_of_a_suspect_ends_the_quiet) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  http.answer(first_url, 503, "busy");
  stored.crash_resumes = 3;
  mine();
  ASSERT_EQ(pages.size(), 1u);
  caf::anon_send(actor, page_refused{pages[0].generation, commit_status::refused_version});
  run();
  EXPECT_EQ(resumed, 1u);
  EXPECT_EQ(marks, (ids{0, 5, 0, 5, 0})) << "the second answer was unreadable";
}

TEST_F(miner_test, a_page_of_a_suspect_that_is_lost_ends_the_quiet_after_the_deadline) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  stored.crash_resumes = 3;
  mine(4, 10s);
  EXPECT_EQ(marks, (ids{0, 5}));
  advance(25s); // the writer that the test plays says nothing
  EXPECT_GE(resumed, 1u);
  EXPECT_GE(marks.size(), 3u);
  EXPECT_EQ(marks[2], 0);
}

TEST_F(miner_test, a_miner_that_is_stopped_ends_the_quiet) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  stored.crash_resumes = 3;
  mine();
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  run();
  EXPECT_EQ(marks, (ids{0, 5, 0}));
}

TEST_F(miner_test, a_suspect_that_is_no_longer_open_is_not_touched_and_ends) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  stored.crash_resumes = 3;
  is_gone = true;
  mine();
  EXPECT_TRUE(pages.empty()) << "not touched";
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::cancelled);
}

TEST_F(miner_test, waiting_for_the_turn_is_no_lost_page) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  stored.crash_resumes = 4;
  stored.alone_deaths = 1;
  mine(4, 2s);
  EXPECT_TRUE(pages.empty()) << "the process died with it once: it waits until others have got on";
  advance(4s);
  EXPECT_EQ(resumed, 0u);
  EXPECT_TRUE(pages.empty());
  advance(2s);
  EXPECT_EQ(versions(), std::vector<int64_t>{1});
}

TEST_F(miner_test, what_was_open_through_a_death_fetches_nothing_ahead_until_it_is_past_what_was_in_work) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  for (int i = 2; i < 9; ++i)
    http.answer("https://api.test/items?after=t" + std::to_string(i), 200, page_body(i, 1, "t" + std::to_string(i + 1)));
  stored.crash_resumes = 1;
  mine(2);
  EXPECT_EQ(http.requests().size(), 1u);
  commit(0);
  EXPECT_EQ(http.requests().size(), 2u);
  commit(1);
  EXPECT_EQ(http.requests().size(), 4u) << "two of them in flight, as always";
  EXPECT_EQ(marks, ids{0}) << "one death makes no suspect";
}

TEST_F(miner_test, a_slice_of_another_manifest_begins_at_its_first_page_however_often_it_was_read_again) {
  wire::continuation_state state;
  state.set_page_token("\"old\"");
  state.set_manifest_version("another");
  state.set_rereads(max_rereads);
  stored.state = state.SerializeAsString();
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  ASSERT_EQ(http.requests().size(), 1u);
  EXPECT_EQ(pages.size(), 1u) << "the old page token means nothing to the new manifest";
}

TEST_F(miner_test, a_miner_whose_connection_was_changed_ends_and_fetches_nothing_more) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  mine(1);
  resume_error = caf::make_error(errc::stale_version);
  caf::anon_send(actor, page_refused{pages[0].generation, commit_status::refused_version});
  run();
  EXPECT_EQ(endings.size(), 1u);
  EXPECT_EQ(http.requests().size(), 1u);
}

TEST_F(miner_test, a_miner_ends_with_its_supervisor) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, ""));
  mine(1);
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  run();
  commit(0);
  EXPECT_EQ(http.requests().size(), 1u);
}

TEST_F(miner_test, a_page_is_stamped_before_its_request_is_sent_each_with_a_time_of_its_own) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, ""));
  mine();
  ASSERT_EQ(pages.size(), 2u);
  ASSERT_EQ(http.sent_at.size(), 2u);
  EXPECT_LT(pages[0].stamp.counter, http.sent_at[0]);
  EXPECT_LT(http.sent_at[0], pages[1].stamp.counter);
  EXPECT_LT(pages[1].stamp.counter, http.sent_at[1]);
  EXPECT_EQ(pages[0].stamp.epoch, connection->claim.epoch.value);
}

TEST_F(miner_test, a_page_that_is_asked_for_again_is_stamped_again) {
  http.answer(first_url, 503, "busy");
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  advance(10s);
  ASSERT_EQ(pages.size(), 1u);
  ASSERT_EQ(http.sent_at.size(), 2u);
  EXPECT_LT(http.sent_at[0], pages[0].stamp.counter);
  EXPECT_LT(pages[0].stamp.counter, http.sent_at[1]);
}

TEST_F(miner_test, pages_that_were_asked_for_beside_another_run_say_so) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, ""));
  mine(1);
  *open_runs = 2;
  commit(0);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_FALSE(pages[0].is_beside_another_run);
  EXPECT_TRUE(pages[1].is_beside_another_run);
}

TEST_F(miner_test, nothing_is_kept_of_a_stream_that_is_read_for_its_children) {
  auto parent = std::make_shared<connection_context>(*connection);
  parent->parents_only = {0};
  connection = parent;
  stored.slice = {instant{std::chrono::hours{1}}, instant{std::chrono::hours{2}}};
  http.answer(first_url, 200, page_body(0, 3, ""));
  mine();
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_TRUE(pages[0].records.empty());
  EXPECT_FALSE(pages[0].completes_slice) << "were it chosen later, its cursor would pass what was not kept";
}

TEST_F(miner_test, dead_records_are_reported_when_their_page_is_committed) {
  http.answer(first_url, 200, R"({"items":[{"id":"1"},{"name":"no key"},{"name":"none"}]})");
  mine();
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].dead.size(), 2u);
  EXPECT_EQ(died, 0u);
  EXPECT_TRUE(told.empty());
  caf::anon_send(actor, page_committed{pages[0].generation, 2, pages[0].move.phase, 0, false, {}, 2});
  run();
  EXPECT_EQ(died, 2u);
  EXPECT_EQ(only(run_event::records_died).detail, "2");
}

TEST_F(miner_test, what_is_left_of_a_quota_when_it_ends_is_told) {
  http.answer(first_url, 200, page_body(0, 1, "t2"), {{"X-RateLimit-Limit", "100"}, {"X-RateLimit-Remaining", "50"}});
  http.answer(second_url, 200, page_body(1, 1, ""), {{"X-RateLimit-Limit", "100"}, {"X-RateLimit-Remaining", "7"}});
  mine();
  commit(0), commit(1);
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].quota_left, 0.07);
}

// -- newest-first streams ------------------------------------------------------------------------------------------------

namespace {

constexpr auto above = R"({"items":[{"id":"1","at":"2000"},{"id":"2","at":"1500"}],"next":"t2"})";
constexpr auto below = R"({"items":[{"id":"3","at":"1400"},{"id":"4","at":"999"}],"next":"t3"})";

} // namespace

TEST_F(miner_test, a_slice_ends_with_the_page_that_reaches_what_is_known_and_asks_for_no_more) {
  newest_first();
  http.answer(first_url, 200, above);
  http.answer(second_url, 200, below);
  mine();
  EXPECT_EQ(http.requests().size(), 2u);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_FALSE(pages[0].anchor) << "not before the slice is closed";
  EXPECT_EQ(pages[1].move.phase, continuation_phase::closed);
  EXPECT_EQ(pages[1].move.reason, "tenant1/items/items: ended early: what follows is known from earlier runs");
  ASSERT_TRUE(pages[1].anchor);
  EXPECT_EQ(pages[1].anchor->position, 2'000'000'000);
  commit(0), commit(1);
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::closed);
}

TEST_F(miner_test, a_slice_that_is_resumed_keeps_what_stood_at_its_top) {
  wire::descent descent;
  descent.set_top(3'000'000'000);
  descent.set_settled_us(9'000'000'000);
  descent.set_lowest(2'500'000'000);
  auto state = newest_first(descent);
  state.set_page_token("\"t2\"");
  state.set_pages(1);
  stored.state = state.SerializeAsString();
  http.answer(second_url, 200, below);
  mine();
  ASSERT_EQ(pages.size(), 1u);
  ASSERT_TRUE(pages[0].anchor);
  EXPECT_EQ(pages[0].anchor->position, 3'000'000'000);
}

TEST_F(miner_test, a_slice_that_was_planned_under_another_edition_is_read_to_its_end_and_leaves_no_anchor) {
  wire::descent descent;
  descent.set_edition(7);
  newest_first(descent);
  http.answer(first_url, 200, R"({"items":[{"id":"1","at":"2000"},{"id":"4","at":"999"}],"next":"t2"})");
  http.answer(second_url, 200, page_body(0, 1, ""));
  mine();
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::open);
  EXPECT_EQ(pages[1].move.reason, "");
  EXPECT_FALSE(pages[1].anchor);
}

TEST_F(miner_test, a_slice_that_was_planned_under_another_manifest_is_read_to_its_end) {
  auto state = newest_first();
  state.set_manifest_version("another");
  stored.state = state.SerializeAsString();
  http.answer(first_url, 200, R"({"items":[{"id":"4","at":"999"}],"next":"t2"})");
  http.answer(second_url, 200, R"({"items":[{"id":"5","at":"900"}]})");
  mine();
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_FALSE(pages[1].anchor);
}

// -- the tenant moves ----------------------------------------------------------------------------------------------------

TEST_F(miner_test, a_miner_that_is_to_finish_commits_what_is_in_flight_and_leaves_its_continuation_open) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, "t3"));
  mine(2);
  ASSERT_EQ(pages.size(), 2u);
  finish();
  commit(0);
  EXPECT_TRUE(endings.empty()) << "the second one is on its way";
  commit(1);
  EXPECT_TRUE(has_left());
  EXPECT_EQ(http.requests().size(), 2u) << "nothing is fetched ahead";
  EXPECT_EQ(bytes_in_flight, 0);
  EXPECT_EQ(abandoned, 0u);
}

TEST_F(miner_test, a_page_that_is_parsed_after_the_word_to_finish_still_commits) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  std::optional<process_page> held_page;
  worker = spawn_fake<processor_actor>([&](process_page& page, const miner_actor&) { held_page = std::move(page); }, [](process_messages&, const capture_actor&) {}, [](hold_pages) {}, [](release_pages) {});
  mine();
  ASSERT_TRUE(held_page);
  finish();
  EXPECT_TRUE(endings.empty());
  caf::anon_send(actor, page_parsed{held_page->generation, held_page->version + 1, held_page->state, false});
  run();
  EXPECT_TRUE(endings.empty()) << "not before its commit";
  caf::anon_send(actor, page_committed{held_page->generation, held_page->version + 1, continuation_phase::open, 0, false});
  run();
  EXPECT_TRUE(has_left());
  EXPECT_EQ(http.requests().size(), 1u);
}

TEST_F(miner_test, the_last_page_closes_its_continuation_also_when_it_is_to_finish) {
  http.answer(first_url, 200, page_body(0, 1, ""));
  mine();
  finish();
  commit(0);
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::closed);
}

TEST_F(miner_test, whoever_waits_ends_at_once_when_it_is_to_finish) {
  http.answer(first_url, 503, "busy");
  mine();
  ASSERT_TRUE(endings.empty());
  finish();
  EXPECT_TRUE(has_left());
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, a_page_that_fails_after_the_word_to_finish_is_not_tried_again) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  std::optional<process_page> held_page;
  worker = spawn_fake<processor_actor>([&](process_page& page, const miner_actor&) { held_page = std::move(page); }, [](process_messages&, const capture_actor&) {}, [](hold_pages) {}, [](release_pages) {});
  mine();
  ASSERT_TRUE(held_page);
  finish();
  caf::anon_send(actor, page_unreadable{held_page->generation, caf::make_error(errc::bad_response, "no JSON"), 1s, {}});
  run();
  EXPECT_TRUE(has_left());
  EXPECT_TRUE(events_of(told, run_event::page_retried).empty());
  EXPECT_EQ(bytes_in_flight, 0);
}

TEST_F(miner_test, the_page_of_a_suspect_commits_before_it_leaves) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  stored.crash_resumes = 3;
  mine();
  ASSERT_EQ(pages.size(), 1u);
  finish();
  EXPECT_TRUE(endings.empty());
  commit(0);
  EXPECT_TRUE(has_left());
  EXPECT_EQ(http.requests().size(), 1u);
}

TEST_F(miner_test, a_miner_whose_shard_is_lost_says_how_many_pages_are_fetched_again_elsewhere) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, "t3"));
  mine(2);
  ASSERT_EQ(pages.size(), 2u);
  send_exit(actor, caf::make_error(errc::not_owner, "the shard is another node's"));
  EXPECT_EQ(abandoned, 2u);
}

// -- the node's lease ------------------------------------------------------------------------------------------------------

TEST_F(miner_test, nothing_is_requested_without_the_nodes_lease_and_the_wait_is_no_failure) {
  http.answer(first_url, 200, page_body(0, 1, "t2"));
  http.answer(second_url, 200, page_body(1, 1, ""));
  held.end();
  mine(1);
  advance(5s);
  EXPECT_TRUE(http.requests().empty());
  EXPECT_EQ(waiting, 1);
  renew_for_ever(held);
  advance(1s);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(waiting, 0);
  EXPECT_TRUE(events_of(told, run_event::page_retried).empty());
  held.end(); // as for a process that was stopped and goes on
  commit(0);
  advance(5s);
  EXPECT_EQ(http.requests().size(), 1u);
  finish();
  EXPECT_TRUE(has_left());
  EXPECT_EQ(waiting, 0);
}

// -- what people see of it ------------------------------------------------------------------------------------------------

TEST_F(miner_test, people_see_what_it_works_on_and_that_a_page_waits_for_its_commit) {
  stored.partition = R"({"region":"eu"})";
  http.answer(first_url, 200, page_body(0, 3, ""));
  mine();
  EXPECT_EQ(seen().what, R"(items: items, partition {"region":"eu"})");
  EXPECT_EQ(seen().step, doing::committing);
  commit(0);
  EXPECT_TRUE(board->of(tenant_id{1}).empty());
}

TEST_F(miner_test, people_see_a_request_that_is_out_and_when_it_is_slow) {
  auto hurried = std::make_shared<source_plan>(*plan);
  hurried->streams[0].lode.timeouts.first_byte = 6s;
  plan = hurried;
  connection = item_connection(1, plan);
  http.is_silent = true;
  mine();
  EXPECT_EQ(seen().step, doing::fetching);
  EXPECT_EQ(seen().until, instant{std::chrono::hours{500'000}} + 3s);
}

TEST_F(miner_test, people_see_a_failed_try_until_it_gets_on) {
  http.answer(first_url, 503, "busy");
  mine();
  EXPECT_EQ(seen().step, doing::pausing);
  EXPECT_EQ(seen().trouble, wait_reason::backing_off);
  EXPECT_EQ(seen().attempts, 1u);
  EXPECT_THAT(seen().trouble_text, HasSubstr("503"));
  http.answer(first_url, 200, page_body(0, 3, ""));
  advance(2min);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(seen().trouble, wait_reason::none);
}

TEST_F(miner_test, people_see_that_a_429_is_a_limit_and_until_when) {
  http.answer(first_url, 429, "slow down", {{"Retry-After", "30"}});
  mine();
  EXPECT_EQ(seen().trouble, wait_reason::quota);
}

TEST_F(miner_test, a_failed_call_is_told_with_request_and_response_and_without_secrets) {
  auto sealed = std::make_shared<connection_context>(*connection);
  sealed->secrets = R"({"api_key":"hush-4711"})";
  connection = sealed;
  http.answer(first_url, 503, "busy with hush-4711");
  mine();
  auto told_errors = errors.take(9);
  ASSERT_EQ(told_errors.size(), 1u);
  const auto& error = told_errors[0];
  EXPECT_EQ(error.status, 503);
  EXPECT_EQ(error.stream, stored.stream);
  EXPECT_EQ(error.run, stored.run);
  EXPECT_EQ(error.attempt, 1);
  EXPECT_THAT(error.request, HasSubstr("GET https://api.test/items"));
  EXPECT_THAT(error.response, HasSubstr("busy with ***"));
}

TEST_F(miner_test, a_call_without_an_answer_is_told_too_and_a_timeout_is_the_apis_slowness) {
  http.answer(first_url, http_error{http_failure::timeout_first_byte, "api.test: no byte within 30 s"});
  mine();
  auto told_errors = errors.take(9);
  ASSERT_EQ(told_errors.size(), 1u);
  EXPECT_EQ(told_errors[0].status, 0);
  EXPECT_THAT(told_errors[0].text, HasSubstr("no byte within"));
  EXPECT_EQ(seen().trouble, wait_reason::api_slow);
}
