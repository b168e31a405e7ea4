#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "messages/runs.hpp"

namespace lode {

/// What the running node knows of itself; what the store knows is asked there.
struct node_status {
  std::string name;
  std::string version;
  incarnation self;
  std::chrono::seconds uptime{0};
  uint64_t shards = 0;
  uint64_t open_runs = 0;
  uint64_t miners = 0;
  uint64_t requests_in_flight = 0;
  uint64_t bytes_in_flight = 0;
  uint64_t bytes_allowed = 0;
  uint64_t waiting_for_quota = 0; ///< requests held back by a limit
  // Since the node's start.
  uint64_t pages = 0;
  uint64_t records = 0;
  uint64_t inserted = 0;
  uint64_t updated = 0;
  uint64_t unchanged = 0;
  uint64_t dead = 0;
  double pages_per_second = 0; ///< over the last seconds
  double records_per_second = 0;
};

/// What the console makes the node do. Called from any thread; returns at once: what it starts goes on by itself.
class node_control {
public:
  virtual ~node_control() = default;

  /// State, secrets or configuration of a connection changed in the store, or it is being erased; without one, those of
  /// all the tenant's connections.
  virtual void connection_changed(tenant_id tenant, std::optional<connection_id> connection) = 0;
  /// Something became due in the store: look for it now, not at the next tick.
  virtual void look_for_work() = 0;
  /// The run is already cancelled in the store; this ends its miners early.
  virtual void cancel_run(tenant_id tenant, connection_id connection, run_id run) = 0;

  virtual node_status status() = 0;
  /// Prometheus text.
  virtual std::string metrics_text() = 0;
  /// Whether the node mines; if not, `why` says what is missing.
  virtual bool ready(std::string& why) = 0;
};

} // namespace lode
