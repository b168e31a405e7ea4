#include <algorithm>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

class memory_admin_store final : public admin_store {
public:
  explicit memory_admin_store(std::shared_ptr<state> db) : db_(std::move(db)) {}

  caf::expected<activity_counts> count_activities() override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    activity_counts out;
    for (const auto& [id, row] : db_->tenants)
      ++out.tenants[static_cast<size_t>(row.state)];
    for (const auto& [id, entry] : db_->connections)
      ++out.connections[static_cast<size_t>(entry.row.state)];
    return out;
  }

  caf::expected<std::vector<stopped_connection>> list_stopped(size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::vector<stopped_connection> out;
    for (const auto& [id, entry] : db_->connections) {
      const auto& tenant = db_->tenants.at(entry.row.tenant);
      auto worst = std::max(tenant.state, entry.row.state);
      if (worst == activity::paused || worst == activity::suspended)
        out.push_back({tenant.name, entry.row.name, worst,
                       entry.row.state == activity::active ? tenant.reason : entry.row.reason});
    }
    std::ranges::sort(out, [](const auto& a, const auto& b) {
      return std::tie(b.state, a.tenant, a.connection) < std::tie(a.state, b.tenant, b.connection);
    });
    out.resize(std::min(out.size(), limit));
    return out;
  }

  caf::expected<std::vector<dead_letter_row>> list_dead_letters(tenant_id tenant, int64_t after, size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::vector<dead_letter_row> out;
    for (auto id = static_cast<size_t>(after); id < db_->dead.size() && out.size() < limit; ++id) {
      const auto& row = db_->dead[id];
      auto owner = db_->streams.find(row.stream);
      if (owner != db_->streams.end() && owner->second.tenant == tenant)
        out.push_back({static_cast<int64_t>(id) + 1, row.connection, row.stream, {}, {}, row.record.key,
                       row.record.payload, row.record.reason});
    }
    return out;
  }

  caf::error set_continuation(continuation_id id, int64_t expected_version, const std::string& sealed) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    auto found = db_->continuations.find(id);
    if (found == db_->continuations.end() || found->second.phase != continuation_phase::open)
      return store_error(errc::not_found, "continuation " + to_string(id) + " is not open");
    auto& row = found->second.row;
    if (row.version != expected_version)
      return store_error(errc::stale_version, "continuation " + to_string(id) + " stands at version "
                                                + std::to_string(row.version) + ", not " + std::to_string(expected_version));
    row.version += version_jump;
    row.state = sealed;
    return {};
  }

private:
  static caf::error unavailable() { return store_error(errc::store_unavailable, "the store does not answer"); }

  std::shared_ptr<state> db_;
};

} // namespace

std::unique_ptr<admin_store> memory_database::make_admin_store() {
  return std::make_unique<memory_admin_store>(state_);
}

} // namespace lode
