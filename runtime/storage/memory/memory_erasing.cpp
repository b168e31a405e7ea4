#include "runtime/storage/memory/memory_catalog_store.hpp"

namespace lode {

namespace {

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

} // namespace

void memory_catalog_store::doom(connection_row& row) {
  db_->raise_versions(row.id, &erasing);
  row.state = activity::deleting;
  row.reason = erasing;
  row.sealed_secrets.clear();
  row.configuration = "{}";
  db_->due.erase(row.id);
  db_->standings.erase(row.id);
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
  erase_entries(db_->anchors, left, [&](const auto& entry) { return is_its_stream(entry.first.first); });
  erase_entries(db_->rechecks, left, [&](const auto& entry) { return is_its_stream(entry.first.first); });
  erase_entries(db_->gaps, left, [&](const auto& entry) { return entry.second.row.connection == connection; });
  erase_entries(db_->continuations, left,
                [&](const auto& entry) { return is_its_stream(entry.second.row.stream); });
  erase_entries(db_->runs, left, [&](const auto& entry) { return entry.second.summary.connection == connection; });
  erase_entries(db_->streams, left, [&](const auto& entry) { return entry.second.connection == connection; });
  erase_entries(db_->refreshes, left, [&](const auto& entry) { return entry.first == connection; });
  erase_entries(db_->requested, left, [&](const auto& entry) { return entry.first.first == connection; });
  erase_entries(db_->connections, left, [&](const auto& entry) { return entry.first == connection; });
  std::erase_if(db_->sweeps, [&](const auto& entry) { return !db_->streams.contains(entry.first); });
  std::erase_if(db_->marks, [&](const auto& entry) { return !db_->streams.contains(entry.first.first); });
  std::erase_if(db_->full_passes, [&](const auto& entry) { return !db_->streams.contains(entry.first); });
  std::erase_if(db_->listeners, [&](const auto& entry) { return !db_->connections.contains(entry.first); });
  std::erase_if(db_->standings, [&](const auto& entry) { return !db_->connections.contains(entry.first); });
  std::erase_if(db_->call_errors, [&](const auto& entry) { return !db_->connections.contains(entry.first); });
  std::erase_if(db_->paces, [&](const auto& entry) { return !db_->connections.contains(entry.first); });
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
    std::erase_if(db_->commands, [&](const auto& entry) { return !db_->tenants.contains(entry.second.tenant); });
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

} // namespace lode
