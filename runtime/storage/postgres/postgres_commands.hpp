#pragma once

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// Which commands to tenants were carried out, as run_store promises. Shares the session of its owner, which outlives it. After a session
/// was lost in the middle of a command nothing is done before the database has ended it: what it does late would undo a later one.
class postgres_commands {
public:
  postgres_commands(postgres_connection& link, incarnation self) : link_(link), self_(self) {}

  caf::expected<bool> was_done(const once_only& once);
  caf::expected<command_standing> take(const std::string& id, tenant_id tenant, const shard_claim& claim);
  caf::error settle(const std::string& id, tenant_id tenant, const shard_claim& claim, command_outcome outcome,
                    const std::string& reason);
  caf::error untake(const std::string& id, tenant_id tenant, const shard_claim& claim);

private:
  caf::expected<query_result> execute(const statement& what, const parameters& values);
  parameters fenced(const std::string& id, tenant_id tenant, const shard_claim& claim) const;

  postgres_connection& link_;
  incarnation self_;
  int64_t lost_backend_ = 0; ///< the session that was lost; 0 = none
};

} // namespace lode
