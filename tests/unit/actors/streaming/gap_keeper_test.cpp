#include "actors/streaming/gap_keeper.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/event_mapper.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

/// A store that counts, and fails when it is told to.
class counting_store final : public live_store {
public:
  explicit counting_store(std::unique_ptr<live_store> store) : store_(std::move(store)) {}

  caf::expected<std::vector<gap_row>> begin_listening(const listening_start& start) override { return store_->begin_listening(start); }
  caf::error end_listening(const live_subscription& subscription, instant since, const std::string& reason) override {
    return store_->end_listening(subscription, since, reason);
  }
  caf::error hand_over_listening(const live_subscription& subscription, int64_t successor, instant until) override {
    return store_->hand_over_listening(subscription, successor, until);
  }
  caf::expected<std::vector<swept_listener>> sweep(std::span<const sweep_order> orders) override {
    ++sweeps;
    return store_->sweep(orders);
  }
  caf::expected<int64_t> prove_health(std::span<const health_proof> proofs) override {
    proven.emplace_back(proofs.begin(), proofs.end());
    if (is_away)
      return caf::make_error(errc::store_unavailable);
    return store_->prove_health(proofs);
  }
  caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, size_t limit) override {
    return store_->list_gaps(connection, limit);
  }
  caf::expected<std::vector<owed_repair>> owed_repairs(instant now, size_t limit) override {
    ++looks;
    return store_->owed_repairs(now, limit);
  }
  caf::expected<std::optional<owed_repair>> owed_repair_of(connection_id connection) override {
    return store_->owed_repair_of(connection);
  }
  caf::expected<live_counts> count_live() override { return store_->count_live(); }
  caf::expected<std::vector<connection_id>> connections_to_recheck(size_t limit) override {
    return store_->connections_to_recheck(limit);
  }
  caf::expected<std::vector<recheck_row>> load_rechecks(connection_id connection, std::chrono::microseconds within,
                                                        size_t limit) override {
    return store_->load_rechecks(connection, within, limit);
  }
  caf::error postpone_rechecks(connection_id connection, const shard_claim& claim, std::span<const recheck_row> rows,
                               std::chrono::microseconds by, const std::string& reason) override {
    return store_->postpone_rechecks(connection, claim, rows, by, reason);
  }

  std::vector<std::vector<health_proof>> proven; ///< a list for each statement
  bool is_away = false;
  size_t looks = 0; ///< for repairs
  size_t sweeps = 0; ///< statements

private:
  std::unique_ptr<live_store> store_;
};

/// A connection of the store, and who listens to it.
struct heard {
  connection_pointer connection;
  live_subscription subscription;
  capture_actor capture;
  std::vector<std::vector<recheck_row>> rechecks; ///< that the capture was sent
};

struct gap_keeper_test : actor_test {
  static constexpr incarnation self{77};
  memory_database database;
  std::shared_ptr<counting_store> store = std::make_shared<counting_store>(database.make_live_store(self));
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  std::unique_ptr<run_store> runs = database.make_run_store(self);
  instant now{std::chrono::hours{500'000}};
  std::vector<shard_claim> claims = *claim_everything(*database.make_membership_store(self), "n1", self);
  size_t looks = 0; ///< for work
  live_counts counts;
  gap_keeper_actor keeper;

  void SetUp() override {
    gap_keeper_parts parts;
    parts.gaps = store;
    parts.runs = database.make_run_store(self);
    parts.now = [this] { return now; };
    parts.look_for_work = [this] { ++looks; };
    parts.report = [this](const live_counts& found) { counts = found; };
    keeper = spawn<gap_keeper>(std::move(parts));
    run();
  }

  /// Both clocks.
  void pass(std::chrono::seconds span) {
    for (auto second = 0s; second < span; second += 1s) {
      now += 1s;
      advance(1s);
    }
  }

  /// Settles after 60 s and the skew of clocks, 65 s together.
  std::shared_ptr<heard> connect(const std::string& tenant) {
    auto source = *catalog->put_source("items-api", "manifest", "v1");
    connection_row wanted;
    wanted.name = "main";
    wanted.source = source.id;
    wanted.streams = {{{}, "items", 0}};
    auto row = *catalog->put_connection(catalog->create_tenant(tenant)->id, wanted);
    auto plan = std::make_shared<source_plan>(*item_plan());
    plan->streams[0].lode.settle_time = 60s;
    auto made = std::make_shared<connection_context>(*item_connection(1, plan));
    made->tenant = row.tenant;
    made->connection = row.id;
    made->edition = row.edition;
    made->source_version = source.version;
    made->streams = {row.streams.at(0).id};
    made->claim = *std::ranges::find(claims, row.shard, &shard_claim::shard);
    auto result = std::make_shared<heard>();
    result->connection = made;
    result->subscription = {row.id, made->claim, 1};
    result->capture = system.spawn([result = result.get(), this](capture_actor::pointer self) -> capture_actor::behavior_type {
      return {[](listening_began) {},
              [](still_listening) {},
              [](const listening_ended&) {},
              [](const messages_heard&) {},
              [](const messages_processed&) {},
              [](const page_committed&) {},
              [](const page_refused&) {},
              [result](const recheck_keys& order) { result->rechecks.push_back(order.rows); },
              [](const webhook_arrived&) {},
              [](successor_listens) {},
              [](const take_over&) {},
              [](leave_tenant) {},
              [=, this](timer_fired) { // it subscribes
                self->request(keeper, caf::infinite, begin_listening{result->connection, result->subscription, now})
                  .then([](const gaps_owed&) {}, [](const caf::error& why) { ADD_FAILURE() << to_string(why); });
              }};
    });
    endings.push_back([capture = result->capture] { caf::anon_send_exit(capture, caf::exit_reason::kill); });
    return result;
  }

  /// One whose losses cannot be seen.
  std::shared_ptr<heard> connect_hook(const std::string& tenant, std::chrono::milliseconds sweep_every) {
    auto result = connect(tenant);
    auto plan = std::make_shared<source_plan>(*result->connection->plan);
    webhook_settings settings;
    settings.sweep_every = sweep_every;
    plan->live.push_back({});
    plan->live[0].typed = settings;
    auto made = std::make_shared<connection_context>(*result->connection);
    made->plan = plan;
    made->live = {std::make_shared<const event_rules>()};
    result->connection = made;
    return result;
  }
  std::vector<gap_row> swept(const heard& who) {
    auto out = gaps(who);
    std::erase_if(out, [](const gap_row& gap) { return gap.reason != sweep_reason; });
    return out;
  }

  template <class Message>
  void tell(Message msg) {
    caf::anon_send(keeper, std::move(msg));
    run();
  }
  /// Subscribed now, under a new name.
  void begin(heard& who) {
    ++who.subscription.id;
    caf::anon_send(who.capture, timer_fired{});
    run();
  }
  void end(const heard& who) { tell(end_listening{who.subscription, now, "reset"}); }
  void prove(const heard& who) { tell(health_proof{who.subscription.connection, who.subscription.id, now}); }

  std::vector<gap_row> gaps(const heard& who) { return *store->list_gaps(who.subscription.connection, 100); }

  /// Connections of which a repair was requested and has not begun.
  std::vector<connection_id> requested() {
    std::vector<connection_id> out;
    const auto all = *runs->load_due(now, 1'000);
    for (const auto& due : all)
      if (due.kind == run_kind::repair)
        out.push_back(due.connection);
    return out;
  }

  /// The requested repair begins, of all that has ended.
  started_run repair(const heard& who) {
    run_start start{who.subscription.connection, who.subscription.claim, run_kind::repair, {}, {}, {}};
    start.first = {{who.connection->streams[0], "", {}, ""}};
    start.edition = who.connection->edition;
    start.source_version = who.connection->source_version;
    start.repairs = slice_bounds{{}, now};
    return *runs->start_run(start);
  }

  void finish(const heard& who, const started_run& repair) {
    auto page = page_of(who);
    page.move = {repair.opened.at(0), repair.run, 0, continuation_phase::closed, {}, {}};
    commit(page);
  }

  page_commit page_of(const heard& who) const {
    page_commit page;
    page.tenant = who.connection->tenant;
    page.connection = who.connection->connection;
    page.stream = who.connection->streams[0];
    page.shard = who.subscription.claim.shard;
    page.epoch = who.subscription.claim.epoch;
    return page;
  }
  void commit(const page_commit& page) {
    EXPECT_EQ(database.make_page_store(self)->commit({&page, 1}).at(0).status, commit_status::committed);
  }

  /// One key of the stream is open to doubt, and due.
  void doubt(const heard& who) {
    auto page = page_of(who);
    page.rechecks = {{"k", 0s, {0, 1, 1}}};
    commit(page);
  }
};

} // namespace

// -- sweeps ----------------------------------------------------------------------------------------------------------------

TEST_F(gap_keeper_test, what_webhooks_may_have_lost_is_owed_a_repair_every_so_often_in_one_statement_for_all) {
  auto one = connect_hook("acme", 300s), two = connect_hook("globex", 300s), other = connect("initech");
  const auto began = now;
  for (auto* who : {&one, &two, &other})
    begin(**who);
  pass(360s);
  EXPECT_THAT(swept(*one), IsEmpty()) << "what came last is not there to be read yet";
  EXPECT_EQ(store->sweeps, 1u) << "asked once since when, then not before it is due";
  pass(10s);
  ASSERT_THAT(swept(*one), SizeIs(1));
  EXPECT_EQ(swept(*one)[0].from, began);
  EXPECT_GE(*swept(*one)[0].until, began + 300s);
  EXPECT_LE(*swept(*one)[0].until, now - 65s);
  EXPECT_THAT(swept(*two), SizeIs(1));
  EXPECT_THAT(swept(*other), IsEmpty());
  EXPECT_EQ(store->sweeps, 2u);
}

TEST_F(gap_keeper_test, a_sweep_that_is_not_repaired_is_followed_by_none_and_then_by_one_that_covers_all) {
  auto one = connect_hook("acme", 300s);
  begin(*one);
  pass(370s);
  ASSERT_THAT(swept(*one), SizeIs(1));
  const auto first_end = *swept(*one)[0].until;
  pass(620s);
  EXPECT_THAT(swept(*one), SizeIs(1));
  finish(*one, repair(*one));
  pass(4s);
  ASSERT_THAT(swept(*one), SizeIs(2));
  EXPECT_EQ(swept(*one)[0].from, first_end);
  EXPECT_GE(*swept(*one)[0].until, first_end + 600s);
}

TEST_F(gap_keeper_test, who_does_not_listen_any_more_is_not_swept) {
  auto one = connect_hook("acme", 300s);
  begin(*one);
  end(*one);
  caf::anon_send_exit(one->capture, caf::exit_reason::user_shutdown);
  one->capture = nullptr;
  run();
  pass(370s);
  EXPECT_THAT(swept(*one), IsEmpty());
}

// -- proofs of health -----------------------------------------------------------------------------------------------------

TEST_F(gap_keeper_test, proofs_of_two_seconds_are_told_in_one_statement_the_latest_of_each) {
  auto one = connect("acme"), two = connect("globex");
  begin(*one);
  begin(*two);
  prove(*one);
  now += 1s;
  prove(*one);
  prove(*two);
  pass(2s);
  ASSERT_THAT(store->proven, SizeIs(1));
  ASSERT_THAT(store->proven[0], SizeIs(2));
  EXPECT_EQ(store->proven[0][0].until, store->proven[0][1].until);
  pass(4s);
  EXPECT_THAT(store->proven, SizeIs(1)) << "nothing is told twice";
}

TEST_F(gap_keeper_test, proofs_that_the_store_did_not_take_are_told_again) {
  auto one = connect("acme"), two = connect("globex");
  begin(*one);
  begin(*two);
  store->is_away = true;
  prove(*one);
  pass(2s);
  prove(*two);
  pass(2s);
  ASSERT_THAT(store->proven, SizeIs(2));
  EXPECT_THAT(store->proven[1], SizeIs(2));
  store->is_away = false;
  pass(2s);
  EXPECT_THAT(store->proven.back(), SizeIs(2));
  pass(2s);
  EXPECT_THAT(store->proven, SizeIs(3));
}

TEST_F(gap_keeper_test, who_has_ended_is_not_proven_healthy) {
  auto one = connect("acme");
  begin(*one);
  prove(*one);
  end(*one);
  pass(4s);
  EXPECT_THAT(store->proven, IsEmpty());
}

// -- repairs --------------------------------------------------------------------------------------------------------------

TEST_F(gap_keeper_test, a_repair_is_requested_once_its_gap_has_settled) {
  auto one = connect("acme");
  begin(*one);
  ASSERT_THAT(gaps(*one), SizeIs(1)) << "what was before the first listener";
  pass(64s);
  EXPECT_THAT(requested(), IsEmpty()) << "a run that begins now would not read up to the end of the gap";
  EXPECT_EQ(looks, 0u);
  pass(4s);
  EXPECT_THAT(requested(), ElementsAre(one->connection->connection));
  EXPECT_EQ(looks, 1u);
  pass(30s);
  EXPECT_EQ(looks, 1u) << "it is requested already";
}

TEST_F(gap_keeper_test, a_gap_that_lasts_is_not_repaired) {
  auto one = connect("acme");
  begin(*one);
  pass(70s);
  finish(*one, repair(*one));
  end(*one);
  pass(300s);
  EXPECT_THAT(requested(), IsEmpty());
}

TEST_F(gap_keeper_test, what_came_since_waits_for_the_next_repair_where_gaps_do_not_cease) {
  auto one = connect("acme");
  begin(*one);
  auto flap = [&](std::chrono::seconds span) {
    for (auto second = 0s; second < span; second += 10s) {
      end(*one);
      pass(1s);
      begin(*one);
      pass(9s);
    }
  };
  flap(70s);
  EXPECT_THAT(requested(), IsEmpty()) << "of two gaps it may wait for the later one";
  flap(30s);
  EXPECT_THAT(requested(), ElementsAre(one->connection->connection));
}

TEST_F(gap_keeper_test, a_repair_that_would_read_no_gap_to_its_end_is_not_requested_however_long_they_were) {
  auto one = connect("acme");
  begin(*one);
  pass(70s);
  finish(*one, repair(*one));
  end(*one);
  pass(3'600s);
  begin(*one);
  pass(3s);
  end(*one);
  pass(1s);
  begin(*one);
  ASSERT_EQ(store->owed_repair_of(one->connection->connection)->value().gaps, 2);
  pass(60s);
  EXPECT_THAT(requested(), IsEmpty()) << "it would read up to before the end of the first";
  pass(10s);
  EXPECT_THAT(requested(), SizeIs(1));
}

TEST_F(gap_keeper_test, there_is_one_repair_at_a_time_for_each_connection) {
  auto one = connect("acme"), two = connect("globex");
  begin(*one);
  begin(*two);
  pass(70s);
  EXPECT_THAT(requested(), SizeIs(2));
  auto open = repair(*one);
  end(*one);
  pass(1s);
  begin(*one);
  pass(200s);
  EXPECT_THAT(requested(), ElementsAre(two->connection->connection));
  ASSERT_FALSE(runs->cancel_run(open.run, ""));
  pass(30s);
  EXPECT_THAT(requested(), SizeIs(2));
}

TEST_F(gap_keeper_test, a_repair_that_failed_is_tried_again_later_and_later) {
  auto one = connect("acme");
  begin(*one);
  pass(70s);
  ASSERT_THAT(requested(), SizeIs(1));
  for (auto wait : {5s, 10s, 20s, 40s}) {
    ASSERT_FALSE(runs->cancel_run(repair(*one).run, "it fails"));
    pass(wait - 1s);
    EXPECT_THAT(requested(), IsEmpty()) << wait.count();
    pass(5s);
    EXPECT_THAT(requested(), SizeIs(1)) << wait.count();
  }
}

TEST_F(gap_keeper_test, after_a_failure_another_one_waits_no_longer_than_ten_minutes) {
  auto one = connect("acme");
  begin(*one);
  for (int times = 0; times < 20; ++times)
    ASSERT_FALSE(runs->cancel_run(repair(*one).run, "it fails"));
  pass(570s);
  EXPECT_THAT(requested(), IsEmpty());
  pass(70s);
  EXPECT_THAT(requested(), SizeIs(1));
}

TEST_F(gap_keeper_test, where_nobody_listens_the_store_is_seldom_asked) {
  pass(60s);
  EXPECT_LE(store->looks, 2u);
  auto one = connect("acme");
  begin(*one);
  auto before = store->looks;
  pass(20s);
  EXPECT_GE(store->looks, before + 9);
  EXPECT_EQ(counts.listening, 1);
  send_exit(one->capture, caf::exit_reason::kill);
  one->capture = nullptr;
  endings.pop_back(); // the last one who held it
  pass(4s);
  before = store->looks;
  pass(60s);
  EXPECT_LE(store->looks, before + 2) << "whoever listened has gone";
}

// -- keys that are open to doubt ------------------------------------------------------------------------------------------

TEST_F(gap_keeper_test, keys_to_fetch_again_are_sent_to_who_listens) {
  auto one = connect("acme"), two = connect("globex");
  begin(*one);
  begin(*two);
  doubt(*two);
  pass(2s);
  EXPECT_THAT(one->rechecks, IsEmpty());
  ASSERT_THAT(two->rechecks, SizeIs(1));
  EXPECT_EQ(two->rechecks[0].at(0).key, "k");
  EXPECT_EQ(two->rechecks[0].at(0).stream, two->connection->streams[0]);
}

TEST_F(gap_keeper_test, whoever_listens_now_gets_them) {
  auto one = connect("acme");
  begin(*one);
  auto later = connect("umbrella");
  later->connection = one->connection;
  later->subscription = one->subscription;
  begin(*later);
  doubt(*one);
  pass(2s);
  EXPECT_THAT(one->rechecks, IsEmpty());
  EXPECT_THAT(later->rechecks, SizeIs(1));
}

TEST_F(gap_keeper_test, keys_of_connections_that_nobody_listens_to_do_not_keep_others_waiting) {
  for (int i = 0; i < 120; ++i)
    doubt(*connect("silent" + std::to_string(i)));
  auto one = connect("acme");
  begin(*one);
  doubt(*one);
  pass(2s);
  EXPECT_THAT(one->rechecks, SizeIs(1));
}

TEST_F(gap_keeper_test, what_could_not_be_fetched_is_put_off_with_the_reason) {
  auto one = connect("acme");
  begin(*one);
  doubt(*one);
  pass(2s);
  ASSERT_THAT(one->rechecks, SizeIs(1));
  tell(postpone_rechecks{one->connection->connection, one->subscription.claim, one->rechecks[0], 1h, "the API answered 503"});
  auto rows = *store->load_rechecks(one->connection->connection, 2h, 10);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].reason, "the API answered 503");
  EXPECT_EQ(rows[0].attempts, 1);
}
