#include "actors/extraction/miner_registry.hpp"

#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;

namespace {

/// Two streams, the second with a miner of its own; the factories write down what they were asked for.
struct miner_registry_test : actor_test {
  std::vector<std::string> made;
  miner_registry known{"miner"};
  connection_pointer connection;

  miner_registry_test() {
    auto plan = std::make_shared<source_plan>(*item_plan());
    plan->streams.push_back(plan->streams[0]);
    plan->streams[1].name = "calls";
    plan->streams[1].lode.miner = "soap";
    connection = item_connection(1, plan);
    for (std::string name : {default_miner, "soap"})
      EXPECT_FALSE(known.add(name, [this, name](caf::actor_system&, const miner_job& job) {
        made.push_back(name + " mines " + job.connection->stream(job.stream).name);
        return miner_actor{};
      }));
  }
};

} // namespace

TEST_F(miner_registry_test, a_stream_is_mined_by_the_miner_that_its_source_names_and_the_others_by_the_default) {
  auto make = miners_by_name(known);
  for (uint32_t stream : {0u, 1u, 0u})
    make(system, miner_job{{}, connection, {}, stream, {}, {}, {}});
  EXPECT_EQ(made, (std::vector<std::string>{"manifest mines items", "soap mines calls", "manifest mines items"}));
}

TEST_F(miner_registry_test, brings_the_miner_of_manifests) {
  EXPECT_EQ(builtin_miners().names(), std::vector<std::string>{"manifest"});
}
