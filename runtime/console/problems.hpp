#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messages/node_status.hpp"
#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/sink_store.hpp"

namespace lode {

/// critical: it does not go on without a person; warning: it gets worse; notice: it goes on by itself.
enum class severity : uint8_t { critical, warning, notice };

/// One thing that is wrong, for all whom it concerns.
struct problem {
  struct example {
    std::string tenant;
    std::string connection;
    std::optional<instant> since;
    std::string detail;
  };
  std::string id; ///< the same as long as the problem is the same
  severity grade = severity::notice;
  std::string reason;
  std::string title;
  std::string detail;
  std::string help;
  std::optional<instant> since{};
  int64_t tenants = 0; ///< connections that it concerns
  std::string source{};
  std::string node{};
  std::string action{}; ///< "secrets", "resume", "confirm_deletes", "undrain"; "": nothing to press
  std::vector<example> examples{};
};

/// The gravest first, then what concerns most. `silent`: names of nodes that do not answer.
std::vector<problem> problems_of(const store_overview& seen, const std::vector<std::string>& silent, instant now,
                                 const std::vector<sink_standing>& sinks = {});

/// The store does not answer, so nothing else is known.
problem store_away(const std::string& why);

std::string_view name_of(severity grade);

} // namespace lode
