#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/cluster_scenario.hpp"

/// How long planned moves take: measured and told, not judged, as it depends on the machine.
namespace lode::test {
namespace {

/// Each change of an owner and of a node's state, when it was made.
constexpr auto keep_the_moves = R"(
  CREATE TABLE moved (shard bigint, owner bigint, at timestamptz);
  CREATE TABLE state_taken (node text, state bigint, at timestamptz);
  CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO moved VALUES (NEW.id, NEW.owner, clock_timestamp());
    RETURN NULL;
  END $$;
  CREATE FUNCTION note_state() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO state_taken VALUES (NEW.name, NEW.state, clock_timestamp());
    RETURN NULL;
  END $$;
  CREATE TRIGGER move_noted AFTER UPDATE OF owner ON shard FOR EACH ROW WHEN (OLD.owner <> NEW.owner) EXECUTE FUNCTION note_move();
  CREATE TRIGGER state_noted AFTER UPDATE OF state ON node FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION note_state();
)";

/// From the moment when the latest state was taken to the last claim; and for how long a single shard had no owner.
void tell_moves(scenario& world, const std::string& what) {
  const auto since_state = world.number("SELECT (extract(epoch FROM max(m.at) - (SELECT max(at) FROM state_taken)) * 1000)::bigint FROM moved m WHERE m.owner <> 0");
  const std::string gaps = "(SELECT extract(epoch FROM at - lag(at) OVER w) * 1000 AS ms, owner, lag(owner) OVER w AS before FROM moved "
                           "WINDOW w AS (PARTITION BY shard ORDER BY at)) g WHERE owner <> 0 AND before = 0";
  const auto moves = world.number("SELECT count(*) FROM " + gaps);
  const auto middle = world.number("SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY ms))::bigint FROM " + gaps);
  const auto longest = world.number("SELECT max(ms)::bigint FROM " + gaps);
  std::cout << what << ": " << moves << " idle shards in " << since_state << " ms after the view changed; one shard is without an owner for "
            << middle << " ms (median), " << longest << " ms at most\n";
  testing::Test::RecordProperty(what + "_all_ms", static_cast<int>(since_state));
  testing::Test::RecordProperty(what + "_one_median_ms", static_cast<int>(middle));
  testing::Test::RecordProperty(what + "_one_max_ms", static_cast<int>(longest));
  EXPECT_GT(moves, 0);
  world.sql("TRUNCATE moved; TRUNCATE state_taken");
}

TEST(cluster_moves_scenario, planned_moves_of_idle_shards_are_measured) {
  scenario_settings settings;
  settings.schedule = json::object{{"manual", true}};
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  cluster.start_all(2);
  cluster.await_owners({"n1", "n2"});
  world.import_tenants();
  world.sql(keep_the_moves);
  cluster.start("n3");
  cluster.await_owners({"n1", "n2", "n3"});
  const auto whole = [&] { return world.number("SELECT count(*) FROM shard s JOIN node n ON n.incarnation = s.owner WHERE n.name = 'n3'"); };
  await("it has all that it is due", [&] { return whole() >= 4'096 / 3 - 1; });
  tell_moves(world, "join");
  cluster.use("n1");
  world.api("POST", "/api/v1/nodes/n3/drain");
  cluster.await_owners({"n1", "n2"});
  tell_moves(world, "drain");
  world.api("POST", "/api/v1/nodes/n3/undrain");
  cluster.await_owners({"n1", "n2", "n3"});
  await("it has all that it is due", [&] { return whole() >= 4'096 / 3 - 1; });
  tell_moves(world, "undrain");
  cluster.stop("n3");
  cluster.await_owners({"n1", "n2"});
  world.sql("DELETE FROM state_taken WHERE state <> 2"); // its end comes when all is given away
  tell_moves(world, "stop");
}

} // namespace
} // namespace lode::test
