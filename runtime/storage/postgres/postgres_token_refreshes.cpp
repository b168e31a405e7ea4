#include "runtime/storage/postgres/postgres_run_store.hpp"

#include "runtime/storage/postgres/query_rows.hpp"

namespace lode {

namespace {

constexpr statement begin_refresh_statement{
  "begin_refresh", "SELECT lode_begin_refresh($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::text)"};

constexpr statement forget_refresh_statement{
  "forget_refresh", "SELECT lode_forget_refresh($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::text)"};

constexpr statement store_successor_statement{
  "store_successor",
  "SELECT lode_store_successor($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea, $6::bytea)"};

} // namespace

parameters postgres_run_store::fenced(const refresh_token& token) const {
  parameters out;
  out.add(settings_.self.value).add(token.connection.value).add(token.claim.shard.value).add(token.claim.epoch.value);
  return out;
}

caf::expected<int64_t> postgres_run_store::begin_refresh(const refresh_token& token) {
  auto rows =
    link_.execute(begin_refresh_statement, fenced(token).add_bytes(token.sealed_secrets).add_text(token.hash));
  if (!rows)
    return rows.error();
  return rows->number(0, 0);
}

caf::error postgres_run_store::forget_refresh(const refresh_token& token) {
  return error_of(link_.execute(forget_refresh_statement, fenced(token).add_text(token.hash)));
}

caf::error postgres_run_store::store_successor(const refresh_token& token, const std::string& sealed_secrets) {
  return error_of(
    link_.execute(store_successor_statement, fenced(token).add_bytes(token.sealed_secrets).add_bytes(sealed_secrets)));
}

} // namespace lode
