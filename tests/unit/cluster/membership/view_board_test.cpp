#include "cluster/membership/view_board.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

view_pointer view_of(std::vector<std::pair<int64_t, node_state>> lives) {
  cluster_view view;
  for (auto [self, state] : lives)
    view.nodes.push_back({"n" + std::to_string(self), incarnation{self}, state, 100, 0, ""});
  return std::make_shared<const cluster_view>(view);
}

constexpr view_board::time_point start{1h};

} // namespace

TEST(view_board, without_a_view_a_node_counts_itself) {
  EXPECT_EQ(view_board{}.live_nodes(start), 1u);
  EXPECT_FALSE(view_board{}.latest());
}

TEST(view_board, all_that_may_send_requests_count) {
  view_board board;
  board.put(view_of({{1, node_state::member}, {2, node_state::joining}, {3, node_state::draining}}), start);
  EXPECT_EQ(board.live_nodes(start), 3u);
  EXPECT_EQ(board.latest()->nodes.size(), 3u);
}

TEST(view_board, one_that_is_gone_counts_until_what_it_took_is_over) {
  view_board board;
  board.put(view_of({{1, node_state::member}, {2, node_state::member}}), start);
  board.put(view_of({{1, node_state::member}}), start + 1s);
  EXPECT_EQ(board.live_nodes(start + 1s), 2u);
  board.put(view_of({{1, node_state::member}}), start + 4s); // seen again: it is not gone anew
  EXPECT_EQ(board.live_nodes(start + 5'999ms), 2u);
  EXPECT_EQ(board.live_nodes(start + 6s), 1u);
}

TEST(view_board, who_comes_does_not_stand_for_who_went) {
  view_board board;
  board.put(view_of({{1, node_state::member}, {2, node_state::member}}), start);
  board.put(view_of({{1, node_state::member}, {3, node_state::joining}}), start);
  EXPECT_EQ(board.live_nodes(start), 3u);
  board.put(view_of({{1, node_state::member}, {2, node_state::member}, {3, node_state::member}}), start);
  EXPECT_EQ(board.live_nodes(start), 3u);
}
