#pragma once

#include "tests/simapi/live/hooks.hpp"

namespace simapi {

class simulation;

/// A request of a webhook as it goes over the wire, without what every request has.
struct hook_request {
  std::string method = "POST";
  hook_url to;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  uint32_t timeout_ms = 10'000;
};

/// The request for these events, signed as the dialect does it. The caller holds the simulation's mutex.
hook_request make_hook_request(simulation& sim, const hook& to, const delivery& what);

} // namespace simapi
