#include <gmock/gmock.h>

#include <functional>
#include <future>

#include "runtime/storage/postgres/postgres_upkeep_store.hpp"
#include "tests/contract/storage/postgres_storage_fixture.hpp"
#include "tests/support/postgres_proxy.hpp"

/// What only a real database can show of membership: sessions, locks and lost connections.
namespace lode::test {

namespace {

using enum commit_status;

/// Node "n2", whose life is `heir`, beside "n1", whose life is `zombie` and owns all shards.
class postgres_membership_test : public postgres_storage_test {
protected:
  void SetUp() override {
    ASSERT_TRUE(members->join({"n2", heir, "", 100}));
    ASSERT_FALSE(members->enter(heir));
  }

  int64_t view() { return session.number("SELECT view FROM cluster"); }
  void bury_zombie() {
    auto beat = session.number("SELECT beat FROM node WHERE incarnation = 2001");
    ASSERT_TRUE(*members->bury(zombie, beat, view()));
  }
  std::unique_ptr<membership_store> open(const std::string& dsn) const {
    auto settings = database.settings(heir);
    settings.dsn = dsn;
    return make_postgres_membership_store(settings, "cluster");
  }
  void await_lock(const std::string& application) {
    session.await("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + application + "' AND wait_event_type = 'Lock'");
  }

  std::unique_ptr<membership_store> members = make_postgres_membership_store(database.settings(heir), "cluster");
};

// Hazard 5: stopped after its fence took the lock of the shard.
TEST_F(postgres_membership_test, a_frozen_commit_of_a_life_that_is_gone_does_not_keep_others_from_its_shard) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  pause_at("record");
  auto frozen = std::async(std::launch::async, [&] { return commit_one(*store, page(1)); });
  await_pause();
  bury_zombie();
  auto claimed = members->claim(heir, view(), {connection.shard});
  let_go();
  EXPECT_EQ(frozen.get(), unknown);
  ASSERT_TRUE(claimed) << to_string(claimed.error());
  ASSERT_EQ(claimed->size(), 1u);
  EXPECT_EQ(claimed->at(0).epoch.value, 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lode/2001/%'"), 0);
  EXPECT_EQ(feed_rows(), 1);
}

TEST_F(postgres_membership_test, a_claim_does_not_wait_for_the_commits_of_a_living_owner) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  pause_at("record");
  auto busy = std::async(std::launch::async, [&] { return commit_one(*store, page(1)); });
  await_pause();
  auto claimed = members->claim(heir, view(), {connection.shard});
  let_go();
  EXPECT_EQ(busy.get(), committed);
  ASSERT_TRUE(claimed) << to_string(claimed.error());
  EXPECT_TRUE(claimed->empty());
}

// A zombie that comes back between the end of its sessions and the claim; a session of the test stands for it.
TEST_F(postgres_membership_test, a_claim_that_meets_a_lock_tries_again) {
  bury_zombie();
  auto settings = database.settings(heir);
  settings.lock_timeout = std::chrono::seconds{2};
  auto impatient = make_postgres_membership_store(settings, "impatient");
  test_session holder{database.dsn()};
  holder.run("BEGIN; SELECT FROM shard WHERE id = " + shard + " FOR UPDATE");
  const auto seen = view();
  auto claimed = std::async(std::launch::async, [&] { return impatient->claim(heir, seen, {connection.shard}); });
  await_lock("lode/2002/impatient");
  session.run("CREATE TEMP TABLE first AS SELECT query_start FROM pg_stat_activity WHERE application_name = 'lode/2002/impatient'");
  session.await("SELECT count(*) FROM pg_stat_activity a, first f WHERE a.application_name = 'lode/2002/impatient' "
                "AND a.wait_event_type = 'Lock' AND a.query_start > f.query_start");
  holder.run("COMMIT");
  auto got = claimed.get();
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_EQ(got->size(), 1u);
}

TEST_F(postgres_membership_test, a_claim_that_comes_while_its_view_is_raised_is_refused) {
  bury_zombie();
  const auto seen = view();
  test_session raiser{database.dsn()};
  raiser.run("BEGIN; SELECT lode_join('n3', 2003, '', 100, '{}'); SELECT lode_set_node_state(2003, ARRAY[0::bigint], 1)");
  auto claimed = std::async(std::launch::async, [&] { return members->claim(heir, seen, {connection.shard}); });
  await_lock("lode/2002/cluster");
  raiser.run("COMMIT");
  EXPECT_EQ(code_of(claimed.get().error()), errc::stale_version);
  EXPECT_EQ(session.number("SELECT owner FROM shard WHERE id = " + shard), zombie.value);
}

TEST_F(postgres_membership_test, a_view_is_not_raised_while_a_claim_under_it_is_at_work) {
  bury_zombie();
  test_session claimer{database.dsn()};
  claimer.run("BEGIN; SELECT lode_claim(2002, " + std::to_string(view()) + ", ARRAY[" + shard + "::bigint], ARRAY[2001::bigint])");
  auto left = std::async(std::launch::async, [&] { return members->leave(heir); });
  await_lock("lode/2002/cluster");
  claimer.run("COMMIT");
  EXPECT_FALSE(left.get());
  EXPECT_EQ(session.number("SELECT owner FROM shard WHERE id = " + shard), 0) << "the claim came first, so it is left too";
}

TEST_F(postgres_membership_test, a_beat_that_is_just_being_written_saves_a_life) {
  const auto beat = session.number("SELECT beat FROM node WHERE incarnation = 2001");
  const auto seen = view();
  test_session late{database.dsn()};
  late.run("BEGIN; UPDATE node SET beat = beat + 1 WHERE incarnation = 2001");
  auto buried = std::async(std::launch::async, [&] { return members->bury(zombie, beat, seen); });
  await_lock("lode/2002/cluster");
  late.run("COMMIT");
  EXPECT_FALSE(*buried.get());
}

TEST_F(postgres_membership_test, a_beat_that_waited_for_the_one_who_took_its_name_knows_why_it_failed) {
  test_session other{database.dsn()};
  other.run("BEGIN; SELECT lode_join('n2', 2003, '', 100, ARRAY[2002::bigint])");
  auto beaten = std::async(std::launch::async, [&] { return members->beat(heir); });
  await_lock("lode/2002/cluster");
  other.run("COMMIT");
  EXPECT_EQ(code_of(beaten.get()), errc::conflict);
}

TEST_F(postgres_membership_test, a_raise_of_the_view_whose_answer_was_lost_is_one_raise) {
  postgres_proxy proxy{database.dsn()};
  auto far = open(proxy.dsn());
  ASSERT_FALSE(far->set_draining(heir, true));
  ASSERT_FALSE(far->set_draining(heir, false));
  ASSERT_FALSE(*far->bury(zombie, 1000, view()));
  ASSERT_FALSE(far->leave({424242}));
  auto seen = view();
  proxy.arm(postgres_proxy::cut::reply);
  EXPECT_EQ(code_of(far->set_draining(heir, true)), errc::store_unavailable);
  EXPECT_FALSE(far->set_draining(heir, true));
  EXPECT_EQ(view(), seen + 1);
  ASSERT_FALSE(*far->bury(zombie, 1000, view())); // prepares it in the new session
  const auto beat = session.number("SELECT beat FROM node WHERE incarnation = 2001");
  seen = view();
  proxy.arm(postgres_proxy::cut::reply);
  EXPECT_EQ(code_of(far->bury(zombie, beat, seen).error()), errc::store_unavailable);
  EXPECT_FALSE(*far->bury(zombie, beat, seen));
  EXPECT_EQ(view(), seen + 1);
  EXPECT_EQ(far->look()->nodes.size(), 1u);
  ASSERT_FALSE(far->leave({424242}));
  proxy.arm(postgres_proxy::cut::reply);
  EXPECT_EQ(code_of(far->leave(heir)), errc::store_unavailable);
  EXPECT_FALSE(far->leave(heir));
  EXPECT_EQ(view(), seen + 2);
}

// What a lost session does late would undo what was taken since.
TEST_F(postgres_membership_test, a_command_is_not_given_back_by_a_session_that_was_lost_before) {
  postgres_proxy proxy{database.dsn()};
  auto settings = database.settings(zombie);
  settings.dsn = proxy.dsn();
  auto runs = make_postgres_run_store(settings, "far");
  const shard_claim claim{connection.shard, {1}};
  ASSERT_TRUE(runs->take_command("c1", connection.tenant, claim)->is_new);
  ASSERT_FALSE(runs->untake_command("c1", connection.tenant, claim));
  ASSERT_TRUE(runs->take_command("c1", connection.tenant, claim)->is_new);
  test_session holder{database.dsn()};
  holder.run("BEGIN; SELECT FROM command WHERE id = 'c1' FOR UPDATE");
  proxy.arm(postgres_proxy::cut::after_request);
  EXPECT_EQ(code_of(runs->untake_command("c1", connection.tenant, claim)), errc::store_unavailable);
  await_lock("lode/2001/far");
  const auto lost = session.number("SELECT pid::bigint FROM pg_stat_activity WHERE application_name = 'lode/2001/far'");
  auto again = std::async(std::launch::async, [&] { return runs->untake_command("c1", connection.tenant, claim); });
  session.await("SELECT (count(*) = 0)::int::bigint FROM pg_stat_activity WHERE pid = " + std::to_string(lost));
  holder.run("COMMIT");
  EXPECT_FALSE(again.get());
  EXPECT_TRUE(runs->take_command("c1", connection.tenant, claim)->is_new);
}

// Else it and a claim, which holds the view and goes on to the shards, would wait for each other.
TEST_F(postgres_membership_test, who_waits_for_the_view_holds_no_shard) {
  test_session claimer{database.dsn()};
  const auto waits = [&](const std::string& application, const std::function<void()>& act) {
    claimer.run("BEGIN; SELECT FROM cluster FOR SHARE");
    auto waiting = std::async(std::launch::async, act);
    await_lock(application);
    EXPECT_FALSE(claimer.link().run_script("SELECT FROM shard ORDER BY id FOR NO KEY UPDATE NOWAIT"));
    claimer.run("ROLLBACK");
    waiting.get();
  };
  auto owner = make_postgres_membership_store(database.settings(zombie), "cluster");
  waits("lode/2001/cluster", [&] { EXPECT_FALSE(owner->leave(zombie)); });
  ASSERT_EQ(members->claim(heir, view(), {connection.shard})->size(), 1u);
  auto next = make_postgres_membership_store(database.settings({2003}), "cluster");
  waits("lode/2003/cluster", [&] { EXPECT_EQ(next->join({"n2", {2003}, "", 100})->claims.size(), 1u); });
}

// Else it and a leave, which holds the node and goes on to its shards, would wait for each other.
TEST_F(postgres_membership_test, a_release_that_waits_for_its_node_holds_no_shard) {
  auto owner = make_postgres_membership_store(database.settings(zombie), "cluster");
  auto runs = make_postgres_run_store(database.settings(zombie));
  ASSERT_FALSE(runs->mark_alone(started.opened[0]));
  test_session leaver{database.dsn()};
  leaver.run("BEGIN; SELECT FROM node WHERE incarnation = 2001 FOR NO KEY UPDATE");
  auto released = std::async(std::launch::async, [&] { return owner->release(zombie, {connection.shard}); });
  await_lock("lode/2001/cluster");
  EXPECT_FALSE(leaver.link().run_script("SELECT FROM shard ORDER BY id FOR NO KEY UPDATE NOWAIT"));
  leaver.run("ROLLBACK");
  EXPECT_FALSE(released.get());
}

TEST_F(postgres_membership_test, commands_and_lives_that_are_gone_go_a_day_later_but_not_owners_and_the_living) {
  auto runs = make_postgres_run_store(database.settings(zombie));
  ASSERT_TRUE(runs->take_command("old", connection.tenant, {connection.shard, {1}}));
  ASSERT_TRUE(members->join({"n3", {2003}, "", 100}));
  ASSERT_FALSE(members->leave({2003}));
  bury_zombie(); // owns its shards still
  auto upkeep = make_postgres_upkeep_store(database.settings({1}));
  const auto tidy = [&] {
    caf::expected<bool> step = true;
    for (int i = 0; i < 100 && step && *step; ++i)
      step = upkeep->tidy_some({}, 100);
    ASSERT_TRUE(step) << to_string(step.error());
  };
  tidy();
  EXPECT_EQ(session.number("SELECT count(*) FROM node"), 3);
  EXPECT_EQ(session.number("SELECT count(*) FROM command"), 1);
  session.run("UPDATE command SET taken = taken - interval '25 hours'; UPDATE node SET ended = now() - interval '25 hours'");
  tidy();
  EXPECT_EQ(session.number("SELECT count(*) FROM node WHERE incarnation IN (2001, 2002)"), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM node"), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM command"), 0);
}

} // namespace

} // namespace lode::test
