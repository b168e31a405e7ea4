#include "runtime/node/housekeeper.hpp"

#include <gtest/gtest.h>

#include <map>

#include "messages/type_ids.hpp"

using namespace lode;

namespace {

/// Rows that are left, by what is being erased; -1: erasing it fails.
struct doomed_rows {
  std::map<connection_id, int64_t> connections;
  std::map<tenant_id, int64_t> tenants;

  caf::expected<std::vector<connection_row>> list_deleting_connections() {
    std::vector<connection_row> out;
    for (const auto& [id, left] : connections)
      out.emplace_back().id = id;
    return out;
  }
  caf::expected<std::vector<tenant_row>> list_deleting_tenants() {
    std::vector<tenant_row> out;
    for (const auto& [id, left] : tenants)
      out.emplace_back().id = id;
    return out;
  }
  caf::expected<size_t> erase_some(connection_id id, size_t most) { return erase(connections, id, most); }
  caf::expected<size_t> erase_some(tenant_id id, size_t most) { return erase(tenants, id, most); }

  template <class Id>
  static caf::expected<size_t> erase(std::map<Id, int64_t>& from, Id id, size_t most) {
    auto& left = from[id];
    if (left < 0)
      return caf::make_error(errc::internal, "a row still refers to it");
    auto step = std::min(left, static_cast<int64_t>(most));
    left -= step;
    if (left == 0)
      from.erase(id);
    return static_cast<size_t>(step);
  }
};

bool always() {
  return true;
}

} // namespace

TEST(housekeeper_test, what_cannot_be_erased_holds_up_nothing_else) {
  doomed_rows rows{{{connection_id{1}, -1}, {connection_id{2}, 5}}, {{tenant_id{1}, -1}, {tenant_id{2}, 7}}};
  EXPECT_TRUE(erase_round(rows, always));
  EXPECT_EQ(rows.connections.size(), 1u);
  EXPECT_EQ(rows.tenants.size(), 1u);
  EXPECT_FALSE(erase_round(rows, always)) << "it rests instead of trying again at once";
}

TEST(housekeeper_test, everything_is_erased_a_step_at_a_time) {
  doomed_rows rows{{{connection_id{1}, 1'500}}, {{tenant_id{2}, 2'500}}};
  int rounds = 0;
  while (rounds < 10 && erase_round(rows, always))
    ++rounds;
  EXPECT_EQ(rounds, 3);
  EXPECT_TRUE(rows.connections.empty() && rows.tenants.empty());
}

TEST(housekeeper_test, a_node_that_stops_waits_for_no_more_than_one_step) {
  doomed_rows rows{{{connection_id{1}, 5}, {connection_id{2}, 5}}, {}};
  int steps = 0;
  erase_round(rows, [&] { return steps++ == 0; });
  EXPECT_EQ(rows.connections.size(), 1u);
}
