#pragma once

#include <string>
#include <vector>

#include "actors/extraction/connection_context.hpp"
#include "actors/scheduling/quota_table.hpp"

namespace lode {

/// Name of the budget that a request of this stream counts against, by scope: the same on all nodes. Of a shared one it is a
/// hash, as it leaves the process.
std::string budget_name(const connection_context& connection, size_t stream, limit_scope scope);

/// What such a budget is, for people: "the limit of its app: 100 requests per 60 s".
std::string budget_words(const connection_context& connection, size_t stream, const std::string& budget);

/// Whether requests of several nodes count against such a budget. A tenant is mined by one node, and so is all that is its own.
constexpr bool is_shared(limit_scope scope) {
  return scope == limit_scope::app;
}

/// All limits that a request of this stream must respect: the declared ones, and one of each scope, which carries the pauses
/// that the API asked for. No name twice.
std::vector<quota_limit> limits_of(const connection_context& connection, size_t stream);

} // namespace lode
