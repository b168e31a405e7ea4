#include "cluster/sharding/shard_region.hpp"

#include <map>

#include "actors/supervision/timers.hpp"
#include "runtime/storage/shard_hash.hpp"
#include "tests/support/actor_test.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

using ids = std::vector<int64_t>;

shard_id shard(int64_t tenant) {
  return shard_of(tenant_id{tenant});
}

/// A region whose supervisors are puppets: the test says when they end.
struct shard_region_test : actor_test {
  using promise = caf::typed_response_promise<void>;
  ids begun;
  ids lost;
  ids hooks, successors;
  ids left; ///< tenants whose supervisor was told to leave
  std::vector<tenant_supervisor_actor> supervisors;
  using reasons = std::map<size_t, std::string>;
  std::shared_ptr<reasons> ended = std::make_shared<reasons>(); ///< by place
  std::vector<shards_vacated> vacated;
  bool is_slow = false; ///< commands are not answered

  timers_actor service = spawn<timers>();
  shard_keeper_actor keeper = spawn_fake<shard_keeper_actor>(
    [](wake) {}, [](const view_seen&) {}, [this](const shards_vacated& msg) { vacated.push_back(msg); }, [](shards_freed) {});
  shard_region_actor region = spawn<shard_region>(shard_region_parts{
    [this](caf::actor_system&, tenant_id tenant, const shard_region_actor&) { return puppet(tenant); },
    [this](const tenant_lost& loss) { lost.push_back(loss.tenant.value); }, service});

  tenant_supervisor_actor puppet(tenant_id tenant) {
    auto made = system.spawn([this, tenant](tenant_supervisor_actor::pointer self) -> tenant_supervisor_actor::behavior_type {
      auto acting = std::make_shared<std::vector<promise>>(); // dies with the actor
      return {[this, self, acting](const begin_run& command) -> caf::result<void> {
                begun.push_back(command.connection.value);
                if (!is_slow)
                  return caf::unit;
                acting->push_back(self->make_response_promise<void>());
                return acting->back();
              },
              [](const resume_run&) {},
              [](connection_changed) {},
              [](const cancel_run&) {},
              [](listen) {},
              [this](const hear_webhook& hook) { hooks.push_back(hook.connection.value); },
              [this](successor_listens word) { successors.push_back(word.subscription); },
              [](replay_dead_letter) {},
              [this, tenant](leave_tenant) { left.push_back(tenant.value); },
              [](const continuation_ended&) {},
              [](const continuations_opened&) {},
              [](const connection_failed&) {},
              [](records_died) {},
              [](timer_fired) {}};
    });
    caf::actor_cast<caf::abstract_actor*>(made)->attach_functor(
      [ended = ended, place = supervisors.size()](const caf::error& why) { (*ended)[place] = to_string(why); });
    supervisors.push_back(made);
    endings.push_back([made] { caf::anon_send_exit(made, caf::exit_reason::kill); });
    return made;
  }

  void SetUp() override { gain({1, 2, 3}); }

  void gain(const ids& tenants) {
    shards_gained msg;
    for (auto tenant : tenants)
      msg.claims.push_back({shard(tenant), {1}});
    caf::anon_send(region, msg);
    run();
  }
  void begin(int64_t tenant, int64_t connection) {
    caf::anon_send(region, tenant_command{tenant_id{tenant}, begin_run{connection_id{connection}}});
    run();
  }
  caf::error deliver(int64_t tenant, int64_t connection) {
    return done(region, deliver_command{{tenant_id{tenant}, begin_run{connection_id{connection}}}});
  }
  void vacate(const ids& tenants, std::chrono::milliseconds patience = 10s) {
    vacate_shards order{{}, patience};
    for (auto tenant : tenants)
      order.shards.push_back(shard(tenant));
    caf::send_as(keeper, region, order);
    run();
  }
  void end(size_t place, caf::error why = caf::exit_reason::user_shutdown) {
    send_exit(supervisors.at(place), std::move(why));
  }
};

} // namespace

TEST_F(shard_region_test, commands_of_one_tenant_reach_one_supervisor) {
  begin(1, 10), begin(1, 11), begin(2, 20);
  EXPECT_EQ(supervisors.size(), 2u);
  EXPECT_EQ(begun, (ids{10, 11, 20}));
}

TEST_F(shard_region_test, an_idle_supervisor_leaves_and_the_next_command_spawns_another_when_it_has_ended) {
  begin(1, 10);
  caf::anon_send(region, tenant_idle{tenant_id{1}, 1});
  run();
  EXPECT_EQ(left, ids{1});
  begin(1, 11);
  EXPECT_EQ(begun, ids{10}) << "two supervisors of one tenant would mine the same";
  end(0);
  EXPECT_EQ(begun, (ids{10, 11}));
  EXPECT_EQ(supervisors.size(), 2u);
  EXPECT_TRUE(lost.empty());
}

TEST_F(shard_region_test, a_supervisor_that_was_sent_more_since_it_was_idle_lives_on) {
  begin(1, 10), begin(1, 11);
  caf::anon_send(region, tenant_idle{tenant_id{1}, 1});
  run();
  begin(1, 12);
  EXPECT_EQ(supervisors.size(), 1u);
  EXPECT_TRUE(left.empty());
}

TEST_F(shard_region_test, a_supervisor_that_died_is_spawned_again_with_the_next_command) {
  begin(1, 10);
  end(0, caf::exit_reason::kill);
  EXPECT_EQ(lost, ids{1});
  begin(1, 11);
  EXPECT_EQ(supervisors.size(), 2u);
  EXPECT_EQ(begun.size(), 2u);
}

TEST_F(shard_region_test, commands_to_foreign_shards_are_dropped_or_refused) {
  begin(7, 70);
  EXPECT_EQ(deliver(7, 71), errc::not_owner);
  EXPECT_TRUE(supervisors.empty());
}

TEST_F(shard_region_test, a_webhook_goes_to_who_listens_and_spawns_nobody) {
  const deliver_command hook{{tenant_id{1}, hear_webhook{connection_id{10}, {}}}};
  EXPECT_EQ(done(region, hook), errc::not_found);
  EXPECT_TRUE(supervisors.empty());
  begin(1, 10);
  EXPECT_FALSE(done(region, hook));
  EXPECT_EQ(hooks, ids{10});
}

TEST_F(shard_region_test, who_leaves_hears_of_its_successor_and_of_nothing_else) {
  begin(1, 10);
  vacate({1});
  EXPECT_EQ(left, ids{1});
  EXPECT_FALSE(done(region, deliver_command{{tenant_id{1}, successor_listens{connection_id{10}, 42}}}));
  EXPECT_EQ(successors, ids{42});
  EXPECT_EQ(done(region, deliver_command{{tenant_id{1}, hear_webhook{connection_id{10}, {}}}}), errc::not_owner);
  EXPECT_EQ(done(region, deliver_command{{tenant_id{2}, successor_listens{connection_id{20}, 43}}}), errc::not_found);
  EXPECT_EQ(supervisors.size(), 1u);
}

TEST_F(shard_region_test, a_command_is_answered_when_the_supervisor_has_acted) {
  EXPECT_FALSE(deliver(1, 10));
  is_slow = true;
  std::optional<caf::error> answer;
  system.spawn([&](caf::event_based_actor* self) {
    self->request(region, caf::infinite, deliver_command{{tenant_id{1}, begin_run{connection_id{11}}}})
      .then([&] { answer = caf::error{}; }, [&](caf::error& why) { answer = std::move(why); });
  });
  run();
  EXPECT_EQ(begun, (ids{10, 11}));
  EXPECT_FALSE(answer);
  end(0, caf::exit_reason::kill);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, errc::unknown_outcome) << "nobody knows how far it came";
}

TEST_F(shard_region_test, idle_shards_are_vacated_at_once_and_busy_ones_when_their_last_supervisor_has_ended) {
  begin(1, 10);
  vacate({1, 2, 3});
  ASSERT_EQ(vacated.size(), 1u);
  EXPECT_EQ(vacated[0].shards, (std::vector{shard(2), shard(3)}));
  EXPECT_EQ(left, ids{1});
  begin(1, 11);
  EXPECT_EQ(deliver(1, 12), errc::not_owner);
  EXPECT_EQ(begun, ids{10}) << "nothing begins in a shard that leaves";
  end(0);
  ASSERT_EQ(vacated.size(), 2u);
  EXPECT_EQ(vacated[1].shards, std::vector{shard(1)});
  EXPECT_TRUE(lost.empty());
}

TEST_F(shard_region_test, what_is_still_at_work_after_the_patience_ends_at_once) {
  begin(1, 10);
  vacate({1}, 1s);
  advance(500ms);
  EXPECT_TRUE(ended->empty());
  advance(1s);
  ASSERT_EQ(ended->size(), 1u);
  EXPECT_NE(ended->at(0).find("not_owner"), std::string::npos) << ended->at(0);
  ASSERT_EQ(vacated.size(), 1u);
  EXPECT_TRUE(lost.empty());
}

TEST_F(shard_region_test, what_is_at_work_in_a_lost_shard_ends_at_once) {
  begin(1, 10), begin(2, 20);
  caf::anon_send(region, shards_lost{{shard(1)}});
  run();
  EXPECT_EQ(ended->size(), 1u);
  EXPECT_TRUE(ended->contains(0));
  EXPECT_TRUE(lost.empty());
  EXPECT_TRUE(vacated.empty());
}

TEST_F(shard_region_test, a_shard_that_comes_back_while_its_tenants_leave_serves_them_when_they_have_left) {
  begin(1, 10);
  vacate({1});
  gain({1});
  begin(1, 11);
  EXPECT_EQ(begun, ids{10});
  end(0);
  EXPECT_EQ(begun, (ids{10, 11}));
  EXPECT_TRUE(vacated.empty());
}
