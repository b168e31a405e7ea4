#include "actors/streaming/rechecker.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/fetch_gate.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/http/scripted_http_client.hpp"
#include "tests/support/leases.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/support/stub_actor.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

std::string url_of(const std::string& key, const std::string& stream = "items") {
  return "https://api.test/" + stream + "/" + key;
}

std::string item(const std::string& key) {
  return R"({"id":")" + key + R"(","name":"n"})";
}

/// While it is asked, a hundred other things are heard.
struct ticking_client : http_client {
  ticking_client(http_client& inner, logical_clock& clock) : inner(inner), clock(clock) {}
  request_handle start(http_request request, callback done) override {
    for (int i = 0; i < 100; ++i)
      clock.next();
    return inner.start(std::move(request), std::move(done));
  }
  void cancel(request_handle handle) override { inner.cancel(handle); }
  http_client_stats stats() const override { return inner.stats(); }

  http_client& inner;
  logical_clock& clock;
};

/// A rechecker of the streams `items` and `others` between a scripted API and a writer, a run keeper and a gap keeper that the test plays.
struct rechecker_test : stub_test {
  scripted_http_client http;
  http_client* api = &http;
  logical_clock clock;
  store_health health;
  lease held;
  instant now{1h};
  int64_t bytes = 0; ///< in flight, as the gate books them
  bool commits = true; ///< the writer answers
  std::vector<hashed_page> pages;
  page_client_actor client; ///< of the latest page
  std::vector<postpone_rechecks> postponed;
  std::vector<live_fact> known;   ///< of the stream `items`, by key
  std::vector<std::string> asked; ///< keys behind which what is known was asked for
  caf::error store_says;
  std::shared_ptr<bool> ended = std::make_shared<bool>(false);

  timers_actor service = spawn<timers>();
  fetch_gate_actor gate = spawn<fetch_gate>(1'000'000u, [this](int64_t, int64_t, int64_t held_bytes) { bytes = held_bytes; });
  page_writer_actor writer = spawn_fake<page_writer_actor>(
    [this](hashed_page& page, const page_client_actor& from) {
      client = from;
      page_committed done;
      done.generation = page.generation;
      pages.push_back(std::move(page));
      if (commits)
        caf::anon_send(from, done);
    },
    [](hold_pages) {}, [](release_pages) {}, [](wake) {});
  gap_keeper_actor gaps = spawn_fake<gap_keeper_actor>(
    [](const begin_listening&) { return gaps_owed{}; }, [](const end_listening&) {}, [](const hand_over_listening&) {},
    [](const health_proof&) {}, [this](const postpone_rechecks& ask) { postponed.push_back(ask); }, [](wake) {});
  run_keeper_actor keeper = spawn_stub<run_keeper_actor>(
    [this](const load_live& ask) -> caf::result<live_loaded> {
      asked.push_back(ask.after);
      if (store_says)
        return store_says;
      live_loaded out;
      for (const auto& fact : known)
        if (fact.key > ask.after)
          out.facts.push_back(fact);
      return out;
    });
  connection_pointer connection = connection_with_fetch();
  rechecker_actor actor;

  void SetUp() override { renew_for_ever(held); }

  static connection_pointer connection_with_fetch() {
    auto plan = std::make_shared<source_plan>(*item_plan());
    plan->streams.push_back(plan->streams[0]);
    plan->streams[1].name = "others";
    for (auto& stream : plan->streams) {
      stream_live live;
      live.fetch = live_fetch{*program::parse(stream.name + "/{{ key }}"), {}, {}};
      stream.lode.live = std::make_shared<const stream_live>(live);
    }
    auto connection = std::make_shared<connection_context>(*item_connection(1, plan));
    connection->streams = {stream_id{100}, stream_id{101}};
    return connection;
  }

  static recheck_row row(const std::string& key, int64_t counter = 1, int32_t attempts = 0, stream_id stream = {100}) {
    return {stream, key, 0s, {0, 1, counter}, attempts};
  }
  static live_fact fact(const std::string& key, int64_t counter, bool is_deleted = false) {
    return {key, {0, 1, counter}, {}, is_deleted};
  }

  void recheck(std::vector<recheck_row> rows) {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->gate = gate;
    services->keeper = keeper;
    services->writers = {writer};
    services->http = api;
    services->clock = &clock;
    services->health = &health;
    services->held = &held;
    services->now = [this] { return now; };
    services->page_deadline = 1min;
    auto live = std::make_shared<live_services>();
    live->gaps = gaps;
    actor = spawn<rechecker>(recheck_job{services, live, connection, std::move(rows), {}});
    caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([ended = ended](const caf::error&) { *ended = true; });
    run();
  }

  std::vector<std::string> urls() const {
    std::vector<std::string> out;
    for (const auto& request : http.requests())
      out.push_back(request.url);
    return out;
  }
  /// What was committed, as "KEY" or "KEY gone".
  std::vector<std::string> committed() const {
    std::vector<std::string> out;
    for (const auto& page : pages)
      for (const auto& record : page.records)
        out.push_back(record.key + (record.is_deleted ? " gone" : ""));
    return out;
  }
  static std::vector<std::string> keys_of(const postpone_rechecks& order) {
    std::vector<std::string> out;
    for (const auto& each : order.rows)
      out.push_back(each.key);
    return out;
  }
  bool has_left_nothing() const { return *ended && bytes == 0; }
};

} // namespace

// -- what is there --------------------------------------------------------------------------------------------------------

TEST_F(rechecker_test, a_record_is_fetched_and_committed_as_what_it_is_now) {
  http.answer(url_of("7"), 200, item("7"));
  const auto before = clock.next();
  recheck({row("7", 3)});
  ASSERT_THAT(committed(), ElementsAre("7"));
  const auto& page = pages[0];
  EXPECT_EQ(page.stream, stream_id{100});
  EXPECT_EQ(page.shard, connection->claim.shard);
  EXPECT_EQ(page.records[0].payload, item("7"));
  ASSERT_TRUE(page.doubt_from);
  EXPECT_GT(page.doubt_from->counter, before);
  EXPECT_GT(page.stamp.counter, page.doubt_from->counter) << "true at some moment between the two";
  ASSERT_THAT(page.rechecked, SizeIs(1));
  EXPECT_EQ(page.rechecked[0].key, "7");
  EXPECT_EQ(page.rechecked[0].asked, (fact_order{0, 1, 3}));
  EXPECT_TRUE(has_left_nothing());
  EXPECT_THAT(postponed, IsEmpty());
}

TEST_F(rechecker_test, records_are_fetched_one_after_the_other) {
  for (auto key : {"1", "2", "3"})
    http.answer(url_of(key), 200, item(key));
  commits = false;
  recheck({row("1"), row("2"), row("3")});
  EXPECT_THAT(urls(), ElementsAre(url_of("1"))) << "the next one when this one is committed";
  commits = true;
  page_committed done;
  done.generation = pages[0].generation;
  caf::anon_send(client, done);
  run();
  EXPECT_THAT(committed(), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(has_left_nothing());
}

TEST_F(rechecker_test, keys_of_streams_that_are_not_mined_are_left_to_others) {
  http.answer(url_of("7"), 200, item("7"));
  recheck({row("1", 1, 0, {555}), row("7")});
  EXPECT_THAT(committed(), ElementsAre("7"));
  EXPECT_THAT(postponed, IsEmpty());
}

TEST_F(rechecker_test, without_the_lease_nothing_is_asked) {
  http.answer(url_of("7"), 200, item("7"));
  held.end();
  recheck({row("7")});
  advance(1s);
  EXPECT_THAT(urls(), IsEmpty());
  renew_for_ever(held);
  advance(1s);
  EXPECT_THAT(committed(), ElementsAre("7"));
}

// -- what is gone ---------------------------------------------------------------------------------------------------------

TEST_F(rechecker_test, what_is_gone_is_deleted_where_the_same_path_has_just_led_to_another_record) {
  http.answer(url_of("1"), 200, item("1"));
  http.answer(url_of("2"), 404, "");
  recheck({row("1"), row("2")});
  EXPECT_THAT(committed(), ElementsAre("1", "2 gone"));
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(rechecker_test, what_is_gone_is_deleted_once_a_record_that_is_known_to_live_was_found) {
  http.answer(url_of("2"), 404, "");
  http.answer(url_of("5"), 200, item("5"));
  known = {fact("2", 9), fact("5", 4)};
  recheck({row("2", 3)});
  EXPECT_THAT(urls(), ElementsAre(url_of("2"), url_of("5")));
  ASSERT_THAT(committed(), ElementsAre("2 gone"));
  EXPECT_EQ(pages[0].rechecked.at(0).key, "2");
  EXPECT_THAT(postponed, IsEmpty());
  EXPECT_TRUE(has_left_nothing());
}

TEST_F(rechecker_test, the_deletion_is_as_old_as_the_answer_that_told_it) {
  http.answer(url_of("2"), 404, "");
  http.answer(url_of("5"), 200, item("5"));
  known = {fact("5", 4)};
  ticking_client ticking{http, clock};
  api = &ticking;
  recheck({row("2")});
  ASSERT_THAT(committed(), ElementsAre("2 gone"));
  EXPECT_LT(pages[0].stamp.counter, 200) << "not newer than what was heard while the other one was fetched";
}

TEST_F(rechecker_test, a_wrong_path_deletes_nothing) {
  for (auto key : {"1", "2", "3", "4", "5", "6"})
    http.answer(url_of(key), 404, "");
  http.answer(url_of("9", "others"), 200, item("9"));
  known = {fact("3", 1), fact("4", 2), fact("5", 3), fact("6", 4)};
  recheck({row("1"), row("2"), row("9", 1, 0, {101})});
  EXPECT_THAT(committed(), ElementsAre("9")) << "another stream has another path";
  ASSERT_THAT(postponed, SizeIs(1));
  EXPECT_THAT(keys_of(postponed[0]), ElementsAre("1", "2"));
  EXPECT_THAT(postponed[0].reason, AllOf(HasSubstr("x-lode.live.fetch.path"), HasSubstr("3 could not")));
  EXPECT_EQ(urls().size(), 5u) << "three others, then no more";
  EXPECT_TRUE(has_left_nothing());
}

TEST_F(rechecker_test, the_only_record_that_is_known_is_not_deleted_by_a_fetch) {
  http.answer(url_of("1"), 404, "");
  known = {fact("1", 1)};
  recheck({row("1")});
  EXPECT_THAT(committed(), IsEmpty());
  ASSERT_THAT(postponed, SizeIs(1));
  EXPECT_THAT(postponed[0].reason, HasSubstr("x-lode.live.fetch.path"));
}

TEST_F(rechecker_test, what_is_deleted_or_itself_in_doubt_proves_no_path) {
  for (auto key : {"1", "2", "3"})
    http.answer(url_of(key), 404, "");
  http.answer(url_of("7"), 200, item("7"));
  http.answer(url_of("8"), 404, "");
  known = {fact("2", 9), fact("3", 8, true), fact("7", 4), fact("8", 6)};
  recheck({row("1"), row("2")});
  EXPECT_THAT(urls(), ElementsAre(url_of("1"), url_of("8"), url_of("7"), url_of("2"))) << "the latest facts first";
  EXPECT_THAT(committed(), ElementsAre("1 gone", "2 gone"));
}

TEST_F(rechecker_test, what_has_gone_unheard_does_not_hide_for_ever_that_the_path_is_right) {
  for (auto key : {"1", "3", "4", "5"})
    http.answer(url_of(key), 404, "");
  http.answer(url_of("6"), 200, item("6"));
  known = {fact("3", 9), fact("4", 8), fact("5", 7), fact("6", 1)};
  recheck({row("1", 1, 0)});
  EXPECT_THAT(committed(), IsEmpty());
  recheck({row("1", 1, 1)});
  EXPECT_THAT(committed(), ElementsAre("1 gone"));
}

TEST_F(rechecker_test, behind_the_last_key_one_before_it_will_do) {
  http.answer(url_of("9"), 404, "");
  http.answer(url_of("1"), 200, item("1"));
  known = {fact("1", 1), fact("9", 1)};
  recheck({row("9")});
  EXPECT_THAT(asked, ElementsAre("9", ""));
  EXPECT_THAT(committed(), ElementsAre("9 gone"));
}

TEST_F(rechecker_test, a_probe_that_the_api_refuses_proves_nothing) {
  http.answer(url_of("1"), 404, "");
  http.answer(url_of("5"), 503, "");
  known = {fact("5", 1)};
  recheck({row("1"), row("2")});
  EXPECT_THAT(committed(), IsEmpty());
  ASSERT_FALSE(postponed.empty());
  EXPECT_THAT(postponed[0].reason, HasSubstr("503"));
  EXPECT_TRUE(has_left_nothing());
}

TEST_F(rechecker_test, while_the_store_does_not_answer_nothing_is_proven) {
  http.answer(url_of("1"), 404, "");
  store_says = caf::make_error(errc::store_unavailable);
  recheck({row("1")});
  EXPECT_THAT(committed(), IsEmpty());
  EXPECT_TRUE(has_left_nothing()) << "the key stays on the list";
}

// -- what cannot be known -------------------------------------------------------------------------------------------------

TEST_F(rechecker_test, an_api_that_refuses_is_asked_again_when_it_says) {
  http.answer(url_of("1"), 429, "", {{"Retry-After", "120"}});
  recheck({row("1", 4), row("2", 5)});
  ASSERT_THAT(postponed, SizeIs(2));
  for (const auto& order : postponed) {
    EXPECT_GE(order.by, 120s);
    EXPECT_EQ(order.connection, connection->connection);
    EXPECT_EQ(order.claim.epoch, connection->claim.epoch);
    EXPECT_THAT(order.reason, HasSubstr("429"));
  }
  EXPECT_EQ(postponed[0].rows[0].asked, (fact_order{0, 1, 4}));
  EXPECT_EQ(urls().size(), 1u);
  EXPECT_TRUE(has_left_nothing());
}

TEST_F(rechecker_test, what_failed_goes_behind_what_was_not_tried) {
  http.answer(url_of("1"), 500, "");
  recheck({row("1"), row("2"), row("3")});
  ASSERT_THAT(postponed, SizeIs(2));
  EXPECT_THAT(keys_of(postponed[0]), ElementsAre("1"));
  EXPECT_THAT(keys_of(postponed[1]), ElementsAre("2", "3"));
  EXPECT_GT(postponed[0].by, postponed[1].by) << "else it would be in front of them again, for ever";
}

TEST_F(rechecker_test, the_oftener_a_key_was_put_off_the_longer_it_waits) {
  std::chrono::microseconds last{0};
  for (int32_t attempts : {0, 1, 2, 3}) {
    recheck({row("no answer", 1, attempts)});
    EXPECT_GT(postponed.back().by, last);
    last = postponed.back().by;
  }
  recheck({row("no answer", 1, 1'000)});
  EXPECT_GE(postponed.back().by, 10min);
  EXPECT_LE(postponed.back().by, 11min);
  EXPECT_THAT(postponed.back().reason, testing::Not(IsEmpty()));
}

TEST_F(rechecker_test, the_waits_of_one_key_are_not_those_of_others) {
  recheck({row("no answer", 1, 20), row("2")});
  ASSERT_THAT(postponed, SizeIs(2));
  EXPECT_LE(postponed[1].by, 10s);
}

TEST_F(rechecker_test, a_record_that_cannot_be_read_keeps_no_other_waiting) {
  http.answer(url_of("1"), 200, item("another"));
  http.answer(url_of("2"), 200, item("2"));
  http.answer(url_of("3"), 400, R"({"error":"no such form of id"})");
  http.answer(url_of("4"), 200, item("4"));
  recheck({row("1"), row("2"), row("3"), row("4")});
  EXPECT_THAT(committed(), ElementsAre("2", "4"));
  ASSERT_THAT(postponed, SizeIs(2));
  EXPECT_THAT(keys_of(postponed[0]), ElementsAre("1"));
  EXPECT_THAT(postponed[0].reason, HasSubstr("another key"));
  EXPECT_THAT(keys_of(postponed[1]), ElementsAre("3"));
  EXPECT_TRUE(has_left_nothing());
}

TEST_F(rechecker_test, a_key_that_no_path_can_name_keeps_no_other_waiting) {
  http.answer(url_of("2"), 200, item("2"));
  recheck({row(".."), row("2")});
  EXPECT_THAT(committed(), ElementsAre("2"));
  ASSERT_THAT(postponed, SizeIs(1));
  EXPECT_THAT(keys_of(postponed[0]), ElementsAre(".."));
}

TEST_F(rechecker_test, a_source_that_does_not_say_how_one_record_is_fetched_is_told_of) {
  auto plan = std::make_shared<source_plan>(*connection->plan);
  plan->streams[0].lode.live = std::make_shared<const stream_live>();
  auto without = std::make_shared<connection_context>(*connection);
  without->plan = plan;
  connection = without;
  http.answer(url_of("9", "others"), 200, item("9"));
  recheck({row("1"), row("2"), row("9", 1, 0, {101})});
  EXPECT_THAT(committed(), ElementsAre("9"));
  ASSERT_THAT(postponed, SizeIs(1));
  EXPECT_THAT(keys_of(postponed[0]), ElementsAre("1", "2"));
  EXPECT_THAT(postponed[0].reason, HasSubstr("x-lode.live.fetch"));
}

// -- its end --------------------------------------------------------------------------------------------------------------

TEST_F(rechecker_test, a_page_that_the_store_refuses_ends_it) {
  http.answer(url_of("1"), 200, item("1"));
  commits = false;
  recheck({row("1"), row("2")});
  EXPECT_GT(bytes, 0);
  caf::anon_send(client, page_refused{pages[0].generation, commit_status::refused_fence});
  run();
  EXPECT_TRUE(has_left_nothing());
  EXPECT_THAT(postponed, IsEmpty()) << "its shard, or its connection, is another's";
}

TEST_F(rechecker_test, a_page_that_is_lost_with_its_writer_does_not_hold_it_for_ever) {
  http.answer(url_of("1"), 200, item("1"));
  commits = false;
  recheck({row("1")});
  health.outage_begins("down");
  advance(5min);
  EXPECT_FALSE(*ended) << "in an outage it is late";
  health.outage_ends();
  advance(5min);
  EXPECT_TRUE(has_left_nothing()) << "what it did not settle is on the list still";
}

TEST_F(rechecker_test, ended_by_its_owner_it_holds_nothing) {
  http.answer(url_of("1"), 200, item("1"));
  commits = false;
  recheck({row("1")});
  send_exit(actor, caf::exit_reason::user_shutdown);
  EXPECT_TRUE(has_left_nothing());
}
