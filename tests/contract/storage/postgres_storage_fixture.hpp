#pragma once

#include <gtest/gtest.h>

#include <string>

#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

inline constexpr incarnation zombie{2001};
inline constexpr incarnation heir{2002};

/// One connection with an open run on node "n1", whose life is `zombie`, in a database of its own.
class postgres_storage_test : public testing::Test {
protected:
  postgres_storage_test() {
    auto runs = make_postgres_run_store(database.settings(zombie));
    auto catalog = make_postgres_catalog_store(database.settings({1}));
    auto claims = *claim("n1", zombie);
    auto source = *catalog->put_source("shop", "manifest", "v1");
    auto tenant = *catalog->create_tenant("acme");
    connection_row wanted;
    wanted.name = "shop";
    wanted.source = source.id;
    wanted.streams = {{{}, "posts", 0}};
    connection = *catalog->put_connection(tenant.id, wanted);
    run_start start;
    start.connection = connection.id;
    start.claim = claims[static_cast<size_t>(connection.shard.value)];
    start.first = {{connection.streams[0].id, "", {}, "state 0"}};
    started = *runs->start_run(start);
    shard = to_string(connection.shard);
  }

  caf::expected<std::vector<shard_claim>> claim(const std::string& name, incarnation self) const {
    return claim_everything(*make_postgres_membership_store(database.settings(self), "cluster"), name, self);
  }

  page_commit page(int64_t version, int64_t epoch = 1) const {
    page_commit out;
    out.cache_tag = version + 100;
    out.tenant = connection.tenant;
    out.connection = connection.id;
    out.stream = connection.streams[0].id;
    out.shard = connection.shard;
    out.epoch = {epoch};
    out.move = {started.opened[0], started.run, version, continuation_phase::open, "state", ""};
    out.opens = {{connection.streams[0].id, "child " + std::to_string(version), {}, "state"}};
    out.changes = {{change_kind::inserted, "k" + std::to_string(version), "{}", {1, 1}, {0, epoch, 1}}};
    out.dead = {{"d" + std::to_string(version), "text", "reason", {}}};
    return out;
  }

  /// Every statement of a writer that writes to `table` waits until the test lets go of the advisory lock 77.
  void pause_at(const std::string& table) {
    session.run("CREATE FUNCTION lode.pause() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN IF current_setting(''application_name'') LIKE ''lode/2001/writer%'' THEN "
                "PERFORM pg_advisory_lock_shared(77); END IF; RETURN NULL; END';"
                "CREATE TRIGGER pause AFTER INSERT OR UPDATE ON lode." + table
                + " FOR EACH STATEMENT EXECUTE FUNCTION lode.pause(); SELECT pg_advisory_lock(77)");
  }
  void await_pause() {
    session.await("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
                  "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
  }
  void let_go() { session.run("SELECT pg_advisory_unlock(77)"); }

  static commit_status commit_one(page_store& store, const page_commit& page) {
    return store.commit({&page, 1}).at(0).status;
  }

  int64_t feed_rows() { return session.number("SELECT count(*) FROM feed"); }

  test_database database;
  test_session session{database.dsn()};
  connection_row connection;
  started_run started;
  std::string shard;
};

} // namespace lode::test
