#include "cluster/sharding/command_routing.hpp"

#include <gmock/gmock.h>

#include "messages/actors.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr incarnation me{1};
constexpr incarnation other{2};
const cluster_view both{3, {{"a", me, node_state::member, 100, 0, ""}, {"b", other, node_state::draining, 100, 0, ""}}};

} // namespace

TEST(way_of, goes_to_the_owner) {
  shard_table table{{me, other}};
  EXPECT_EQ(way_of({0}, &table, &both, me).where, command_way::here);
  auto way = way_of({1}, &table, &both, me);
  EXPECT_EQ(way.where, command_way::peer);
  EXPECT_EQ(way.node, "b"); // also while it drains: it owns it still
}

TEST(way_of, is_nowhere_without_table_owner_or_living_owner) {
  shard_table table{{incarnation{}, incarnation{9}}};
  EXPECT_THAT(way_of({0}, nullptr, &both, me).why, HasSubstr("not read yet"));
  EXPECT_THAT(way_of({7}, &table, &both, me).why, HasSubstr("not read yet"));
  EXPECT_THAT(way_of({0}, &table, &both, me).why, HasSubstr("no node owns"));
  EXPECT_THAT(way_of({1}, &table, &both, me).why, HasSubstr("is gone"));
  EXPECT_EQ(way_of({1}, &table, nullptr, me).where, command_way::nowhere);
}

TEST(command_ids, are_short_and_printable) {
  EXPECT_EQ(id_mistake(std::string(64, 'x')), "");
  EXPECT_THAT(id_mistake(std::string(65, 'x')), HasSubstr("65"));
  EXPECT_NE(id_mistake(""), "");
  EXPECT_NE(id_mistake("a b"), "");
  EXPECT_NE(id_mistake("a\n"), "");
}

TEST(waiting_room, keeps_the_order_of_each_shard_when_one_comes_back) {
  waiting_room room{{}};
  const waiting_room::time_point t{};
  room.add({1}, 11, 1, t), room.add({1}, 12, 1, t), room.add({0}, 13, 1, t);
  EXPECT_THAT(room.take_all(), ElementsAre(13, 11, 12));
  room.add({1}, 12, 1, t), room.add({1}, 11, 1, t);
  EXPECT_THAT(room.take_all(), ElementsAre(11, 12));
  EXPECT_EQ(room.count(), 0u);
}

TEST(waiting_room, is_bounded_by_count_and_by_bytes) {
  waiting_room few{{2, 1'000, 5s}};
  EXPECT_TRUE(few.add({1}, 1, 1, {}));
  EXPECT_TRUE(few.add({1}, 2, 1, {}));
  EXPECT_FALSE(few.add({2}, 3, 1, {}));
  waiting_room small{{100, 10, 5s}};
  EXPECT_TRUE(small.add({1}, 1, 8, {}));
  EXPECT_FALSE(small.add({1}, 2, 3, {}));
  small.take_all();
  EXPECT_TRUE(small.add({1}, 2, 3, {}));
}

TEST(waiting_room, webhooks_leave_room_for_commands_of_people) {
  waiting_room room{{100, 10, 5s}};
  EXPECT_TRUE(room.add({1}, 1, 4, {}, true));
  EXPECT_FALSE(room.add({1}, 2, 2, {}, true));
  EXPECT_TRUE(room.add({1}, 3, 6, {}));
}

TEST(waiting_room, gives_out_whose_time_is_up) {
  waiting_room room{{}};
  const waiting_room::time_point t{};
  room.add({1}, 1, 1, t + 1s), room.add({1}, 2, 1, t + 2s), room.add({2}, 3, 1, t + 1s);
  EXPECT_THAT(room.take_expired(t + 999ms), IsEmpty());
  EXPECT_THAT(room.take_expired(t + 1s), ElementsAre(1, 3));
  EXPECT_FALSE(room.holds({2}));
  EXPECT_EQ(room.count(), 1u);
}
