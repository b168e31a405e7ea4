#include "actors/extraction/miner_registry.hpp"

#include <caf/all.hpp>

namespace lode {

miner_registry make_miner_registry() {
  miner_registry result{"miner"};
  [[maybe_unused]] auto taken = result.add(default_miner, [](caf::actor_system& system, miner_job job) -> miner_actor {
    return system.spawn<miner>(std::move(job));
  });
  return result;
}

} // namespace lode
