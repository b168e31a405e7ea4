#pragma once

#include "tests/simapi/simulation.hpp"

#include <memory>

namespace simapi {

/// Both ports over loopback. The constructor binds them (and writes the ports to the simulation and its journal); run() serves until stop().
class server {
public:
  /// Throws std::exception if a port or the certificate cannot be used.
  explicit server(simulation& sim);
  ~server();

  /// Serves on this many threads, of which the caller's is one.
  void run(uint32_t threads);

  /// From any thread. Open connections are dropped.
  void stop();

  /// Ends run() on SIGINT and SIGTERM.
  void stop_on_signals();

private:
  struct sockets;
  simulation& sim_;
  std::unique_ptr<sockets> sockets_;
};

} // namespace simapi
