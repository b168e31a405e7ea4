#include "runtime/storage/memory/memory_run_store.hpp"

namespace lode {

caf::expected<bool> memory_run_store::was_done(const once_only& once) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check_command_id(once.id))
    return error;
  return db_->commands.contains(once.id);
}

caf::expected<const memory_database::state::command_row*> memory_run_store::known(const once_only& once,
                                                                                  const std::string& what) const {
  auto found = db_->commands.find(once.id);
  if (once.id.empty() || found == db_->commands.end())
    return nullptr;
  if (found->second.what != what)
    return store_error(errc::conflict, "command " + once.id + " was given for something else before");
  return &found->second;
}

void memory_run_store::remember(const once_only& once, const std::string& what, tenant_id tenant,
                                std::optional<requested_run> said) {
  if (!once.id.empty())
    db_->commands[once.id] = {tenant, {}, db_->now(), command_outcome::done, {}, what, said};
}

caf::expected<command_standing> memory_run_store::take_command(const std::string& id, tenant_id tenant,
                                                               const shard_claim& claim) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_command(id, tenant, claim))
    return wrong;
  auto [at, is_new] = db_->commands.try_emplace(id, state::command_row{tenant, claim.epoch, db_->now(), {}, {}});
  const auto& row = at->second;
  if (row.tenant != tenant)
    return store_error(errc::conflict, "command " + id + " was given to another tenant than " + to_string(tenant));
  return command_standing{is_new, row.outcome.has_value(), row.outcome.value_or(command_outcome::done), row.reason,
                          row.epoch};
}

caf::error memory_run_store::settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim,
                                            command_outcome outcome, const std::string& reason) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_command_id(id))
    return wrong;
  auto found = db_->commands.find(id);
  const bool is_there = found != db_->commands.end() && found->second.tenant == tenant;
  if (!is_there || found->second.epoch != claim.epoch)
    if (auto wrong = check_command(id, tenant, claim))
      return wrong;
  if (!is_there)
    return store_error(errc::not_found, "nobody has taken command " + id + " to tenant " + to_string(tenant));
  auto& row = found->second;
  if (!row.outcome) {
    row.outcome = outcome;
    row.reason = reason;
  }
  return row.outcome == outcome ? caf::error{} : store_error(errc::conflict, "command " + id + " is settled otherwise");
}

caf::error memory_run_store::untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_command_id(id))
    return wrong;
  auto found = db_->commands.find(id);
  if (found != db_->commands.end() && found->second.tenant == tenant && found->second.epoch == claim.epoch
      && !found->second.outcome)
    db_->commands.erase(found);
  return {};
}

caf::error memory_run_store::check_command(const std::string& id, tenant_id tenant, const shard_claim& claim) const {
  if (auto error = check_command_id(id))
    return error;
  const auto& shard = db_->shards[claim.shard];
  if (shard.owner != self_ || shard.epoch != claim.epoch)
    return store_error(errc::not_owner, "shard " + to_string(claim.shard) + " is not owned by this node");
  auto found = db_->tenants.find(tenant);
  if (found == db_->tenants.end() || found->second.shard != claim.shard || found->second.state == activity::deleting)
    return store_error(errc::not_found,
                       "there is no tenant " + to_string(tenant) + " in shard " + to_string(claim.shard));
  return {};
}

} // namespace lode
