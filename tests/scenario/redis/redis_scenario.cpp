#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio.hpp>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/support/redis_fixture.hpp"
#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

scenario_settings with(const test_redis& redis) {
  scenario_settings settings;
  settings.records = "posts=60,comments=1,contacts=200,orders=200,products=100,customers=100";
  settings.node = {{"cache.redis_url", redis.url()}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"step: P91D", "step: P3650D"},
                           // In so many lives two kills would hit the same refresh of a token that can be used once.
                           {R"(          refresh_token_updater:
            refresh_token_config_path: [refresh_token]
            access_token_config_path: [access_token]
            token_expiry_date_config_path: [token_expiry_date]
)", ""}};
  return settings;
}

void pass(scenario& world, size_t runs) {
  world.await_settled();
  world.trigger_all();
  world.await_runs(runs);
}

void restart(scenario& world) {
  world.kill_node();
  world.start_node();
}

TEST(redis_scenario, there_and_back_over_a_Redis_restored_to_its_old_state_is_two_changes) {
  test_redis redis;
  scenario world{with(redis)};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  auto target = json::object{{"tenant", "graph-000"}, {"stream", "comments"}};
  for (const auto& line : world.control_lines("/control/truth?tenant=graph-000"))
    if (text_in(line, "stream") == "comments")
      target["key"] = line.at("key");
  ASSERT_GT(redis.ask({"DBSIZE"}).number, 0) << "nothing was told to Redis: the test shows nothing";
  ASSERT_EQ(redis.ask({"SAVE"}).text, "OK");
  target["op"] = "edit";
  world.control("/control/mutate", {{"ops", json::array{target}}});
  pass(world, 2);
  // As if the node had been killed between its commit and Redis, and Redis with it.
  redis.kill();
  redis.start();
  restart(world);
  target["op"] = "revert";
  world.control("/control/mutate", {{"ops", json::array{target}}});
  pass(world, 3);
  EXPECT_EQ(world.number("SELECT count(*) FROM feed, unnest(keys) AS key WHERE key = '" + text_in(target, "key") + "'"), 3);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(redis_scenario, an_emptied_and_a_dead_Redis_cost_no_record) {
  test_redis redis;
  scenario world{with(redis)};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  redis.ask({"FLUSHALL"});
  restart(world);
  pass(world, 2);
  EXPECT_GT(redis.ask({"DBSIZE"}).number, 0) << "what the store knew is told again";
  redis.kill();
  world.control("/control/mutate", {{"inserts", 30}, {"edits", 30}, {"seed", 7}});
  pass(world, 3);
  restart(world);
  pass(world, 4);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

int64_t measured(scenario& world, const std::string& metric) {
  auto text = world.api_text("GET", "/metrics").body;
  auto at = text.find("\n" + metric + " ");
  return at == std::string::npos ? -1 : std::stoll(text.substr(at + metric.size() + 2));
}

/// A server that takes connections and never answers.
class tarpit {
public:
  tarpit() {
    accept();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~tarpit() {
    io_.stop();
    thread_.join();
  }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  int64_t connections() const { return connections_; }

private:
  void accept() {
    acceptor_.async_accept([this](auto error, boost::asio::ip::tcp::socket socket) {
      if (error)
        return;
      held_.push_back(std::move(socket));
      ++connections_;
      accept();
    });
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::vector<boost::asio::ip::tcp::socket> held_;
  std::atomic<int64_t> connections_ = 0;
  std::thread thread_;
};

TEST(redis_scenario, a_Redis_that_never_answers_is_left_alone_and_costs_no_record) {
  tarpit redis;
  test_redis unused;
  auto settings = with(unused);
  settings.node["cache.redis_url"] = redis.url();
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  world.control("/control/mutate", {{"inserts", 30}, {"edits", 30}, {"seed", 7}});
  pass(world, 2);
  await("the writers have noticed", [&] { return measured(world, "lode_redis_in_use") == 0; });
  EXPECT_GT(redis.connections(), 0);
  EXPECT_LT(redis.connections(), world.pages_served()) << "pages cost a timeout";
  EXPECT_EQ(world.api_text("GET", "/readyz").status, 200);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(redis_scenario, a_Redis_that_comes_late_and_stands_still_in_mid_run_is_used_again_when_it_is_there) {
  test_redis redis;
  redis.kill();
  scenario world{with(redis)};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  await("the writers have noticed", [&] { return measured(world, "lode_redis_in_use") == 0; });
  redis.start();
  size_t runs = 1;
  auto pass_until_used = [&] {
    for (int i = 0; i < 20 && measured(world, "lode_redis_in_use") < 2; ++i) {
      world.control("/control/mutate", {{"edits", 60}, {"seed", static_cast<int>(++runs)}});
      pass(world, runs);
    }
    return measured(world, "lode_redis_in_use");
  };
  EXPECT_EQ(pass_until_used(), 2) << world.log();
  await("Redis is told", [&] { return redis.ask({"DBSIZE"}).number > 0; });
  world.control("/control/mutate", {{"edits", 60}, {"seed", 1'000}});
  world.await_settled();
  redis.pause();
  world.trigger_all();
  world.await_runs(++runs);
  await("a writer has noticed", [&] { return measured(world, "lode_redis_in_use") < 2; });
  redis.go_on();
  EXPECT_EQ(pass_until_used(), 2) << world.log();
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

/// Kills one of the three at a time, while passes go on and records change between them.
TEST(redis_scenario, node_Redis_and_PostgreSQL_killed_at_random_lose_and_repeat_nothing) {
  const auto* given = std::getenv("LODE_SEED");
  auto seed = given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  SCOPED_TRACE("LODE_SEED=" + std::to_string(seed));
  std::mt19937 random{seed};
  const int kills = std::getenv("LODE_LONG") ? 100 : 10;
  test_redis redis;
  auto settings = with(redis);
  settings.own_server = true;
  scenario world{settings};
  world.start_node("quarantine.waits_long");
  world.import_tenants();
  for (int i = 0; i < kills; ++i) {
    auto before = world.pages_served();
    auto more = random() % 15;
    auto latest = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    await("some pages more are served", [&] {
      return world.pages_served() >= before + more || std::chrono::steady_clock::now() > latest;
    });
    switch (random() % 4) {
      case 0:
        redis.kill();
        redis.start();
        break;
      case 1:
        world.database().crash_server();
        world.database().start_server();
        break;
      default:
        world.kill_node();
        world.start_node("quarantine.waits_long");
    }
    if (i % 5 == 4) { // a pass is done, records change, the next one begins
      world.await_runs(static_cast<size_t>(i) / 5 + 1);
      world.control("/control/mutate", {{"inserts", 20}, {"edits", 40}, {"seed", i}});
      world.await_settled();
      world.trigger_all();
    }
  }
  world.await_runs(static_cast<size_t>(kills) / 5 + 1);
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 0) << "nobody is guilty of a kill from outside";
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
