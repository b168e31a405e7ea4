#include "cluster/sharding/shard_region.hpp"

#include <caf/all.hpp>

namespace lode {

shard_region_state::shard_region_state(shard_region_actor::pointer self, spawn_supervisor spawn)
  : self(self), spawn(std::move(spawn)) {}

shard_region_actor::behavior_type shard_region_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) {
    std::erase_if(residents, [&](const auto& entry) { return entry.second.supervisor.address() == down.source; });
  });
  self->set_exit_handler([this](caf::exit_msg& exit) {
    for (auto& [tenant, resident] : residents)
      self->send_exit(resident.supervisor, exit.reason);
    self->quit(std::move(exit.reason));
  });
  return {
    [this](tenant_command& msg) {
      auto& resident = resident_of(msg.tenant);
      ++resident.commands;
      std::visit([&](auto& command) { self->send(resident.supervisor, std::move(command)); }, msg.command);
    },
    [this](const tenant_idle& msg) {
      auto i = residents.find(msg.tenant);
      if (i == residents.end() || i->second.commands != msg.commands)
        return;
      self->send_exit(i->second.supervisor, caf::exit_reason::user_shutdown);
      residents.erase(i);
    },
  };
}

shard_region_state::resident& shard_region_state::resident_of(tenant_id tenant) {
  auto& resident = residents[tenant];
  if (!resident.supervisor) {
    resident.supervisor = spawn(self->system(), tenant, shard_region_actor{self});
    self->monitor(resident.supervisor);
  }
  return resident;
}

} // namespace lode
