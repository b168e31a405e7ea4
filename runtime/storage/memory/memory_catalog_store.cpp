#include <algorithm>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/shard_hash.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

const std::string erasing = "is being erased";

/// Erases entries that `is_meant` names while `left` lasts.
template <class Map, class Predicate>
void erase_entries(Map& map, size_t& left, Predicate is_meant) {
  for (auto at = map.begin(); at != map.end() && left > 0;) {
    if (!is_meant(*at)) {
      ++at;
      continue;
    }
    at = map.erase(at);
    --left;
  }
}

class memory_catalog_store final : public catalog_store {
public:
  explicit memory_catalog_store(std::shared_ptr<state> db) : db_(std::move(db)) {}

  caf::expected<source_row> put_source(const std::string& name, const std::string& manifest,
                                       const std::string& version) override {
    return guarded<source_row>([&]() -> caf::expected<source_row> {
      for (auto& [id, row] : db_->sources)
        if (row.name == name)
          return row = {id, name, version, manifest};
      const source_id id{db_->take_id(1)};
      return db_->sources[id] = {id, name, version, manifest};
    });
  }

  caf::expected<std::vector<source_row>> list_sources() override {
    return guarded<std::vector<source_row>>([&]() -> caf::expected<std::vector<source_row>> {
      std::vector<source_row> out;
      for (const auto& [id, row] : db_->sources)
        out.push_back(row);
      std::sort(out.begin(), out.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
      return out;
    });
  }

  caf::expected<source_row> load_source(source_id source) override {
    return guarded<source_row>([&]() -> caf::expected<source_row> {
      auto found = db_->sources.find(source);
      if (found == db_->sources.end())
        return store_error(errc::not_found, "there is no source " + to_string(source));
      return found->second;
    });
  }

  caf::expected<tenant_row> create_tenant(const std::string& name) override {
    return guarded<tenant_row>([&]() -> caf::expected<tenant_row> {
      if (tenant_called(name))
        return store_error(errc::conflict, "tenant '" + name + "' exists");
      const tenant_id id{db_->take_id(0)};
      return db_->tenants[id] = {id, name, shard_of(id), activity::active, ""};
    });
  }

  caf::expected<tenant_row> find_tenant(const std::string& name) override {
    return guarded<tenant_row>([&]() -> caf::expected<tenant_row> {
      auto* found = tenant_called(name);
      if (!found)
        return store_error(errc::not_found, "there is no tenant '" + name + "'");
      return *found;
    });
  }

  caf::expected<std::vector<tenant_row>> list_tenants(const std::string& after_name, size_t limit) override {
    return guarded<std::vector<tenant_row>>([&]() -> caf::expected<std::vector<tenant_row>> {
      std::map<std::string, tenant_row> sorted;
      for (const auto& [id, row] : db_->tenants)
        if (row.name > after_name && row.state != activity::deleting)
          sorted.emplace(row.name, row);
      std::vector<tenant_row> out;
      for (const auto& [name, row] : sorted)
        if (out.size() < limit)
          out.push_back(row);
      return out;
    });
  }

  caf::expected<std::vector<tenant_row>> list_deleting_tenants() override {
    return guarded<std::vector<tenant_row>>([&]() -> caf::expected<std::vector<tenant_row>> {
      std::vector<tenant_row> out;
      for (const auto& [id, row] : db_->tenants)
        if (row.state == activity::deleting)
          out.push_back(row);
      return out;
    });
  }

  caf::error set_tenant_state(tenant_id tenant, activity wanted, const std::string& reason) override;
  caf::error begin_erase(tenant_id tenant) override;
  caf::expected<size_t> erase_some(tenant_id tenant, size_t rows) override;
  caf::error begin_erase(connection_id connection) override;
  caf::expected<size_t> erase_some(connection_id connection, size_t rows) override;

  caf::expected<connection_row> put_connection(tenant_id tenant, const connection_row& wanted) override;

  caf::expected<connection_row> load_connection(connection_id connection) override {
    return guarded<connection_row>([&]() -> caf::expected<connection_row> {
      auto* found = living(connection);
      if (!found)
        return no_connection(connection);
      return whole(*found);
    });
  }

  caf::expected<std::vector<connection_row>> list_connections(tenant_id tenant) override {
    return guarded<std::vector<connection_row>>([&]() -> caf::expected<std::vector<connection_row>> {
      std::vector<connection_row> out;
      for (const auto& [id, entry] : db_->connections)
        if (entry.row.tenant == tenant && entry.row.state != activity::deleting)
          out.push_back(whole(entry.row));
      std::sort(out.begin(), out.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
      return out;
    });
  }

  caf::expected<std::vector<connection_row>> list_deleting_connections() override {
    return guarded<std::vector<connection_row>>([&]() -> caf::expected<std::vector<connection_row>> {
      std::vector<connection_row> out;
      for (const auto& [id, entry] : db_->connections)
        if (entry.row.state == activity::deleting)
          out.push_back(whole(entry.row));
      return out;
    });
  }

  caf::error set_connection_state(connection_id connection, activity wanted, const std::string& reason) override;
  caf::error set_connection_secrets(connection_id connection, const std::string& sealed) override;

  caf::expected<std::vector<stored_record>> read_records(stream_id stream, const std::string& after_key, size_t limit,
                                                         bool with_deleted) override {
    return guarded<std::vector<stored_record>>([&]() -> caf::expected<std::vector<stored_record>> {
      std::vector<stored_record> out;
      const auto& rows = db_->records[stream];
      for (auto at = rows.upper_bound(after_key); at != rows.end() && out.size() < limit; ++at)
        if (with_deleted || !at->second.deleted)
          out.push_back({at->first, at->second.payload, at->second.hash, at->second.deleted});
      return out;
    });
  }

  caf::expected<std::vector<feed_entry>> read_feed(shard_id shard, int64_t after, size_t limit) override {
    return guarded<std::vector<feed_entry>>([&]() -> caf::expected<std::vector<feed_entry>> {
      if (!db_->shards.contains(shard))
        return store_error(errc::not_found, "there is no shard " + to_string(shard));
      std::vector<feed_entry> out;
      for (const auto& entry : db_->feed[shard])
        if (entry.seq > after && out.size() < limit)
          out.push_back(entry);
      return out;
    });
  }

  caf::expected<int64_t> store_generation() override {
    return guarded<int64_t>([]() -> caf::expected<int64_t> { return int64_t{20221}; });
  }

  caf::expected<uint64_t> hash_seed() override {
    return guarded<uint64_t>([]() -> caf::expected<uint64_t> { return uint64_t{42}; });
  }

private:
  template <class Result, class Operation>
  caf::expected<Result> guarded(Operation operation) {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    return operation();
  }

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

  connection_row whole(const connection_row& row) const;
  void choose_streams(const connection_row& row, const std::vector<stream_row>& wanted);
  void doom(connection_row& row);
  void erase_connection(connection_id connection, size_t& left);

  std::shared_ptr<state> db_;
};

connection_row memory_catalog_store::whole(const connection_row& row) const {
  auto out = row;
  out.tenant_name = db_->tenants.at(row.tenant).name;
  out.source_name = db_->sources.at(row.source).name;
  out.streams.clear();
  for (const auto& [id, stream] : db_->streams)
    if (stream.connection == row.id && stream.is_chosen)
      out.streams.push_back(stream.row);
  std::sort(out.streams.begin(), out.streams.end(),
            [](const stream_row& left, const stream_row& right) { return left.name < right.name; });
  return out;
}

void memory_catalog_store::choose_streams(const connection_row& row, const std::vector<stream_row>& wanted) {
  std::map<std::string, int64_t> generations;
  for (const auto& stream : wanted) {
    auto& generation = generations[stream.name];
    generation = std::max(generation, stream.generation);
  }
  for (const auto& [id, stream] : db_->streams)
    if (auto found = generations.find(stream.row.name); stream.connection == row.id && found != generations.end())
      found->second = std::max(found->second, stream.row.generation);
  for (auto& [id, stream] : db_->streams) {
    if (stream.connection != row.id)
      continue;
    auto found = generations.find(stream.row.name);
    stream.is_chosen = found != generations.end() && found->second == stream.row.generation;
    if (stream.is_chosen)
      generations.erase(found);
  }
  for (const auto& [name, generation] : generations) {
    const stream_id id{db_->take_id(3)};
    db_->streams[id] = {{id, name, generation}, row.id, row.tenant, row.shard, true, 0};
  }
}

caf::expected<connection_row> memory_catalog_store::put_connection(tenant_id tenant, const connection_row& wanted) {
  return guarded<connection_row>([&]() -> caf::expected<connection_row> {
    auto owner = db_->tenants.find(tenant);
    if (owner == db_->tenants.end() || owner->second.state == activity::deleting)
      return no_tenant(tenant);
    if (!db_->sources.contains(wanted.source))
      return store_error(errc::not_found, "there is no source " + to_string(wanted.source));
    connection_row* row = nullptr;
    for (auto& [id, entry] : db_->connections)
      if (entry.row.tenant == tenant && entry.row.name == wanted.name && entry.row.state != activity::deleting)
        row = &entry.row;
    if (!row) {
      const connection_id id{db_->take_id(2)};
      row = &db_->connections[id].row;
      row->id = id;
      row->tenant = tenant;
      row->shard = owner->second.shard;
      row->name = wanted.name;
    }
    row->source = wanted.source;
    row->configuration = wanted.configuration;
    row->schedule = wanted.schedule;
    if (!wanted.sealed_secrets.empty())
      row->sealed_secrets = wanted.sealed_secrets;
    choose_streams(*row, wanted.streams);
    return whole(*row);
  });
}

caf::error memory_catalog_store::set_tenant_state(tenant_id tenant, activity wanted, const std::string& reason) {
  return guarded_change([&]() -> caf::error {
    if (wanted == activity::deleting)
      return store_error(errc::bad_argument, "a tenant is removed by begin_erase");
    auto found = db_->tenants.find(tenant);
    if (found == db_->tenants.end() || found->second.state == activity::deleting)
      return no_tenant(tenant);
    for (const auto& [id, entry] : db_->connections)
      if (entry.row.tenant == tenant && wanted != activity::active)
        db_->raise_versions(id, nullptr);
    found->second.state = wanted;
    found->second.reason = wanted == activity::active ? "" : reason;
    return {};
  });
}

caf::error memory_catalog_store::set_connection_state(connection_id connection, activity wanted,
                                                      const std::string& reason) {
  return guarded_change([&]() -> caf::error {
    if (wanted == activity::deleting)
      return store_error(errc::bad_argument, "a connection is removed by begin_erase");
    auto* row = living(connection);
    if (!row)
      return no_connection(connection);
    if (wanted != activity::active)
      db_->raise_versions(connection, nullptr);
    row->state = wanted;
    row->reason = wanted == activity::active ? "" : reason;
    return {};
  });
}

caf::error memory_catalog_store::set_connection_secrets(connection_id connection, const std::string& sealed) {
  return guarded_change([&]() -> caf::error {
    auto* row = living(connection);
    if (!row)
      return no_connection(connection);
    row->sealed_secrets = sealed;
    return {};
  });
}

void memory_catalog_store::doom(connection_row& row) {
  db_->raise_versions(row.id, &erasing);
  row.state = activity::deleting;
  row.reason = erasing;
  row.sealed_secrets.clear();
  row.configuration = "{}";
  db_->due.erase(row.id);
}

caf::error memory_catalog_store::begin_erase(tenant_id tenant) {
  return guarded_change([&]() -> caf::error {
    auto found = db_->tenants.find(tenant);
    if (found == db_->tenants.end())
      return no_tenant(tenant);
    for (auto& [id, entry] : db_->connections)
      if (entry.row.tenant == tenant)
        doom(entry.row);
    found->second.state = activity::deleting;
    found->second.reason = erasing;
    return {};
  });
}

caf::error memory_catalog_store::begin_erase(connection_id connection) {
  return guarded_change([&]() -> caf::error {
    auto found = db_->connections.find(connection);
    if (found == db_->connections.end())
      return no_connection(connection);
    doom(found->second.row);
    return {};
  });
}

void memory_catalog_store::erase_connection(connection_id connection, size_t& left) {
  const auto is_its_stream = [&](stream_id stream) {
    auto found = db_->streams.find(stream);
    return found != db_->streams.end() && found->second.connection == connection;
  };
  for (auto& [stream, rows] : db_->records)
    if (is_its_stream(stream))
      erase_entries(rows, left, [](const auto&) { return true; });
  for (auto& [shard, entries] : db_->feed)
    erase_entries(entries, left, [&](const feed_entry& entry) { return entry.connection == connection; });
  erase_entries(db_->dead, left, [&](const state::dead_row& row) { return row.connection == connection; });
  erase_entries(db_->intervals, left, [&](const auto& entry) { return is_its_stream(entry.first.first); });
  erase_entries(db_->cursors, left, [&](const auto& entry) { return is_its_stream(entry.first.first); });
  erase_entries(db_->continuations, left,
                [&](const auto& entry) { return is_its_stream(entry.second.row.stream); });
  erase_entries(db_->runs, left, [&](const auto& entry) { return entry.second.summary.connection == connection; });
  erase_entries(db_->streams, left, [&](const auto& entry) { return entry.second.connection == connection; });
  erase_entries(db_->connections, left, [&](const auto& entry) { return entry.first == connection; });
}

caf::expected<size_t> memory_catalog_store::erase_some(tenant_id tenant, size_t rows) {
  return guarded<size_t>([&]() -> caf::expected<size_t> {
    auto found = db_->tenants.find(tenant);
    if (found == db_->tenants.end())
      return size_t{0};
    if (found->second.state != activity::deleting)
      return store_error(errc::bad_argument, "tenant " + to_string(tenant) + " is not being erased: begin_erase first");
    auto left = rows;
    std::vector<connection_id> connections;
    for (const auto& [id, entry] : db_->connections)
      if (entry.row.tenant == tenant)
        connections.push_back(id);
    for (auto connection : connections)
      erase_connection(connection, left);
    erase_entries(db_->tenants, left, [&](const auto& entry) { return entry.first == tenant; });
    return rows - left;
  });
}

caf::expected<size_t> memory_catalog_store::erase_some(connection_id connection, size_t rows) {
  return guarded<size_t>([&]() -> caf::expected<size_t> {
    auto found = db_->connections.find(connection);
    if (found == db_->connections.end())
      return size_t{0};
    if (found->second.row.state != activity::deleting)
      return store_error(errc::bad_argument,
                         "connection " + to_string(connection) + " is not being erased: begin_erase first");
    auto left = rows;
    erase_connection(connection, left);
    return rows - left;
  });
}

} // namespace

std::unique_ptr<catalog_store> memory_database::make_catalog_store() {
  return std::make_unique<memory_catalog_store>(state_);
}

} // namespace lode
