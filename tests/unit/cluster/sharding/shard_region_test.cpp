#include "cluster/sharding/shard_region.hpp"

#include "tests/support/actor_test.hpp"

using namespace lode;

namespace {

struct shard_region_test : actor_test {
  int spawned = 0;
  std::vector<int64_t> begun;
  std::vector<int64_t> lost;
  std::vector<tenant_supervisor_actor> supervisors;
  shard_region_actor region = spawn<shard_region>([this](caf::actor_system&, tenant_id, const shard_region_actor&) {
    ++spawned;
    supervisors.push_back(spawn_fake<tenant_supervisor_actor>(
      [this](const begin_run& command) { begun.push_back(command.connection.value); }, [](const resume_run&) {},
      [](connection_changed) {}, [](const cancel_run&) {}, [](leave_tenant) {}, [](const continuation_ended&) {},
      [](const continuations_opened&) {}, [](const connection_failed&) {}, [](records_died) {}, [](timer_fired) {}));
    return supervisors.back();
  },
    [this](const tenant_lost& loss) { lost.push_back(loss.tenant.value); });

  void begin(int64_t tenant, int64_t connection) {
    caf::anon_send(region, tenant_command{tenant_id{tenant}, begin_run{connection_id{connection}}});
    run();
  }
};

} // namespace

TEST_F(shard_region_test, commands_of_one_tenant_reach_one_supervisor) {
  begin(1, 10), begin(1, 11), begin(2, 20);
  EXPECT_EQ(spawned, 2);
  EXPECT_EQ(begun, (std::vector<int64_t>{10, 11, 20}));
}

TEST_F(shard_region_test, an_idle_supervisor_ends_and_the_next_command_spawns_another) {
  begin(1, 10);
  caf::anon_send(region, tenant_idle{tenant_id{1}, 1});
  run();
  EXPECT_TRUE(lost.empty());
  begin(1, 11);
  EXPECT_EQ(spawned, 2);
}

TEST_F(shard_region_test, a_supervisor_that_was_sent_more_since_it_was_idle_lives_on) {
  begin(1, 10), begin(1, 11);
  caf::anon_send(region, tenant_idle{tenant_id{1}, 1});
  run();
  begin(1, 12);
  EXPECT_EQ(spawned, 1);
}

TEST_F(shard_region_test, a_supervisor_that_died_is_spawned_again_with_the_next_command) {
  begin(1, 10);
  caf::anon_send_exit(supervisors[0], caf::exit_reason::kill);
  run();
  EXPECT_EQ(lost, std::vector<int64_t>{1});
  begin(1, 11);
  EXPECT_EQ(spawned, 2);
  EXPECT_EQ(begun.size(), 2u);
}
