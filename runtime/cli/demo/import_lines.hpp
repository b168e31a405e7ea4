#pragma once

#include <string>
#include <vector>

namespace lode::demo {

/// The one connection that each tenant of the show has.
inline constexpr const char* connection_name = "main";

/// A tenant of the simulated APIs.
struct api_tenant {
  std::string name;
  std::string dialect; ///< also the name of its source
  std::string import_line; ///< for POST /api/v1/import: secrets included
};

/// From the lines that lode-simapi answers to /control/tenants; throws failure when a line is not understood.
std::vector<api_tenant> read_tenants(const std::string& lines);

} // namespace lode::demo
