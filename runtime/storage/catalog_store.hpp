#pragma once

#include <caf/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/runs.hpp"
#include "messages/storage.hpp"
#include "runtime/storage/mined_reader.hpp"
#include "runtime/storage/stream_view.hpp"

namespace lode {

/// `active` is mined; `paused` by a person; `suspended` by Lode with a reason; `deleting` is being erased.
enum class activity : uint8_t { active, paused, suspended, deleting };

struct tenant_row {
  tenant_id id;
  std::string name;
  shard_id shard;
  activity state = activity::active;
  std::string reason;
};

struct source_row {
  source_id id;
  std::string name;
  std::string version;  ///< hash of the manifest text
  std::string manifest; ///< YAML as it was given
};

struct stream_row {
  stream_id id;
  std::string name;
  int64_t generation = 0; ///< grows when the key changes: such records are another stream's
};

struct connection_row {
  connection_id id;
  tenant_id tenant;
  std::string tenant_name;
  shard_id shard;
  std::string name;
  source_id source;
  std::string source_name;
  std::string configuration;   ///< JSON object without secrets
  std::string sealed_secrets;  ///< sealed JSON object; "" = none
  std::string schedule;        ///< JSON: {"every":"15m"} or {"cron":"...","time_zone":"..."}, bounds, policies
  urgency priority = urgency::normal; ///< of its runs, as the schedule says
  std::vector<stream_row> streams; ///< the chosen ones
  activity state = activity::active;
  std::string reason;
  int64_t edition = 0; ///< grows when a person gives another source, configuration or secrets
};

/// A connection that a webhook may be for.
struct webhook_target {
  tenant_id tenant;
  connection_id connection;
  friend bool operator==(const webhook_target&, const webhook_target&) = default;
};
struct webhook_targets {
  std::string version; ///< of the source's manifest now
  std::vector<webhook_target> targets;
};

/// What is configured; through the same session also the reading side of what was mined. Used by one thread. Fails with
/// errc::store_unavailable, errc::not_found, errc::conflict (name taken) or errc::bad_argument.
class catalog_store : public mined_reader {
public:
  virtual caf::expected<source_row> put_source(const std::string& name, const std::string& manifest,
                                               const std::string& version) = 0;
  virtual caf::expected<std::vector<source_row>> list_sources() = 0;
  virtual caf::expected<source_row> load_source(source_id source) = 0;
  virtual caf::expected<source_row> find_source(const std::string& name) = 0;
  /// How many connections use each source; those that none uses are left out, as are connections that are being erased.
  virtual caf::expected<std::map<source_id, int64_t>> count_connections() = 0;
  /// The source is gone, and its SQL views are. errc::conflict: a connection uses it, or one that did is being erased, or something was
  /// built upon its views; then all of it stays.
  virtual caf::error remove_source(const std::string& name) = 0;

  /// Makes the SQL views of a source these and no others, and notes that they are those of `version` of its manifest. What
  /// could not be done is returned in words: something else has a view's name, or was built upon one that has to go.
  virtual caf::expected<std::vector<std::string>> put_views(const source_row& source, const std::string& version,
                                                            const std::vector<stream_view>& views) = 0;
  /// Sources whose views are not those of their manifest: put_views() was not reached, or failed.
  virtual caf::expected<std::vector<source_row>> sources_without_views() = 0;

  virtual caf::expected<tenant_row> create_tenant(const std::string& name) = 0;
  virtual caf::expected<tenant_row> find_tenant(const std::string& name) = 0;
  virtual caf::expected<std::vector<tenant_row>> list_tenants(const std::string& after_name, size_t limit) = 0;
  /// Pausing and suspending raise the versions of open continuations first, so pages in flight are refused. Runs stay
  /// open: activity::active lets them go on from the store (run_store::load_open_runs).
  virtual caf::error set_tenant_state(tenant_id tenant, activity state, const std::string& reason) = 0;
  /// Marks as deleting, which is short whatever the size: pages in flight are refused from then on. erase_some() then removes
  /// records, state and secrets in bounded steps, by any number of callers.
  virtual caf::error begin_erase(tenant_id tenant) = 0;
  /// Erases at most `rows` rows; 0 = nothing is left in any table and the tenant's row is gone.
  virtual caf::expected<size_t> erase_some(tenant_id tenant, size_t rows) = 0;
  /// Tenants whose erasing has begun and not ended: to be gone on with after a restart. Their names are free again.
  virtual caf::expected<std::vector<tenant_row>> list_deleting_tenants() = 0;

  /// Creates or changes a connection (by tenant and name); streams by name. New secrets replace old ones when given. A
  /// new connection, or one whose schedule changes, is due at `first_due` (absent: not by itself); with the schedule
  /// that it has, it keeps its due time. One transaction: no connection stands there without its streams or due time.
  /// Another source, configuration or secrets make a new edition: pages in flight are refused, and with another source or
  /// configuration open slices begin anew, because their page tokens belong to what was mined before.
  virtual caf::expected<connection_row> put_connection(tenant_id tenant, const connection_row& wanted,
                                                       std::optional<instant> first_due = std::nullopt) = 0;
  virtual caf::expected<connection_row> load_connection(connection_id connection) = 0;
  virtual caf::expected<connection_row> find_connection(tenant_id tenant, const std::string& name) = 0;
  virtual caf::expected<std::vector<connection_row>> list_connections(tenant_id tenant) = 0;
  /// As for a tenant; made active again, its open continuations begin without suspicion (`crash_resumes` is 0), and a
  /// refresh token that was given up may be tried again (begin_refresh).
  virtual caf::error set_connection_state(connection_id connection, activity state, const std::string& reason) = 0;
  /// What a person gives: a new edition, pages in flight are refused.
  virtual caf::error set_connection_secrets(connection_id connection, const std::string& sealed) = 0;
  /// errc::conflict when the connection or its tenant is not active.
  virtual caf::expected<int64_t> edition_of(connection_id connection) = 0;
  /// Streams by name that are read although nobody chose them, for the sake of their children; made where there are none.
  virtual caf::expected<std::vector<stream_row>> unchosen_streams(connection_id connection,
                                                                  const std::vector<std::string>& names) = 0;
  /// The same two steps for one connection.
  virtual caf::error begin_erase(connection_id connection) = 0;
  virtual caf::expected<size_t> erase_some(connection_id connection, size_t rows) = 0;
  virtual caf::expected<std::vector<connection_row>> list_deleting_connections() = 0;

  /// Active connections of a source that are listened to by webhook under one of these accounts (listening_start::account), as they are
  /// configured now; at most `limit`. errc::not_found: there is no such source.
  virtual caf::expected<webhook_targets> find_webhook_targets(const std::string& source, const std::vector<std::string>& accounts,
                                                              size_t limit) = 0;
};

} // namespace lode
