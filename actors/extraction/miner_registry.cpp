#include "actors/extraction/miner_registry.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"

namespace lode {

miner_registry builtin_miners() {
  return miner_registry{"miner", {{default_miner, [](caf::actor_system& system, miner_job job) -> miner_actor {
                                     return system.spawn<miner>(std::move(job));
                                   }}}};
}

miner_factory miners_by_name(const miner_registry& known) {
  return [&known](caf::actor_system& system, miner_job job) {
    auto make = known.find(job.connection->stream(job.stream).lode.miner);
    if (!make)
      CAF_CRITICAL(message_of(make.error()).c_str());
    return (**make)(system, std::move(job));
  };
}

} // namespace lode
