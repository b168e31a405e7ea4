#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <random>
#include <sstream>

#include "tests/support/cluster_scenario.hpp"

/// A node of three is killed every 20 s and started again 15 s later, under load; how long its shards stay idle.
namespace lode::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using seconds_text = std::optional<double>;

bool is_long() {
  return std::getenv("LODE_LONG") != nullptr;
}

unsigned seed() {
  const auto* given = std::getenv("LODE_SEED");
  return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 1;
}

/// Each node always has its fill of open runs, more tenants wait for their turn, and it is the APIs that set the pace, not the machine: 65
/// pages a second for each node. One page of a tenant is in flight at a time.
scenario_settings long_runs() {
  scenario_settings settings;
  settings.own_server = true;
  settings.tenants = is_long() ? 1000 : 60;
  settings.dialects = "shop";
  settings.records = is_long() ? "orders=170,products=30,customers=30" : "orders=60,products=10,customers=10";
  settings.simapi = {"--latency-ms", "2000", "--request-log", "2000000"};
  settings.source_edits = {{"page_size: 250", "page_size: 5"}};
  settings.node = {{"mining.window", "1"}, {"mining.miners_per_tenant", "1"}, {"mining.runs_started_per_second", "1000"},
                   {"mining.max_open_runs", is_long() ? "130" : "30"}};
  return settings;
}

/// What became of the shards of a node that was killed, in seconds since its death, or since the database answered again.
struct takeover {
  std::string name;
  int64_t life = 0;
  int64_t shards = 0;
  int64_t busy = 0; ///< shards with an open run
  steady_clock::time_point since;
  bool with_outage = false;
  seconds_text declared, owned, mined;

  bool is_over() const { return declared && owned && mined; }
};

class observer {
public:
  explicit observer(cluster_scenario& cluster) : cluster_(cluster) {
    cluster_.world().sql("CREATE TABLE watch.busy (shard bigint PRIMARY KEY, base bigint)");
  }

  /// Right before the kill.
  void begins(const std::string& name) {
    auto& world = cluster_.world();
    now_ = {};
    now_.name = name;
    now_.life = world.number("SELECT coalesce(max(incarnation), 0) FROM node WHERE state <> 3 AND name = '" + name + "'");
    const auto life = std::to_string(now_.life);
    world.sql("TRUNCATE watch.busy; INSERT INTO watch.busy SELECT id FROM shard s WHERE owner = " + life
              + " AND EXISTS (SELECT FROM run r WHERE r.shard = s.id AND r.phase = 0)");
    now_.shards = world.number("SELECT count(*) FROM shard WHERE owner = " + life);
    now_.busy = world.number("SELECT count(*) FROM watch.busy");
    now_.since = steady_clock::now();
  }
  void database_is_back() {
    if (now_.name.empty() || now_.is_over())
      return;
    now_.since = steady_clock::now();
    now_.with_outage = true;
  }
  void look() {
    if (now_.name.empty() || now_.is_over())
      return;
    const auto life = std::to_string(now_.life);
    settle(now_.declared, "SELECT count(*) FROM node WHERE state <> 3 AND incarnation = " + life);
    settle(now_.owned, "SELECT count(*) FROM shard WHERE owner = " + life);
    // A commit moves feed_seq: mined is what moved since the new owner was first seen.
    cluster_.world().sql("UPDATE watch.busy b SET base = s.feed_seq FROM shard s WHERE s.id = b.shard AND b.base IS NULL "
                         "AND s.owner NOT IN (0, " + life + ")");
    settle(now_.mined, "SELECT count(*) FROM watch.busy b JOIN shard s ON s.id = b.shard WHERE coalesce(s.feed_seq <= b.base, true) "
                       "AND EXISTS (SELECT FROM run r WHERE r.shard = s.id AND r.phase = 0)");
    if (now_.is_over())
      done_.push_back(now_);
  }
  /// Before the next one.
  void ends() {
    if (!now_.name.empty() && !now_.is_over())
      done_.push_back(now_);
    now_ = {};
  }
  const std::vector<takeover>& done() const { return done_; }

private:
  void settle(seconds_text& what, const std::string& left) {
    if (!what && cluster_.world().number(left) == 0)
      what = std::chrono::duration<double>(steady_clock::now() - now_.since).count();
  }

  cluster_scenario& cluster_;
  takeover now_;
  std::vector<takeover> done_;
};

std::string text_of(seconds_text value) {
  if (!value)
    return "never";
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << *value;
  return out.str();
}

std::string text_of(const std::vector<takeover>& all) {
  std::ostringstream out;
  out << "killed  shards  busy  declared s  owned s  mined s\n";
  for (const auto& each : all)
    out << std::setw(6) << each.name << std::setw(8) << each.shards << std::setw(6) << each.busy << std::setw(12) << text_of(each.declared)
        << std::setw(9) << text_of(each.owned) << std::setw(9) << text_of(each.mined)
        << (each.with_outage ? "  since PostgreSQL answered again" : "") << "\n";
  for (auto [what, member] : {std::pair{"declared", &takeover::declared}, {"owned", &takeover::owned}, {"mined", &takeover::mined}}) {
    std::vector<double> values;
    for (const auto& each : all)
      values.push_back((each.*member).value_or(999));
    std::ranges::sort(values);
    if (!values.empty())
      out << what << ": p50 " << text_of(values[values.size() / 2]) << " s, max " << text_of(values.back()) << " s\n";
  }
  return out.str();
}

/// What happens when, in seconds from the beginning.
enum class act : uint8_t { kill, start, fast_restart, immediate_restart };
std::multimap<int, act> timetable() {
  std::multimap<int, act> out;
  const int kills = is_long() ? 12 : 2;
  for (int i = 0; i < kills; ++i) {
    out.emplace(20 * i, act::kill);
    out.emplace(20 * i + 15, act::start);
  }
  if (is_long())
    out.emplace(20 * 3 + 6, act::fast_restart); // as the survivors claim
  out.emplace(is_long() ? 20 * 8 + 3 : 22, act::immediate_restart); // as they wait for the lease
  return out;
}

void report_pages(cluster_scenario& cluster) {
  std::map<std::string, size_t> times;
  for (const auto& each : cluster.world().requests())
    if (auto page = text_in(each, "page"); number_in(each, "status") == 200 && each.at("completed").as_bool())
      if (page.starts_with("orders|"))
        ++times[text_in(each, "tenant") + " " + page];
  size_t again = 0;
  for (const auto& [page, count] : times)
    again += count - 1;
  std::cout << "pages without seams: " << times.size() << ", fetched again: " << again << std::endl;
}

TEST(kills_scenario, a_random_node_of_three_is_killed_every_20_s_and_its_work_goes_on_elsewhere_within_10_s) {
  cluster_scenario cluster{long_runs()};
  auto& world = cluster.world();
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.watch_epochs();
  world.import_tenants();
  await("runs are open", [&] { return world.number("SELECT count(*) FROM run WHERE phase = 0") >= (is_long() ? 380 : 50); });
  observer seen{cluster};
  std::mt19937 random{seed()};
  std::string victim;
  const auto begin = steady_clock::now();
  auto look_until = [&](int second) {
    await("its second comes", [&] { return seen.look(), steady_clock::now() >= begin + std::chrono::seconds{second}; }, 120s);
  };
  int last = 0;
  for (auto [second, what] : timetable()) {
    look_until(last = second);
    const auto at = std::chrono::duration<double>(steady_clock::now() - begin).count();
    if (what == act::kill) {
      seen.ends();
      victim = "n" + std::to_string(1 + random() % 3);
      seen.begins(victim);
      cluster.kill(victim);
      std::cout << text_of(at) << " s: " << victim << " is killed" << std::endl;
    } else if (what == act::start) {
      cluster.launch(victim);
      std::cout << text_of(at) << " s: " << victim << " is started" << std::endl;
    } else {
      what == act::fast_restart ? world.database().stop_server() : world.database().quit_server();
      world.database().start_server();
      seen.database_is_back();
      std::cout << text_of(at) << " s: PostgreSQL is restarted" << std::endl;
    }
  }
  look_until(last + 5);
  seen.ends();
  std::cout << text_of(seen.done()) << "served " << world.pages_served() << " pages, open runs "
            << world.number("SELECT count(*) FROM run WHERE phase = 0") << std::endl;
  for (const std::string name : {"n1", "n2", "n3"})
    cluster.await_up(name);
  cluster.await_owners({"n1", "n2", "n3"}, 60s);
  await("the runs end", [&] { return world.number("SELECT count(*) FROM run WHERE phase = 0") == 0; }, 600s, [&] { return cluster.logs(); });
  report_pages(cluster);
  EXPECT_EQ(world.number("SELECT count(*) FROM run WHERE phase <> 1"), 0);
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 0);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(cluster.commits_out_of_epoch(), 0);
  EXPECT_EQ(cluster.epochs_that_did_not_grow(), 0);
  for (const auto& each : seen.done())
    EXPECT_LE(each.mined.value_or(999), 10) << "of " << each.name << "\n" << text_of(seen.done());
}

} // namespace
} // namespace lode::test
