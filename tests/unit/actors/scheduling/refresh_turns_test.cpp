#include "actors/scheduling/refresh_turns.hpp"

#include "tests/support/actor_test.hpp"

using namespace lode;

namespace {

struct refresh_turns_test : actor_test {
  caf::actor_addr asker() {
    actors.push_back(system.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; }));
    return actors.back().address();
  }
  void enter(int64_t connection, const caf::actor_addr& who, int name) {
    turns.enter(connection_id{connection}, who, [this, name] { begun.push_back(name); });
  }
  ~refresh_turns_test() override {
    for (const auto& actor : actors)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
  }

  std::vector<caf::actor> actors;
  refresh_turns turns;
  std::vector<int> begun;
};

} // namespace

TEST_F(refresh_turns_test, one_asker_of_a_connection_has_its_turn_and_the_next_one_follows_it) {
  auto first = asker(), second = asker(), third = asker();
  enter(1, first, 1), enter(1, second, 2), enter(1, third, 3);
  EXPECT_EQ(begun, std::vector<int>{1});
  turns.leave({1}, first);
  EXPECT_EQ(begun, (std::vector<int>{1, 2}));
  turns.leave({1}, third);
  turns.leave({1}, second);
  EXPECT_EQ(begun, (std::vector<int>{1, 2})) << "who has left waits no more";
  EXPECT_TRUE(turns.empty());
}

TEST_F(refresh_turns_test, connections_do_not_wait_for_each_other) {
  auto first = asker(), second = asker();
  enter(1, first, 1), enter(2, second, 2);
  EXPECT_EQ(begun, (std::vector<int>{1, 2}));
}

TEST_F(refresh_turns_test, an_actor_that_has_ended_holds_nobody_up) {
  auto first = asker(), second = asker(), third = asker();
  enter(1, first, 1), enter(1, second, 2), enter(1, third, 3);
  turns.forget(second);
  turns.forget(first);
  EXPECT_EQ(begun, (std::vector<int>{1, 3}));
}

TEST_F(refresh_turns_test, a_turn_may_end_while_it_begins) {
  auto first = asker();
  turns.enter({1}, first, [&] { turns.leave({1}, first); });
  EXPECT_TRUE(turns.empty());
}
