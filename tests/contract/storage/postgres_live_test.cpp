#include <future>

#include "runtime/storage/postgres/postgres_live_store.hpp"
#include "tests/contract/storage/postgres_storage_fixture.hpp"

/// What only a real database can show of live capture: statements that began before and end after.
namespace lode::test {

namespace {

instant at_second(int second) {
  return instant{std::chrono::days{40000}} + std::chrono::seconds{second};
}

} // namespace

class postgres_live_test : public postgres_storage_test {
protected:
  live_subscription subscription(int64_t id) const { return {connection.id, {connection.shard, {1}}, id}; }

  /// The healthy time of the only listener, in seconds.
  int64_t healthy() {
    return session.number("SELECT (healthy_until - " + std::to_string(at_second(0).time_since_epoch().count())
                          + ") / 1000000 FROM listener");
  }

  /// Of a repair of what was before the first listener, which is under way then.
  page_commit last_page_of_repair() {
    EXPECT_TRUE(live->begin_listening({subscription(1), 0, at_second(0)}));
    run_start start;
    start.connection = connection.id;
    start.claim = {connection.shard, {1}};
    start.kind = run_kind::repair;
    start.first = {{connection.streams[0].id, "", {}, "state 0"}};
    start.source_version = "v1";
    start.repairs = slice_bounds{{}, at_second(0)};
    auto repair = *make_postgres_run_store(database.settings(zombie))->start_run(start);
    auto out = page(0);
    out.opens.clear();
    out.move = {repair.opened[0], repair.run, 0, continuation_phase::closed, "", ""};
    return out;
  }

  std::unique_ptr<live_store> live = make_postgres_live_store(database.settings(zombie));
};

TEST_F(postgres_live_test, a_proof_that_began_before_the_claim_does_not_count_for_the_heirs_subscription) {
  ASSERT_TRUE(live->begin_listening({subscription(1), 0, at_second(0)}));
  session.run("BEGIN; SELECT FROM listener FOR UPDATE");
  auto proven = std::async(std::launch::async, [&] {
    const health_proof proof{connection.id, 1, at_second(50)};
    return live->prove_health({&proof, 1});
  });
  test_session watcher{database.dsn()};
  watcher.await("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lode/2001/live%' AND wait_event_type = 'Lock'");
  // As an heir whose claim found no session to end: the shard was given away.
  watcher.run("UPDATE shard SET owner = 2002, epoch = 2 WHERE id = " + shard);
  session.run("UPDATE listener SET subscription = 2, epoch = 2; COMMIT");
  auto result = proven.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 0);
  EXPECT_EQ(healthy(), 0);
}

TEST_F(postgres_live_test, the_end_of_a_run_and_of_its_gap_are_one_transaction) {
  auto last = last_page_of_repair();
  auto pages = make_postgres_page_store(database.settings(zombie), 0);
  pause_at("run");
  auto committed = std::async(std::launch::async, [&] { return commit_one(*pages, last); });
  await_pause();
  EXPECT_EQ(live->list_gaps(connection.id, 1)->at(0).state, gap_state::repairing);
  let_go();
  EXPECT_EQ(committed.get(), commit_status::committed);
  EXPECT_EQ(live->list_gaps(connection.id, 1)->at(0).state, gap_state::closed);
}

TEST_F(postgres_live_test, a_run_stays_as_long_as_a_gap_names_it) {
  auto last = last_page_of_repair();
  ASSERT_EQ(commit_one(*make_postgres_page_store(database.settings(zombie), 0), last), commit_status::committed);
  session.run("INSERT INTO run (tenant_id, connection_id, shard, kind, open) SELECT tenant_id, id, shard, 4, 1 FROM connection;"
              "SELECT lode_trim_runs(0, 1, 100)");
  EXPECT_EQ(live->list_gaps(connection.id, 1)->at(0).state, gap_state::closed);
  session.run("SELECT lode_trim_gaps(1, 100), lode_trim_runs(0, 1, 100)");
  EXPECT_EQ(session.number("SELECT count(*) FROM gap"), 0);
  EXPECT_EQ(session.number("SELECT count(*) FROM run WHERE kind = 3"), 0);
}

TEST_F(postgres_live_test, one_statement_proves_the_health_of_thousands) {
  ASSERT_TRUE(live->begin_listening({subscription(1), 0, at_second(0)}));
  session.run("INSERT INTO connection (tenant_id, shard, source_id, name) SELECT c.tenant_id, c.shard, c.source_id, 'c' || n "
              "FROM connection c, generate_series(1, 5000) AS n;"
              "INSERT INTO listener (connection_id, tenant_id, shard, epoch, subscription, edition, since, healthy_until, state) "
              "SELECT id, tenant_id, shard, 1, id, 0, 0, 0, 0 FROM connection WHERE name LIKE 'c%'");
  auto ids = session.link().execute({"ids", "SELECT connection_id, subscription FROM listener"});
  std::vector<health_proof> proofs;
  for (int row = 0; row < ids->rows(); ++row)
    proofs.push_back({{ids->number(row, 0)}, ids->number(row, 1), at_second(9)});
  auto proven = live->prove_health(proofs);
  ASSERT_TRUE(proven);
  EXPECT_EQ(*proven, 5'001);
}

} // namespace lode::test
