#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/cli/api_client.hpp"

namespace lode::demo {

/// What the simulated APIs saw of one tenant. Instants are milliseconds of the simulated clock.
struct tenant_traffic {
  int64_t in_flight = 0;
  int64_t last_request_at = 0;
  int64_t last_served_at = 0;
};

struct api_traffic {
  int64_t now = 0;
  int64_t requests = 0;
  int64_t live_records = 0;
  std::map<std::string, tenant_traffic> tenants;
};

/// The control port of lode-simapi. All calls throw failure when it refuses, and interrupted after a signal.
class simapi_client {
public:
  explicit simapi_client(uint16_t control_port);

  std::string address() const { return client_.address(); }
  /// NDJSON as lode-simapi writes it.
  std::string tenant_lines() const;
  api_traffic traffic() const;
  std::string request_log() const;
  /// Replaces all faults.
  void set_faults(const std::vector<std::string>& faults) const;
  /// Inserts and edits among `tenants`.
  void mutate(int64_t inserts, int64_t edits, uint64_t seed, const std::vector<std::string>& tenants) const;
  void remove(int64_t count, uint64_t seed, const std::vector<std::string>& tenants,
              const std::vector<std::string>& streams) const;
  void freeze(bool is_frozen) const;

private:
  std::string call(const std::string& method, const std::string& path, const std::string& body = {}) const;

  api_client client_;
};

} // namespace lode::demo
