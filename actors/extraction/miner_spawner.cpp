#include "actors/extraction/miner_spawner.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"

namespace lode {

namespace {

/// CAF asks for the name once the actor is made, and may do so as long as it is there.
class named_miner final : public miner {
public:
  named_miner(caf::actor_config& config, std::string name, miner_job job)
      : miner(config, std::move(job)), name_(std::move(name)) {}

  const char* name() const override { return name_.c_str(); }

private:
  std::string name_;
};

} // namespace

miner_actor spawn_miner(caf::actor_system& system, miner_job job) {
  auto kind = job.connection->stream(job.stream).lode.own_miner();
  if (kind.empty())
    return system.spawn<miner>(std::move(job));
  auto name = actor_name_of({.who = worker::miner, .kind = std::move(kind)});
  return system.spawn<named_miner>(std::move(name), std::move(job));
}

} // namespace lode
