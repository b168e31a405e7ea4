#include "cluster/sharding/shard_region.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace lode {

shard_region_state::shard_region_state(shard_region_actor::pointer self, spawn_supervisor spawn, report_loss report)
  : self(self), spawn(std::move(spawn)), report(std::move(report)) {}

shard_region_actor::behavior_type shard_region_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) { ended(down); });
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
    [](const deliver_command&) -> caf::result<void> { return caf::make_error(errc::not_owner); },
    [](const shards_gained&) {},
    [](const vacate_shards&) {},
    [](const shards_lost&) {},
    [](timer_fired) {},
    [this](const tenant_idle& msg) {
      auto i = residents.find(msg.tenant);
      if (i == residents.end() || i->second.commands != msg.commands)
        return;
      self->send_exit(i->second.supervisor, caf::exit_reason::user_shutdown);
      residents.erase(i);
    },
  };
}

void shard_region_state::ended(const caf::down_msg& down) {
  // One that was told to end because it was idle is no resident any more.
  auto i = std::find_if(residents.begin(), residents.end(),
                        [&](const auto& entry) { return entry.second.supervisor.address() == down.source; });
  if (i == residents.end())
    return;
  auto tenant = i->first;
  residents.erase(i);
  report({tenant, to_string(down.reason)});
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
