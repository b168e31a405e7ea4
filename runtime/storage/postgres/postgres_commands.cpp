#include "runtime/storage/postgres/postgres_commands.hpp"

#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr statement was_done_query{"was_done", "SELECT EXISTS (SELECT FROM command WHERE id = $1::text)"};

constexpr statement take_command_statement{
  "take_command", "SELECT out_is_new, out_outcome, out_reason, out_epoch "
                  "FROM lode_take_command($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint)"};

constexpr statement settle_command_statement{
  "settle_command",
  "SELECT lode_settle_command($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::text)"};

constexpr statement untake_command_statement{
  "untake_command", "SELECT lode_untake_command($1::bigint, $2::text, $3::bigint, $4::bigint, $5::bigint)"};

/// By its process and name.
constexpr statement end_lost_statement{
  "end_lost", "SELECT pg_terminate_backend(pid, 1500) FROM pg_stat_activity "
              "WHERE pid = $1::bigint AND application_name = $2::text AND pid <> pg_backend_pid()"};

} // namespace

caf::expected<bool> postgres_commands::was_done(const once_only& once) {
  if (auto error = check_command_id(once.id))
    return error;
  auto rows = link_.execute(was_done_query, parameters{}.add_text(once.id));
  if (!rows)
    return rows.error();
  return rows->boolean(0, 0);
}

caf::expected<command_standing> postgres_commands::take(const std::string& id, tenant_id tenant,
                                                        const shard_claim& claim) {
  if (auto error = check_command_id(id))
    return error;
  auto rows = execute(take_command_statement, fenced(id, tenant, claim));
  if (!rows)
    return rows.error();
  command_standing out{
    rows->boolean(0, 0), !rows->is_null(0, 1), command_outcome::done, rows->string(0, 2), {rows->number(0, 3)}};
  if (out.is_settled)
    out.outcome = static_cast<command_outcome>(rows->number(0, 1));
  return out;
}

caf::error postgres_commands::settle(const std::string& id, tenant_id tenant, const shard_claim& claim,
                                     command_outcome outcome, const std::string& reason) {
  if (auto error = check_command_id(id))
    return error;
  auto values = fenced(id, tenant, claim);
  values.add(static_cast<int64_t>(outcome)).add_text(storable_reason(reason));
  return error_of(execute(settle_command_statement, values));
}

caf::error postgres_commands::untake(const std::string& id, tenant_id tenant, const shard_claim& claim) {
  if (auto error = check_command_id(id))
    return error;
  return error_of(execute(untake_command_statement, fenced(id, tenant, claim)));
}

caf::expected<query_result> postgres_commands::execute(const statement& what, const parameters& values) {
  if (lost_backend_ != 0) {
    auto ended = link_.execute(end_lost_statement, parameters{}.add(lost_backend_).add_text(link_.application_name()));
    if (!ended)
      return ended.error();
    if (ended->rows() > 0 && !ended->boolean(0, 0))
      return store_error(errc::store_unavailable, "a database session that was lost does not end");
    lost_backend_ = 0;
  }
  auto done = link_.execute(what, values);
  if (!done && link_.last_failure().is_connection_lost)
    lost_backend_ = link_.backend();
  return done;
}

parameters postgres_commands::fenced(const std::string& id, tenant_id tenant, const shard_claim& claim) const {
  parameters out;
  out.add(self_.value).add_text(id).add(tenant.value).add(claim.shard.value).add(claim.epoch.value);
  return out;
}

} // namespace lode
