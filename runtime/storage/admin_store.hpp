#pragma once

#include <array>
#include <string>
#include <vector>

#include "runtime/storage/catalog_store.hpp"

namespace lode {

/// A record that could not be used, as it is kept.
struct dead_letter_row {
  int64_t id = 0;
  connection_id connection;
  stream_id stream;
  run_id run;
  instant created{};
  std::string key;
  std::string payload;
  std::string reason;
};

/// A connection that is not mined, and why.
struct stopped_connection {
  std::string tenant;
  std::string connection;
  activity state = activity::suspended;
  std::string reason;
};

/// Numbers by activity: [active, paused, suspended, deleting].
struct activity_counts {
  std::array<int64_t, 4> tenants{};
  std::array<int64_t, 4> connections{};
};

/// What people ask and correct beside the daily work; the console's view over all tenants. Used by one thread. Fails like catalog_store.
class admin_store {
public:
  virtual ~admin_store() = default;

  virtual caf::expected<activity_counts> count_activities() = 0;
  /// Suspended and paused connections (also those of suspended or paused tenants): suspended first, then by name.
  virtual caf::expected<std::vector<stopped_connection>> list_stopped(size_t limit) = 0;
  /// Dead letters of a tenant with an id above `after`, in id order.
  virtual caf::expected<std::vector<dead_letter_row>> list_dead_letters(tenant_id tenant, int64_t after, size_t limit) = 0;

  /// Replaces the sealed state of an open continuation and raises its version. errc::stale_version when it does not
  /// stand at `expected_version`, errc::not_found when it is not open.
  virtual caf::error set_continuation(continuation_id id, int64_t expected_version, const std::string& sealed) = 0;
};

} // namespace lode
