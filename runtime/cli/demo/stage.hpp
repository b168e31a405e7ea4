#pragma once

#include <memory>
#include <string>

#include "runtime/cli/demo/child_process.hpp"
#include "runtime/cli/demo/node_group.hpp"
#include "runtime/cli/demo/simapi_client.hpp"

namespace lode::demo {

/// The programs of a show: servers, simulated APIs, nodes. Started in this order, stopped in reverse, in any case.
class stage {
public:
  stage(const workplace& place, show_state& state);
  ~stage();

  /// PostgreSQL and Redis.
  void start_servers();
  void start_apis();
  /// Returns when they are ready.
  void start_nodes();
  /// Stops all, in order.
  void close();

  /// Throws failure when one of them has ended by itself.
  void check_alive();
  const simapi_client& apis() const { return *apis_client_; }
  node_group& nodes() { return nodes_; }
  const node_group& nodes() const { return nodes_; }
  /// One that runs.
  const node_client& node() const { return nodes_.any(); }
  uint16_t api_port() const noexcept { return api_port_; }
  const std::string& dsn() const noexcept { return servers_.dsn; }

private:
  void run_servers(const char* action);

  const workplace& place_;
  show_state& state_;
  child_process apis_;
  node_group nodes_;
  std::unique_ptr<simapi_client> apis_client_;
  servers_shown servers_;
  uint16_t api_port_ = 0;
  bool has_servers_ = false;
};

/// Ends what a killed demo left running in this folder. Returns their number.
int end_leftovers(const workplace& place);

} // namespace lode::demo
