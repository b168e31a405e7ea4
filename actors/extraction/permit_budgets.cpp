#include "actors/extraction/permit_budgets.hpp"

#include <algorithm>

#include "runtime/security/fingerprint.hpp"

namespace lode {

std::string budget_name(const connection_context& connection, size_t stream, limit_scope scope) {
  switch (scope) {
    case limit_scope::app:
      return fingerprint("app/" + connection.plan->name);
    case limit_scope::tenant:
      return "tenant/" + connection.plan->name + "/" + to_string(connection.tenant);
    case limit_scope::endpoint:
      return "endpoint/" + to_string(connection.connection) + "/" + connection.stream(stream).name;
    case limit_scope::credential:
      break;
  }
  return "credential/" + to_string(connection.connection);
}

std::vector<quota_limit> limits_of(const connection_context& connection, size_t stream) {
  std::vector<quota_limit> result;
  for (auto scope : {limit_scope::app, limit_scope::credential, limit_scope::tenant, limit_scope::endpoint})
    result.push_back({budget_name(connection, stream, scope), 0, {}, is_shared(scope)});
  for (const auto& budget : connection.stream(stream).lode.budgets) {
    // One scope may have several limits, and another edition of the source other ones: each has turns of its own.
    auto name = result[static_cast<size_t>(budget.of)].budget + "/" + std::to_string(budget.requests) + "/"
                + std::to_string(budget.per.count());
    // What is declared twice is one limit: a request must not use two of its turns.
    if (std::none_of(result.begin(), result.end(), [&](const auto& known) { return known.budget == name; }))
      result.push_back({std::move(name), budget.requests, budget.per, is_shared(budget.of)});
  }
  return result;
}

} // namespace lode
