#pragma once

#include <string>
#include <vector>

#include "actors/extraction/connection_context.hpp"
#include "actors/scheduling/quota_table.hpp"

namespace lode {

/// Name of the budget that a request of this stream counts against, by scope.
std::string budget_name(const connection_context& connection, size_t stream, limit_scope scope);

/// All limits that a request of this stream must respect: the declared ones, and one of each other scope, which carries
/// the pauses that the API asked for.
std::vector<quota_limit> limits_of(const connection_context& connection, size_t stream);

} // namespace lode
