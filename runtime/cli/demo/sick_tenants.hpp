#pragma once

#include <string>
#include <vector>

#include "runtime/cli/demo/import_lines.hpp"
#include "runtime/cli/demo/node_client.hpp"

namespace lode::demo {

enum class sickness : uint8_t { dead_token, too_many_requests, hanging };

/// A tenant whose API is broken on purpose; the others must not feel it.
struct sick_tenant {
  std::string name;
  sickness what;
  const char* label;
  std::string fault; ///< for POST /control/faults
};

/// Three of them, of three dialects, ill from the start: a page that is served, lost by a kill -9 and then refused for good
/// could be held against nobody. Expects six tenants or more.
std::vector<sick_tenant> choose_sick(const std::vector<api_tenant>& tenants);

/// What a person sees of such a tenant in the node's API.
struct visible_state {
  bool is_settled = false; ///< it shows what is wrong
  bool is_suspended = false;
  std::string text;
};
visible_state describe(const sick_tenant& tenant, const connection_shown& connection, const run_shown& run);

} // namespace lode::demo
