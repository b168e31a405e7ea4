#include "runtime/http/connection_table.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace lode {

using table = connection_table<int>;

struct connection_table_test : testing::Test {
  /// Asks for a place; who gets one, now or later, is noted in `served` as "name" or "name:idle connection".
  table::ticket ask(const std::string& host, const std::string& name, const std::string& origin = {}) {
    auto note = [this, name](table::permit granted) {
      served.push_back(granted.idle ? name + ":" + std::to_string(*granted.idle) : name);
    };
    auto asked = tested.acquire(host, origin.empty() ? host : origin, note);
    if (asked.kind == table::answer::granted)
      note(asked.granted);
    if (asked.kind == table::answer::refused)
      served.push_back(name + " refused");
    return asked.waiting;
  }

  std::vector<std::string> take_served() { return std::exchange(served, {}); }
  using names = std::vector<std::string>;

  table make(size_t per_host, size_t total, size_t waiting = 100) {
    return table{{per_host, total, waiting}, [this](int connection) { closed.push_back(connection); }};
  }

  table tested = make(2, 3);
  names served;
  std::vector<int> closed;
};

TEST_F(connection_table_test, opens_up_to_the_limit_of_a_host) {
  ask("a", "1"), ask("a", "2"), ask("a", "3");
  EXPECT_EQ(take_served(), (names{"1", "2"}));
  EXPECT_EQ(tested.waiting(), 1u);
  tested.release("a", "a", {});
  EXPECT_EQ(take_served(), names{"3"});
  EXPECT_EQ(tested.open(), 2u);
}

TEST_F(connection_table_test, gives_the_last_used_idle_connection_of_the_origin) {
  ask("a", "1"), ask("a", "2");
  tested.release("a", "a", 7);
  tested.release("a", "a", 8);
  take_served();
  ask("a", "3"), ask("a", "4");
  EXPECT_EQ(take_served(), (names{"3:8", "4:7"}));
  EXPECT_EQ(tested.open(), 2u);
}

TEST_F(connection_table_test, hands_a_released_connection_to_who_waits) {
  ask("a", "1"), ask("a", "2"), ask("a", "3");
  take_served();
  tested.release("a", "a", 7);
  EXPECT_EQ(take_served(), names{"3:7"});
  EXPECT_EQ(tested.idle(), 0u);
}

TEST_F(connection_table_test, closes_an_idle_connection_of_another_origin_for_a_request_at_the_hosts_limit) {
  tested = make(1, 3);
  ask("a", "1", "http://a");
  tested.release("a", "http://a", 7);
  ask("a", "2", "https://a");
  EXPECT_EQ(take_served(), (names{"1", "2"}));
  EXPECT_EQ(closed, std::vector<int>{7});
  EXPECT_EQ(tested.open(), 1u);
}

TEST_F(connection_table_test, closes_the_longest_unused_connection_at_the_total_limit) {
  ask("a", "1"), ask("b", "2"), ask("c", "3");
  tested.release("b", "b", 2);
  tested.release("a", "a", 1);
  ask("d", "4");
  EXPECT_EQ(take_served(), (names{"1", "2", "3", "4"}));
  EXPECT_EQ(closed, std::vector<int>{2});
  EXPECT_EQ(tested.open(), 3u);
}

TEST_F(connection_table_test, serves_in_order_of_arrival_across_hosts) {
  tested = make(2, 2);
  ask("a", "1"), ask("a", "2"), ask("b", "3"), ask("a", "4"), ask("c", "5");
  take_served();
  tested.release("a", "a", 7);
  EXPECT_EQ(take_served(), names{"3"}) << "b came before the next of a";
  EXPECT_EQ(closed, std::vector<int>{7});
  tested.release("a", "a", 8);
  EXPECT_EQ(take_served(), names{"4:8"});
  tested.release("b", "b", {});
  EXPECT_EQ(take_served(), names{"5"});
}

TEST_F(connection_table_test, passes_over_a_host_at_its_own_limit) {
  tested = make(1, 2);
  ask("a", "1"), ask("a", "2"), ask("a", "3"), ask("b", "4"), ask("c", "5");
  take_served();
  tested.release("b", "b", {});
  EXPECT_EQ(take_served(), names{"5"});
}

TEST_F(connection_table_test, forgets_who_gave_up) {
  tested = make(1, 3);
  ask("a", "1");
  auto second = ask("a", "2");
  ask("a", "3");
  take_served();
  EXPECT_TRUE(tested.abandon("a", second));
  tested.release("a", "a", {});
  EXPECT_EQ(take_served(), names{"3"});
  EXPECT_FALSE(tested.abandon("a", second));
}

TEST_F(connection_table_test, refuses_more_waiting_requests_than_it_may_hold) {
  tested = make(1, 1, 1);
  ask("a", "1"), ask("a", "2"), ask("a", "3"), ask("b", "4");
  EXPECT_EQ(served, (names{"1", "3 refused", "4 refused"}));
}

TEST_F(connection_table_test, a_dead_idle_connection_frees_its_place) {
  tested = make(1, 1);
  ask("a", "1");
  tested.release("a", "a", 7);
  tested.drop("a", 7);
  EXPECT_EQ(tested.open(), 0u);
  ask("b", "2");
  EXPECT_EQ(take_served(), (names{"1", "2"}));
  EXPECT_TRUE(closed.empty());
}

TEST_F(connection_table_test, keeps_its_limits_and_serves_everyone_in_random_use) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  tested = make(3, 7, 1000);
  struct held {
    std::string host, origin;
  };
  std::vector<held> held_places;
  std::map<std::string, size_t> held_by_host;
  size_t asked = 0, granted = 0;
  int last_connection = 0;
  auto release = [&] {
    auto at = random() % held_places.size();
    auto place = held_places[at];
    held_places.erase(held_places.begin() + static_cast<long>(at));
    --held_by_host[place.host];
    tested.release(place.host, place.origin, random() % 3 ? std::optional{++last_connection} : std::nullopt);
  };
  for (int i = 0; i < 20'000 || !held_places.empty(); ++i) {
    if (i < 20'000 && tested.waiting() < 100 && random() % 2) {
      held place{"host" + std::to_string(random() % 6), std::to_string(random() % 2)};
      auto take = [&, place](table::permit) {
        ++granted;
        held_places.push_back(place);
        ++held_by_host[place.host];
      };
      ++asked;
      auto answer = tested.acquire(place.host, place.origin, take);
      if (answer.kind == table::answer::granted)
        take(answer.granted);
      else if (random() % 10 == 0)
        granted += tested.abandon(place.host, answer.waiting);
    } else if (!held_places.empty()) {
      release();
    }
    ASSERT_LE(tested.open(), 7u);
    ASSERT_EQ(tested.open(), held_places.size() + tested.idle());
    for (auto& [host, count] : held_by_host)
      ASSERT_LE(count, 3u);
    ASSERT_TRUE(tested.waiting() == 0 || !held_places.empty()) << "somebody waits for nobody";
  }
  EXPECT_EQ(granted, asked);
  EXPECT_EQ(tested.waiting(), 0u);
}

} // namespace lode
