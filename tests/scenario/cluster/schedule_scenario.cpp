#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/cluster_scenario.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

/// Short enough to be due often, longer than a take-over.
constexpr auto interval = 12s;

scenario_settings short_runs() {
  scenario_settings settings;
  settings.tenants = 24;
  settings.dialects = "crm,shop";
  settings.records = "contacts=40,orders=40,products=20,customers=20";
  settings.source_edits = {{"step: P91D", "step: P3650D"}};
  settings.schedule = json::object{{"manual", true}};
  return settings;
}

/// Each move of a due time is written down in its own transaction: where a run starts, it is the run's.
constexpr auto keep_the_slots = R"(
  CREATE TABLE slot (connection_id bigint, due bigint, next_due bigint, at timestamptz);
  CREATE FUNCTION note_slot() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF OLD.due <> NEW.due THEN
      INSERT INTO slot VALUES (OLD.connection_id, OLD.due, NEW.due, now());
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER slot_noted AFTER UPDATE ON due FOR EACH ROW EXECUTE FUNCTION note_slot();
)";

/// Shops by the clock, the others by an interval; first due together, within moments.
void schedule_all(scenario& world) {
  std::string lines;
  for (const auto& tenant : world.control_lines("/control/tenants")) {
    auto line = world.import_line_of(tenant);
    const bool is_cron = text_in(tenant, "dialect") == "shop";
    line["schedule"] = is_cron ? json::object{{"cron", "* * * * *"}} : json::object{{"every", std::to_string(interval.count()) + "s"}};
    lines += json::serialize(line) + "\n";
  }
  world.import_lines(lines);
}

/// Waits until the connections with an interval are due, later than they were at `last`, and `offset` more.
void await_due(scenario& world, int64_t& last, std::chrono::milliseconds offset) {
  const auto next = [&] { return world.number("SELECT min(d.due) FROM due d JOIN connection c ON c.id = d.connection_id WHERE c.schedule LIKE '%every%'"); };
  const auto is_over = [&](int64_t when) { return world.number("SELECT (extract(epoch FROM clock_timestamp()) * 1000000 > " + std::to_string(when) + ")::int::bigint") == 1; };
  await("all runs have started", [&] { return next() > last + std::chrono::microseconds{interval / 2}.count(); }, 2 * interval, [&] { return world.log(); });
  last = next();
  await("connections are due", [&] { return is_over(last + std::chrono::microseconds{offset}.count()); }, 2 * interval);
}

void expect_once_each(scenario& world) {
  const auto every = std::to_string(std::chrono::microseconds{interval}.count());
  EXPECT_EQ(world.number("SELECT count(*) FROM (SELECT FROM slot GROUP BY connection_id, due HAVING count(*) > 1) twice"), 0);
  EXPECT_EQ(world.number("SELECT count(*) FROM run r WHERE kind = 0 AND NOT EXISTS (SELECT FROM slot s WHERE s.connection_id = r.connection_id AND s.at = r.started)"), 0)
    << "runs that stand for no due time";
  EXPECT_EQ(world.number("SELECT count(*) FROM slot s WHERE NOT EXISTS (SELECT FROM run r WHERE r.connection_id = s.connection_id AND r.started = s.at)"), 0)
    << "due times without a run";
  EXPECT_EQ(world.number("SELECT count(*) FROM slot s JOIN connection c ON c.id = s.connection_id WHERE c.schedule LIKE '%every%' AND s.next_due <> s.due + " + every), 0)
    << "intervals that were skipped";
  EXPECT_EQ(world.number("SELECT count(*) FROM slot s JOIN connection c ON c.id = s.connection_id WHERE c.schedule LIKE '%cron%' AND s.next_due <> s.due + 60000000"), 0)
    << "minutes that were skipped";
  // The run table alone says the same: one run in each interval and each minute from a connection's first one on.
  EXPECT_EQ(world.number("SELECT count(*) FROM (SELECT r.connection_id, (extract(epoch FROM r.started) * 1000000 - f.due)::bigint / "
                         "CASE WHEN c.schedule LIKE '%cron%' THEN 60000000 ELSE " + every + " END AS number FROM run r JOIN connection c ON c.id = r.connection_id "
                         "JOIN (SELECT connection_id, min(due) AS due FROM slot GROUP BY 1) f ON f.connection_id = r.connection_id "
                         "GROUP BY 1, 2 HAVING count(*) > 1) twice"), 0);
}

TEST(cluster_schedule_scenario, each_due_time_has_one_run_while_nodes_join_drain_stop_pause_and_die_when_all_are_due) {
  cluster_scenario cluster{short_runs()};
  auto& world = cluster.world();
  cluster.start_all(2);
  cluster.await_owners({"n1", "n2"});
  world.import_tenants();
  world.sql(keep_the_slots);
  schedule_all(world);
  const std::function<void()> events[] = {
    [&] { cluster.start("n3", "run.after_start:3"); }, // dies when it has started its fourth run, which is the next time
    [&] { cluster.use("n2"); },
    [&] { world.api("POST", "/api/v1/nodes/n1/drain"); },
    [&] { world.api("POST", "/api/v1/nodes/n1/undrain"); },
    [&] { cluster.kill("n2"); },
    [&] { cluster.start("n2"); },
    [&] { cluster.pause("n1"); cluster.await_owners({"n2"}, 10s); cluster.go_on("n1"); },
    [&] { cluster.stop("n2"); },
  };
  std::chrono::milliseconds offset = -300ms;
  int64_t last = 0;
  for (const auto& happen : events) {
    await_due(world, last, offset);
    happen();
    offset = offset > 0ms ? -300ms : offset + 150ms;
  }
  await_due(world, last, 3s);
  await("no run is open", [&] { return world.number("SELECT count(*) FROM run WHERE phase = 0") == 0; }, interval);
  EXPECT_FALSE(cluster.process("n3").is_running()) << "it was to die between a start and its next step";
  cluster.use("n1");
  expect_once_each(world);
  EXPECT_GE(world.number("SELECT min(n) FROM (SELECT count(*) AS n FROM slot s JOIN connection c ON c.id = s.connection_id "
                         "WHERE c.schedule LIKE '%every%' GROUP BY s.connection_id) q"), 8);
  const auto latest = world.number("SELECT max((extract(epoch FROM at) * 1000)::bigint - due / 1000) FROM slot");
  std::cout << "runs: " << world.number("SELECT count(*) FROM run") << "; the latest start: " << latest << " ms after it was due\n";
  testing::Test::RecordProperty("latest_start_ms", static_cast<int>(latest));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
