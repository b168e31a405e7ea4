#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "runtime/storage/standing_store.hpp"
#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto throttled = "graph-000", silent = "crm-001", failing = "shop-002", refused = "shop-005", healthy = "graph-003";

scenario_settings patient_sources() {
  scenario_settings settings;
  settings.tenants = 6;
  settings.source_edits = {{"max_retries: 3", "max_retries: 30"}};
  return settings;
}

struct standing_scenario : testing::Test {
  scenario world{patient_sources()};

  std::string of(const std::string& tenant) {
    return " FROM connection c JOIN tenant t ON t.id = c.tenant_id LEFT JOIN standing s ON s.connection_id = c.id WHERE t.name = '" + tenant + "'";
  }
  wait_reason told(const std::string& tenant) {
    return static_cast<wait_reason>(world.number("SELECT coalesce(max(s.told), 0)" + of(tenant)));
  }
  /// Of a bounded wait.
  template <class Condition>
  bool becomes(Condition is_so, std::chrono::seconds within = 40s) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end)
        return false;
      std::this_thread::sleep_for(100ms);
    }
    return true;
  }
  int64_t errors_of(const std::string& tenant, const std::string& where) {
    return world.number("SELECT count(*) FROM call_error e JOIN connection c ON c.id = e.connection_id JOIN tenant t ON t.id = c.tenant_id "
                        "WHERE t.name = '" + tenant + "' AND (" + where + ")");
  }
  std::string supervision_of(const std::string& tenant) {
    return json::serialize(world.api("GET", "/api/v1/tenants/" + tenant + "/supervision"));
  }
};

TEST_F(standing_scenario, the_store_tells_why_a_connection_does_not_get_on) {
  world.fault({{"kind", "too_many_requests"}, {"tenant", throttled}, {"retry_after_s", 30}});
  world.fault({{"kind", "hang"}, {"tenant", silent}});
  world.fault({{"kind", "server_error"}, {"status", 500}, {"tenant", failing}});
  world.fault({{"kind", "dead_token"}, {"tenant", refused}});
  world.start_node();
  world.import_tenants();

  EXPECT_TRUE(becomes([&] { return told(throttled) == wait_reason::quota; })) << world.log();
  EXPECT_TRUE(becomes([&] { return told(failing) == wait_reason::backing_off; })) << world.log();
  EXPECT_TRUE(becomes([&] { return told(silent) == wait_reason::api_slow; })) << world.log();
  EXPECT_TRUE(becomes([&] { return world.number("SELECT coalesce(max(s.told_until - s.told_since), 0)" + of(throttled)) > 5'000'000; })) << "its end is known";
  EXPECT_EQ(world.number("SELECT count(*)" + of(failing) + " AND s.detail LIKE '%500%'"), 1);
  EXPECT_THAT(supervision_of(throttled), HasSubstr("waits for quota"));
  EXPECT_THAT(supervision_of(failing), HasSubstr("tries have failed"));
  world.await_state(refused, "suspended");

  // What failed is kept, with status and words.
  EXPECT_TRUE(becomes([&] { return errors_of(failing, "e.status = 500 AND e.request LIKE 'GET %' AND e.response LIKE 'HTTP 500%'") > 0; }));
  EXPECT_TRUE(becomes([&] { return errors_of(throttled, "e.status = 429") > 0; }));
  EXPECT_TRUE(becomes([&] { return errors_of(silent, "e.status = 0") > 0; }));
  EXPECT_TRUE(becomes([&] { return errors_of(refused, "e.status IN (401, 403)") > 0; }));
  for (const auto& tenant : world.control_lines("/control/tenants"))
    for (auto name : {"access_token", "client_secret", "refresh_token", "api_key"})
      if (auto secret = text_in(tenant, name); !secret.empty()) {
        EXPECT_EQ(world.number("SELECT count(*) FROM call_error e, standing s WHERE e.request || e.response || e.words || s.detail LIKE '%" + secret + "%'"), 0)
          << name;
      }

  // Those that are well are told to be, and of nobody who has ended is anything told.
  world.await_runs(1, {healthy});
  EXPECT_TRUE(becomes([&] { return world.number("SELECT count(s.told)" + of(healthy)) == 0; }));
  world.clear_faults();
  world.await_runs(1, {failing, silent});
  EXPECT_TRUE(becomes([&] { return world.number("SELECT count(s.told)" + of(failing)) == 0; }));

  const auto figures = world.present_node().status();
  EXPECT_GT(number_in(figures, "calls"), number_in(figures, "failed_calls"));
  EXPECT_GT(number_in(figures, "failed_calls"), 0);
  EXPECT_GT(number_in(figures, "memory_bytes"), 1'000'000);
}

} // namespace
} // namespace lode::test
