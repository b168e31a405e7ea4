#include "runtime/storage/memory/memory_run_store.hpp"

namespace lode {

caf::expected<int64_t> memory_run_store::begin_refresh(const refresh_token& token) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_refresh(token))
    return wrong;
  if (db_->connections.at(token.connection).row.sealed_secrets != token.sealed_secrets)
    return store_error(errc::stale_version, "connection " + to_string(token.connection) + " has other secrets by now");
  auto& row = db_->refreshes[token.connection];
  if (row.token_hash != token.hash)
    row = {token.hash, 0};
  if (row.begun >= 2)
    return store_error(errc::unauthorized,
                       "two refreshes of connection " + to_string(token.connection) + " have an unknown outcome");
  return row.begun++;
}

caf::error memory_run_store::forget_refresh(const refresh_token& token) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_refresh(token))
    return wrong;
  auto found = db_->refreshes.find(token.connection);
  if (found != db_->refreshes.end() && found->second.token_hash == token.hash && found->second.begun > 0)
    --found->second.begun;
  return {};
}

caf::error memory_run_store::store_successor(const refresh_token& token, const std::string& sealed_secrets) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_refresh(token))
    return wrong;
  auto& row = db_->connections.at(token.connection).row;
  if (row.sealed_secrets != token.sealed_secrets)
    return store_error(errc::stale_version, "connection " + to_string(token.connection) + " has other secrets by now");
  row.sealed_secrets = sealed_secrets;
  db_->refreshes.erase(token.connection);
  return {};
}

caf::error memory_run_store::check_refresh(const refresh_token& token) const {
  const auto& shard = db_->shards[token.claim.shard];
  if (shard.owner != self_ || shard.epoch != token.claim.epoch)
    return store_error(errc::not_owner, "shard " + to_string(token.claim.shard) + " is not owned by this node");
  auto found = db_->connections.find(token.connection);
  if (found == db_->connections.end() || found->second.row.state == activity::deleting)
    return store_error(errc::not_found, "there is no connection " + to_string(token.connection));
  return {};
}

} // namespace lode
