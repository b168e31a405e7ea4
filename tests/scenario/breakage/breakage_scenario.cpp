#include <gtest/gtest.h>

#include <ctime>

#include "tests/scenario/breakage/commit_saboteur.hpp"

/// Each check is taken out once, in a situation in which it matters. The audit must see it, and must see nothing in the
/// same situation while the check stands.
namespace lode::test {
namespace {

/// When the record that a line of the truth tells of was changed last, in ms: an edit that keeps it stays on its page.
int64_t updated_at(const json::object& truth) {
  std::tm parts{};
  strptime(text_in(truth.at("record").as_object(), "updated_at").c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return timegm(&parts) * 1000;
}

struct breakage_scenario : testing::TestWithParam<bool> {
  bool is_broken() const { return GetParam(); }

  static scenario_settings one_shop() {
    scenario_settings settings;
    settings.tenants = 1;
    settings.dialects = "shop";
    settings.records = "orders=100,products=0,customers=0";
    settings.streams = {"orders"};
    settings.node = {{"mining.window", "1"}}; // with one stream: one page, one commit
    settings.source_edits = {{"page_size: 250", "page_size: 20"}, {"step: P91D", "step: P3650D"}};
    return settings;
  }
};

INSTANTIATE_TEST_SUITE_P(check, breakage_scenario, testing::Bool(),
                         [](const auto& info) { return info.param ? "off" : "on"; });

TEST_P(breakage_scenario, comparing_with_the_latest_hash) {
  auto settings = one_shop();
  settings.records = "orders=0,products=100,customers=0"; // a stream without a cursor is read whole in each pass
  settings.streams = {"products"};
  scenario world{settings};
  world.start_node(is_broken() ? "compare.off" : "");
  world.import_tenants();
  world.await_runs(1);
  world.trigger_all();
  world.await_runs(2);
  auto result = world.audit();
  EXPECT_EQ(is_verified(result), !is_broken()) << world.audit_text();
  EXPECT_EQ(number_in(result, "duplicated") > 0, is_broken()) << world.audit_text();
}

/// A database that lost its last moments (a fail-over does so) has forgotten a page that it had confirmed: the next page
/// must not commit over the hole.
TEST_P(breakage_scenario, the_version_check) {
  scenario world{one_shop()};
  world.start_node();
  commit_saboteur saboteur{world};
  if (is_broken())
    saboteur.without_version_check();
  saboteur.lose_commit(2);
  world.import_tenants();
  world.await_runs();
  auto result = world.audit();
  EXPECT_EQ(world.number("SELECT count(*) FROM sabotage WHERE mode = 0"), 1) << "no commit was lost";
  EXPECT_EQ(is_verified(result), !is_broken()) << world.audit_text();
  EXPECT_EQ(number_in(result, "lost") > 0, is_broken()) << world.audit_text();
}

/// The commit of a node that was believed to be dead arrives after another has claimed its shards and has asked the API
/// for the same page again, which meanwhile has changed.
TEST_P(breakage_scenario, the_fence) {
  scenario world{one_shop()};
  const auto tenant = world.tenants().at(0);
  world.start_node();
  commit_saboteur saboteur{world};
  if (is_broken())
    saboteur.without_fence();
  saboteur.keep_next_commit();
  world.fault({{"kind", "hang"}, {"stream", "orders"}, {"skip", 1}});
  world.import_tenants();
  await("a commit is kept", [&] { return saboteur.has_kept(); });
  world.kill_node();
  world.clear_faults();
  auto truth = world.control_lines("/control/truth");
  auto key = std::find_if(truth.begin(), truth.end(), [](const auto& line) { return !line.at("served").as_array().empty(); });
  ASSERT_NE(key, truth.end());
  world.control("/control/mutate", {{"ops", json::array{json::object{{"op", "edit"}, {"tenant", tenant},
                                                                     {"stream", "orders"}, {"key", key->at("key")},
                                                                     {"at", updated_at(*key)}}}}});
  world.fault({{"kind", "slow_first_byte"}, {"stream", "orders"}, {"times", 1}, {"delay_ms", 1500}});
  auto before = world.requests(tenant).size();
  world.start_node();
  await("the second node asks for the page", [&] {
    auto requests = world.requests(tenant);
    return std::any_of(requests.begin() + static_cast<ptrdiff_t>(before), requests.end(),
                       [](const auto& each) { return text_in(each, "stream") == "orders"; });
  });
  EXPECT_EQ(saboteur.deliver_kept(), is_broken() ? 0 : 2);
  world.await_runs();
  auto result = world.audit();
  EXPECT_EQ(is_verified(result), !is_broken()) << world.audit_text();
  EXPECT_EQ(number_in(result, "lost") > 0, is_broken()) << world.audit_text();
}

} // namespace
} // namespace lode::test
