#include "runtime/storage/memory/memory_catalog_store.hpp"

#include <algorithm>
#include <utility>

#include "runtime/storage/shard_hash.hpp"

namespace lode {

// -- sources and tenants ----------------------------------------------------------------------

caf::expected<source_row> memory_catalog_store::put_source(const std::string& name, const std::string& manifest,
                                                           const std::string& version) {
  return guarded<source_row>([&]() -> caf::expected<source_row> {
    for (auto& [id, row] : db_->sources)
      if (row.name == name) {
        if (row.version != version)
          db_->version_began[id] = db_->latest();
        return row = {id, name, version, manifest};
      }
    const source_id id{db_->take_id(1)};
    return db_->sources[id] = {id, name, version, manifest};
  });
}

caf::expected<std::vector<source_row>> memory_catalog_store::list_sources() {
  return guarded<std::vector<source_row>>([&]() -> caf::expected<std::vector<source_row>> {
    std::vector<source_row> out;
    for (const auto& [id, row] : db_->sources)
      out.push_back(row);
    std::sort(out.begin(), out.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
    return out;
  });
}

caf::expected<source_row> memory_catalog_store::load_source(source_id source) {
  return guarded<source_row>([&]() -> caf::expected<source_row> {
    auto found = db_->sources.find(source);
    if (found == db_->sources.end())
      return store_error(errc::not_found, "there is no source " + to_string(source));
    return found->second;
  });
}

caf::expected<source_row> memory_catalog_store::find_source(const std::string& name) {
  return guarded<source_row>([&]() -> caf::expected<source_row> {
    for (const auto& [id, row] : db_->sources)
      if (row.name == name)
        return row;
    return store_error(errc::not_found, "there is no source '" + name + "'");
  });
}

caf::expected<std::map<source_id, int64_t>> memory_catalog_store::count_connections() {
  return guarded<std::map<source_id, int64_t>>([&]() -> caf::expected<std::map<source_id, int64_t>> {
    std::map<source_id, int64_t> out;
    for (const auto& [id, entry] : db_->connections)
      if (is_used(entry.row))
        ++out[entry.row.source];
    return out;
  });
}

bool memory_catalog_store::is_used(const connection_row& connection) const {
  return connection.state != activity::deleting && db_->tenants.at(connection.tenant).state != activity::deleting;
}

caf::error memory_catalog_store::remove_source(const std::string& name) {
  return guarded_change([&]() -> caf::error {
    auto found = std::ranges::find(db_->sources, name, [](const auto& each) { return each.second.name; });
    if (found == db_->sources.end())
      return store_error(errc::not_found, "there is no source '" + name + "'");
    for (const auto& [id, entry] : db_->connections)
      if (entry.row.source == found->first)
        return store_error(errc::conflict, is_used(entry.row) ? "connections use source '" + name + "'; remove them, or give them another source"
                                                              : "connections of source '" + name + "' are still being erased");
    db_->version_began.erase(found->first);
    db_->sources.erase(found);
    return {};
  });
}

caf::expected<webhook_targets> memory_catalog_store::find_webhook_targets(const std::string& source,
                                                                          const std::vector<std::string>& accounts, size_t limit) {
  return guarded<webhook_targets>([&]() -> caf::expected<webhook_targets> {
    auto is_meant = [&](const auto& entry) { return entry.second.name == source; };
    auto found = std::find_if(db_->sources.begin(), db_->sources.end(), is_meant);
    if (found == db_->sources.end())
      return store_error(errc::not_found, "there is no source '" + source + "'");
    webhook_targets out{found->second.version, {}};
    for (const auto& [id, row] : db_->listeners) {
      const auto& connection = db_->connections.at(id).row;
      if (row.account && row.source == found->first && connection.source == found->first && connection.edition == row.edition
          && db_->is_active(id) && std::find(accounts.begin(), accounts.end(), *row.account) != accounts.end()
          && out.targets.size() < limit)
        out.targets.push_back({connection.tenant, id});
    }
    return out;
  });
}

caf::expected<tenant_row> memory_catalog_store::create_tenant(const std::string& name) {
  return guarded<tenant_row>([&]() -> caf::expected<tenant_row> {
    if (tenant_called(name))
      return store_error(errc::conflict, "tenant '" + name + "' exists");
    const tenant_id id{db_->take_id(0)};
    return db_->tenants[id] = {id, name, shard_of(id), activity::active, ""};
  });
}

caf::expected<tenant_row> memory_catalog_store::find_tenant(const std::string& name) {
  return guarded<tenant_row>([&]() -> caf::expected<tenant_row> {
    auto* found = tenant_called(name);
    if (!found)
      return store_error(errc::not_found, "there is no tenant '" + name + "'");
    return *found;
  });
}

caf::expected<std::vector<tenant_row>> memory_catalog_store::list_tenants(const std::string& after_name, size_t limit) {
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

caf::expected<std::vector<tenant_row>> memory_catalog_store::list_deleting_tenants() {
  return guarded<std::vector<tenant_row>>([&]() -> caf::expected<std::vector<tenant_row>> {
    std::vector<tenant_row> out;
    for (const auto& [id, row] : db_->tenants)
      if (row.state == activity::deleting)
        out.push_back(row);
    return out;
  });
}

// -- connections and states -------------------------------------------------------------------

caf::expected<connection_row> memory_catalog_store::load_connection(connection_id connection) {
  return guarded<connection_row>([&]() -> caf::expected<connection_row> {
    auto* found = living(connection);
    if (!found)
      return no_connection(connection);
    return whole(*found);
  });
}

caf::expected<connection_row> memory_catalog_store::find_connection(tenant_id tenant, const std::string& name) {
  return guarded<connection_row>([&]() -> caf::expected<connection_row> {
    for (const auto& [id, entry] : db_->connections)
      if (entry.row.tenant == tenant && entry.row.name == name && entry.row.state != activity::deleting)
        return whole(entry.row);
    return store_error(errc::not_found, "tenant " + to_string(tenant) + " has no connection '" + name + "'");
  });
}

caf::expected<std::vector<connection_row>> memory_catalog_store::list_connections(tenant_id tenant) {
  return guarded<std::vector<connection_row>>([&]() -> caf::expected<std::vector<connection_row>> {
    std::vector<connection_row> out;
    for (const auto& [id, entry] : db_->connections)
      if (entry.row.tenant == tenant && entry.row.state != activity::deleting)
        out.push_back(whole(entry.row));
    std::sort(out.begin(), out.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
    return out;
  });
}

caf::expected<std::vector<connection_row>> memory_catalog_store::list_deleting_connections() {
  return guarded<std::vector<connection_row>>([&]() -> caf::expected<std::vector<connection_row>> {
    std::vector<connection_row> out;
    for (const auto& [id, entry] : db_->connections)
      if (entry.row.state == activity::deleting)
        out.push_back(whole(entry.row));
    return out;
  });
}

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
    bool was_chosen = std::exchange(stream.is_chosen, found != generations.end() && found->second == stream.row.generation);
    if (stream.is_chosen && !was_chosen)
      db_->full_passes.erase(id);
    if (stream.is_chosen)
      generations.erase(found);
  }
  for (const auto& [name, generation] : generations) {
    const stream_id id{db_->take_id(3)};
    db_->streams[id] = {{id, name, generation}, row.id, row.tenant, row.shard, true, 0};
  }
}

caf::expected<connection_row> memory_catalog_store::put_connection(tenant_id tenant, const connection_row& wanted,
                                                                   std::optional<instant> first_due) {
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
    const bool is_rescheduled = !row || row->schedule != wanted.schedule;
    if (!row) {
      const connection_id id{db_->take_id(2)};
      row = &db_->connections[id].row;
      row->id = id;
      row->tenant = tenant;
      row->shard = owner->second.shard;
      row->name = wanted.name;
    }
    const bool is_other = row->source != wanted.source || row->configuration != wanted.configuration;
    const bool has_new_secrets = !wanted.sealed_secrets.empty() && wanted.sealed_secrets != row->sealed_secrets;
    if (row->source && (is_other || has_new_secrets))
      db_->begin_edition(*row, is_other);
    row->source = wanted.source;
    row->configuration = wanted.configuration;
    row->schedule = wanted.schedule;
    row->priority = wanted.priority;
    if (!wanted.sealed_secrets.empty())
      row->sealed_secrets = wanted.sealed_secrets;
    choose_streams(*row, wanted.streams);
    if (is_rescheduled)
      db_->due.erase(row->id);
    if (is_rescheduled && first_due)
      db_->due[row->id] = {*first_due, run_kind::scheduled};
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
    else
      db_->forget_deaths(connection);
    row->state = wanted;
    row->reason = wanted == activity::active ? "" : reason;
    if (auto found = db_->refreshes.find(connection); wanted == activity::active && found != db_->refreshes.end())
      found->second.begun = 0;
    return {};
  });
}

caf::error memory_catalog_store::set_connection_secrets(connection_id connection, const std::string& sealed) {
  return guarded_change([&]() -> caf::error {
    auto* row = living(connection);
    if (!row)
      return no_connection(connection);
    db_->begin_edition(*row, false);
    row->sealed_secrets = sealed;
    return {};
  });
}

caf::expected<int64_t> memory_catalog_store::edition_of(connection_id connection) {
  return guarded<int64_t>([&]() -> caf::expected<int64_t> {
    auto* row = living(connection);
    if (!row)
      return no_connection(connection);
    if (!db_->is_active(connection))
      return store_error(errc::conflict, "connection " + row->name + " or its tenant is not active");
    return row->edition;
  });
}

caf::expected<std::vector<stream_row>>
memory_catalog_store::unchosen_streams(connection_id connection, const std::vector<std::string>& names) {
  return guarded<std::vector<stream_row>>([&]() -> caf::expected<std::vector<stream_row>> {
    auto* row = living(connection);
    if (!row)
      return no_connection(connection);
    std::map<std::string, stream_row> found;
    for (const auto& [id, stream] : db_->streams)
      if (stream.connection == connection && stream.row.generation >= found[stream.row.name].generation)
        found[stream.row.name] = stream.row;
    std::vector<stream_row> out;
    for (const auto& name : names) {
      auto& stream = found[name];
      if (!stream.id) {
        stream = {{db_->take_id(3)}, name, 0};
        db_->streams[stream.id] = {stream, row->id, row->tenant, row->shard, false, 0};
      }
      out.push_back(stream);
    }
    return out;
  });
}

std::unique_ptr<catalog_store> memory_database::make_catalog_store() {
  return std::make_unique<memory_catalog_store>(state_);
}

} // namespace lode
