#pragma once

#include <memory>
#include <string>

#include "runtime/cli/demo/child_process.hpp"
#include "runtime/cli/demo/node_client.hpp"
#include "runtime/cli/demo/show_state.hpp"
#include "runtime/cli/demo/simapi_client.hpp"
#include "runtime/cli/demo/workplace.hpp"

namespace lode::demo {

/// The programs of a show: database, simulated APIs, node. Started in this order, stopped in reverse, in any case.
class stage {
public:
  stage(const workplace& place, show_state& state);
  ~stage();

  void start_database();
  void start_apis();
  /// Returns when the node is ready.
  void start_node();
  void kill_node();
  /// Stops all, in order.
  void close();

  /// Throws failure when one of them has ended by itself.
  void check_alive();
  /// Adds what the node used since the last call to the show's state.
  void account();

  const simapi_client& apis() const { return *apis_client_; }
  const node_client& node() const { return *node_client_; }
  uint16_t api_port() const noexcept { return api_port_; }
  const std::string& dsn() const noexcept { return dsn_; }

private:
  void run_servers(const char* action);

  const workplace& place_;
  show_state& state_;
  child_process apis_, node_;
  std::unique_ptr<simapi_client> apis_client_;
  std::unique_ptr<node_client> node_client_;
  std::string dsn_;
  uint16_t api_port_ = 0;
  uint16_t node_port_ = 0;
  double counted_cpu_ = 0;
  bool has_database_ = false;
};

/// Ends what a killed demo left running in this folder. Returns their number.
int end_leftovers(const workplace& place);

} // namespace lode::demo
