#pragma once

#include <memory>
#include <mutex>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

/// The catalog_store in memory, in files by topic: what is configured in memory_catalog_store.cpp, its end in
/// memory_erasing.cpp, what was mined in memory_mined_reader.cpp.
class memory_catalog_store final : public catalog_store {
public:
  using state = memory_database::state;

  explicit memory_catalog_store(std::shared_ptr<state> db) : db_(std::move(db)) {}

  caf::expected<source_row> put_source(const std::string& name, const std::string& manifest,
                                       const std::string& version) override;
  caf::expected<std::vector<source_row>> list_sources() override;
  caf::expected<source_row> load_source(source_id source) override;
  caf::expected<source_row> find_source(const std::string& name) override;
  caf::expected<std::map<source_id, int64_t>> count_connections() override;
  caf::error remove_source(const std::string& name) override;
  caf::expected<webhook_targets> find_webhook_targets(const std::string& source, const std::vector<std::string>& accounts,
                                                      size_t limit) override;

  /// There is no SQL here.
  caf::expected<std::vector<std::string>> put_views(const source_row&, const std::string&,
                                                    const std::vector<stream_view>&) override {
    return std::vector<std::string>{};
  }
  caf::expected<std::vector<source_row>> sources_without_views() override { return std::vector<source_row>{}; }

  caf::expected<tenant_row> create_tenant(const std::string& name) override;
  caf::expected<tenant_row> find_tenant(const std::string& name) override;
  caf::expected<std::vector<tenant_row>> list_tenants(const std::string& after_name, size_t limit) override;
  caf::expected<std::vector<tenant_row>> list_deleting_tenants() override;
  caf::error set_tenant_state(tenant_id tenant, activity wanted, const std::string& reason) override;

  caf::expected<connection_row> put_connection(tenant_id tenant, const connection_row& wanted,
                                               std::optional<instant> first_due) override;
  caf::expected<connection_row> load_connection(connection_id connection) override;
  caf::expected<connection_row> find_connection(tenant_id tenant, const std::string& name) override;
  caf::expected<std::vector<connection_row>> list_connections(tenant_id tenant) override;
  caf::expected<std::vector<connection_row>> list_deleting_connections() override;
  caf::error set_connection_state(connection_id connection, activity wanted, const std::string& reason) override;
  caf::error set_connection_secrets(connection_id connection, const std::string& sealed) override;
  caf::expected<int64_t> edition_of(connection_id connection) override;
  caf::expected<std::vector<stream_row>> unchosen_streams(connection_id connection,
                                                          const std::vector<std::string>& names) override;

  caf::error begin_erase(tenant_id tenant) override;
  caf::error begin_erase(connection_id connection) override;
  caf::expected<size_t> erase_some(tenant_id tenant, size_t rows) override;
  caf::expected<size_t> erase_some(connection_id connection, size_t rows) override;

  caf::expected<std::vector<stored_record>> read_records(stream_id stream, const std::string& after_key, size_t limit,
                                                         bool with_deleted) override;
  caf::expected<std::vector<feed_entry>> read_feed(shard_id shard, int64_t after, size_t limit) override;
  caf::expected<int64_t> feed_end(shard_id shard) override;
  caf::expected<std::vector<int64_t>> feed_ends(const std::vector<shard_id>& shards) override;
  caf::expected<int64_t> store_generation() override;
  caf::expected<uint64_t> hash_seed() override;

private:
  /// Neither it nor its tenant is being erased.
  bool is_used(const connection_row& connection) const;
  /// Runs an operation under the lock, unless an injected fault comes first.
  template <class Result, class Operation>
  caf::expected<Result> guarded(Operation operation) {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    return operation();
  }

  /// The same for an operation without a result.
  template <class Operation>
  caf::error guarded_change(Operation operation) {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    return operation();
  }

  static caf::error no_connection(connection_id connection) {
    return store_error(errc::not_found, "there is no connection " + to_string(connection));
  }
  static caf::error no_tenant(tenant_id tenant) {
    return store_error(errc::not_found, "there is no tenant " + to_string(tenant));
  }

  tenant_row* tenant_called(const std::string& name) {
    for (auto& [id, row] : db_->tenants)
      if (row.name == name && row.state != activity::deleting)
        return &row;
    return nullptr;
  }

  connection_row* living(connection_id connection) {
    auto found = db_->connections.find(connection);
    const bool is_there = found != db_->connections.end() && found->second.row.state != activity::deleting;
    return is_there ? &found->second.row : nullptr;
  }

  /// As callers see it: with names and chosen streams.
  connection_row whole(const connection_row& row) const;
  void choose_streams(const connection_row& row, const std::vector<stream_row>& wanted);
  /// Marks as deleting, and forgets secrets and configuration at once.
  void doom(connection_row& row);
  /// Erases rows while `left` lasts, the connection's own last.
  void erase_connection(connection_id connection, size_t& left);

  std::shared_ptr<state> db_;
};

} // namespace lode
