#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using testing::HasSubstr;

namespace {

struct cluster_test : console_fixture {
  /// Node `name` of the view.
  incarnation join(const std::string& name, int64_t life, bool enters = true) {
    auto store = database.make_membership_store(incarnation{life});
    EXPECT_TRUE(store->join({name, incarnation{life}, "127.0.0.1:1", 100}));
    if (enters) {
      EXPECT_FALSE(store->enter(incarnation{life}));
    }
    return incarnation{life};
  }
  json::value node_of(const json::value& cluster, const std::string& name) {
    for (const auto& row : cluster.at("nodes").as_array())
      if (row.at("name").as_string() == name)
        return row;
    ADD_FAILURE() << "no node " << name << " in " << cluster;
    return {};
  }
};

} // namespace

TEST_F(cluster_test, the_cluster_shows_links_silence_and_figures) {
  join("n2", 2), join("n3", 3);
  node->surveyed.links = {{incarnation{2}, "n2", link_phase::up, ""}, {incarnation{3}, "n3", link_phase::refused, "other cluster"}};
  node_report report;
  report.status.self = incarnation{2};
  report.status.open_runs = 5;
  report.actors = {{"lode.miner", 7, 42, 0.5}};
  node->surveyed.reports = {report};
  node->surveyed.silent = {incarnation{3}};
  auto cluster = expect(200, "GET", "/api/v1/cluster");
  auto n2 = node_of(cluster, "n2");
  EXPECT_EQ(n2.at("state"), json::value("member"));
  EXPECT_EQ(n2.at("link").at("state"), json::value("up"));
  EXPECT_EQ(n2.at("figures").at("open_runs"), json::value(5u));
  EXPECT_EQ(n2.at("actors").at(0).at("mailbox"), json::value(7));
  EXPECT_EQ(n2.at("actors").at(0).at("messages"), json::value(42));
  auto n3 = node_of(cluster, "n3");
  EXPECT_EQ(n3.at("link").at("why_not"), json::value("other cluster"));
  EXPECT_EQ(n3.at("is_silent"), json::value(true));
  EXPECT_TRUE(n3.at("figures").is_null());
}

TEST_F(cluster_test, a_tenant_is_shown_with_the_node_that_mines_it) {
  expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
  EXPECT_TRUE(expect(200, "GET", "/api/v1/tenants/acme").at("node").is_null());
  auto n2 = join("n2", 2);
  auto shard = expect(200, "GET", "/api/v1/tenants/acme").at("shard").to_number<int64_t>();
  auto store = database.make_membership_store(n2);
  ASSERT_TRUE(store->claim(n2, store->look()->number, {shard_id{shard}}));
  EXPECT_EQ(expect(200, "GET", "/api/v1/tenants/acme").at("node"), json::value("n2"));
  EXPECT_EQ(expect(200, "GET", "/api/v1/tenants").at("tenants").at(0).at("node"), json::value("n2"));
  const auto cluster = expect(200, "GET", "/api/v1/cluster");
  EXPECT_EQ(node_of(cluster, "n2").at("tenants"), json::value(1));
  EXPECT_EQ(node_of(cluster, "n2").at("shards"), json::value(1));
  EXPECT_EQ(cluster.at("shards_without_node").to_number<int64_t>(), cluster.at("shards").to_number<int64_t>() - 1);
  EXPECT_FALSE(store->leave(n2));
  EXPECT_TRUE(expect(200, "GET", "/api/v1/tenants").at("tenants").at(0).at("node").is_null());
}

TEST_F(cluster_test, any_node_drains_any_other_through_the_store) {
  join("n2", 2), join("n3", 3);
  expect(200, "POST", "/api/v1/nodes/n2/drain");
  EXPECT_THAT(node->take(), testing::ElementsAre("look at the nodes"));
  EXPECT_EQ(node_of(expect(200, "GET", "/api/v1/cluster"), "n2").at("state"), json::value("draining"));
  expect(200, "POST", "/api/v1/nodes/n2/undrain");
  EXPECT_EQ(node_of(expect(200, "GET", "/api/v1/cluster"), "n2").at("state"), json::value("member"));
}

TEST_F(cluster_test, a_node_that_is_not_there_or_not_yet_is_not_drained) {
  join("n2", 2, false);
  expect(404, "POST", "/api/v1/nodes/n9/drain");
  EXPECT_THAT(json::serialize(expect(409, "POST", "/api/v1/nodes/n2/drain")), HasSubstr("joining"));
}
