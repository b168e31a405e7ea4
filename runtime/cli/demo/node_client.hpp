#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/cli/api_client.hpp"

namespace lode::demo {

/// What the node says of itself, since its start.
struct node_figures_shown {
  int64_t records = 0;
  int64_t waiting_for_quota = 0;
  int64_t shards = 0;
  int64_t open_runs = 0;
};

/// A node as another one, or itself, sees it.
struct member_shown {
  std::string name, state;
  int64_t shards = 0;
  bool is_linked = false; ///< also: it is the one that was asked
};

struct cluster_shown {
  std::vector<member_shown> members;
  int64_t shards = 0;
  int64_t shards_without_node = 0;

  const member_shown* find(const std::string& name) const;
};

struct run_shown {
  int64_t run = 0; ///< 0: there was none yet
  std::string phase, reason;
  int64_t records = 0, inserted = 0, updated = 0, unchanged = 0, deleted = 0;

  bool is_over() const { return run > 0 && phase != "open"; }
};

struct connection_shown {
  std::string state, reason;
};

/// How many tenants each node mines, such as "n1 2, n2 1".
std::string count_by_node(const std::map<std::string, std::string>& node_of_tenants);

/// The API of one of the show's nodes. Calls throw failure when it refuses or is gone, and interrupted after a signal.
class node_client {
public:
  explicit node_client(uint16_t port);

  const std::string& address() const { return client_.address(); }
  bool is_ready() const;
  void put_source(const std::string& name, const std::string& manifest) const;
  void import(const std::string& lines) const;
  node_figures_shown figures() const;
  cluster_shown cluster() const;
  /// Which node mines each tenant; "" for one without a node at the moment.
  std::map<std::string, std::string> nodes_of_tenants() const;
  run_shown latest_run(const std::string& tenant) const;
  connection_shown connection(const std::string& tenant) const;
  void trigger_run(const std::string& tenant, const std::string& kind) const;

private:
  std::string call(const std::string& method, const std::string& path, const std::string& body = {},
                   const std::string& type = "application/json") const;

  api_client client_;
};

} // namespace lode::demo
