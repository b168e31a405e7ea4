#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace lode {

struct probe_outcome {
  bool is_open = false;
  bool speaks_first = false; ///< bytes came unasked: a node without certificates greets whoever connects
  std::string why;           ///< it is not open
};

/// Looks whether anybody listens at host:port before CAF dials there: CAF's connect blocks every link of the node for minutes
/// when packets to a host vanish. `done` is called once, on another thread, within the time given.
using probe_function = std::function<void(const std::string& host, uint16_t port, std::function<void(probe_outcome)> done)>;

/// With a thread of its own, which ends with the last copy.
probe_function make_tcp_probe(std::chrono::milliseconds connect_limit = std::chrono::seconds{2},
                              std::chrono::milliseconds listen_limit = std::chrono::milliseconds{300});

} // namespace lode
