#include "cluster/sharding/shard_region.hpp"

#include <caf/all.hpp>

#include <utility>

#include "runtime/storage/shard_hash.hpp"

namespace lode {

namespace {

caf::error not_here(tenant_id tenant) {
  return caf::make_error(errc::not_owner, "tenant " + to_string(tenant) + " is not mined by this node");
}

caf::error nobody_listens(tenant_id tenant) {
  return caf::make_error(errc::not_found, "nothing of tenant " + to_string(tenant) + " is listened to");
}

/// Of a supervisor that ended before it had answered nobody knows how far it came.
caf::error as_answer(const caf::error& why) {
  if (!why || why.category() == caf::type_id_v<errc>)
    return why;
  return caf::make_error(errc::unknown_outcome, "the tenant's supervisor ended before it had answered: " + to_string(why));
}

} // namespace

shard_region_state::shard_region_state(shard_region_actor::pointer self, shard_region_parts parts)
  : self(self), parts(std::move(parts)) {}

shard_region_actor::behavior_type shard_region_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) { ended(down); });
  self->set_exit_handler([this](caf::exit_msg& exit) {
    for (auto& [tenant, resident] : residents)
      self->send_exit(resident.supervisor, exit.reason);
    self->quit(std::move(exit.reason));
  });
  return {
    [this](tenant_command& msg) {
      if (is_owned(msg.tenant))
        hand_over(std::move(msg), [](const caf::error&) {});
    },
    [this](deliver_command& msg) -> caf::result<void> {
      if (!is_heard_here(msg.command))
        return is_owned(msg.command.tenant) ? nobody_listens(msg.command.tenant) : not_here(msg.command.tenant);
      auto done = self->make_response_promise<void>();
      hand_over(std::move(msg.command), [done](const caf::error& why) mutable { why ? done.deliver(why) : done.deliver(); });
      return done;
    },
    [this](const tenant_idle& msg) {
      if (auto i = residents.find(msg.tenant); i != residents.end() && i->second.commands == msg.commands)
        leave(i->second);
    },
    [this](const shards_gained& msg) {
      for (const auto& claim : msg.claims) {
        owned.insert(claim.shard);
        leaving.erase(claim.shard);
      }
    },
    [this](const vacate_shards& msg) { vacate(msg, self->current_sender()); },
    [this](const shards_lost& msg) { lose(msg); },
    [this](timer_fired fired) { impatient(fired.token); },
  };
}

bool shard_region_state::is_heard_here(const tenant_command& msg) const {
  // A listener that leaves still waits for its successor.
  if (std::holds_alternative<successor_listens>(msg.command))
    return residents.contains(msg.tenant);
  return is_owned(msg.tenant) && (residents.contains(msg.tenant) || !std::holds_alternative<hear_webhook>(msg.command));
}

bool shard_region_state::is_owned(tenant_id tenant) const {
  return owned.contains(shard_of(tenant));
}

void shard_region_state::hand_over(tenant_command msg, answer done) {
  auto& resident = resident_of(msg.tenant);
  if (resident.is_leaving && !std::holds_alternative<successor_listens>(msg.command)) {
    resident.waiting.push_back({std::move(msg), std::move(done)});
    return;
  }
  ++resident.commands;
  std::visit(
    [&](auto& command) {
      self->request(resident.supervisor, caf::infinite, std::move(command))
        .then([done] { done({}); }, [done](const caf::error& why) { done(as_answer(why)); });
    },
    msg.command);
}

shard_region_state::resident& shard_region_state::resident_of(tenant_id tenant) {
  auto& resident = residents[tenant];
  if (!resident.supervisor) {
    resident.supervisor = parts.spawn(self->system(), tenant, shard_region_actor{self});
    self->monitor(resident.supervisor);
    tenants[resident.supervisor.id()] = tenant;
    at_work[shard_of(tenant)].insert(tenant);
  }
  return resident;
}

void shard_region_state::leave(resident& tenant, std::chrono::milliseconds for_successor) {
  if (!std::exchange(tenant.is_leaving, true))
    self->send(tenant.supervisor, leave_tenant{for_successor});
}

void shard_region_state::end_at_once(shard_id shard) {
  for (auto tenant : at_work[shard]) {
    auto& resident = residents[tenant];
    resident.is_leaving = true;
    self->send_exit(resident.supervisor, caf::make_error(errc::not_owner, "its shard belongs to another node"));
  }
}

void shard_region_state::vacate(const vacate_shards& order, const caf::strong_actor_ptr& asker) {
  std::vector<shard_id> idle;
  ++rounds;
  for (auto shard : order.shards) {
    owned.erase(shard);
    auto i = at_work.find(shard);
    if (i == at_work.end()) {
      idle.push_back(shard);
      continue;
    }
    leaving[shard] = {asker, rounds};
    for (auto tenant : i->second)
      leave(residents[tenant], order.for_successor);
  }
  if (idle.size() < order.shards.size())
    self->send(parts.timers, arm_timer{order.patience, rounds});
  if (!idle.empty())
    tell_vacated(asker, std::move(idle));
}

void shard_region_state::lose(const shards_lost& msg) {
  for (auto shard : msg.shards) {
    owned.erase(shard);
    leaving.erase(shard);
    if (at_work.contains(shard))
      end_at_once(shard);
  }
}

void shard_region_state::impatient(uint64_t round) {
  for (const auto& [shard, order] : leaving)
    if (order.round == round)
      end_at_once(shard);
}

void shard_region_state::ended(const caf::down_msg& down) {
  auto node = tenants.extract(down.source.id());
  if (!node)
    return;
  const auto tenant = node.mapped();
  const auto shard = shard_of(tenant);
  auto resident = std::move(residents.extract(tenant).mapped());
  if (auto& others = at_work[shard]; others.erase(tenant) && others.empty())
    at_work.erase(shard);
  if (!resident.is_leaving)
    parts.report_loss({tenant, to_string(down.reason)});
  for (auto& [command, done] : resident.waiting)
    owned.contains(shard) ? hand_over(std::move(command), std::move(done)) : done(not_here(tenant));
  if (at_work.contains(shard))
    return;
  if (auto order = leaving.extract(shard))
    tell_vacated(order.mapped().asker, {shard});
}

void shard_region_state::tell_vacated(const caf::strong_actor_ptr& asker, std::vector<shard_id> shards) {
  if (asker)
    self->send(caf::actor_cast<shard_keeper_actor>(asker), shards_vacated{std::move(shards)});
}

} // namespace lode
