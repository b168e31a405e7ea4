#include "actors/extraction/permit_budgets.hpp"

#include <algorithm>

namespace lode {

std::string budget_name(const connection_context& connection, size_t stream, limit_scope scope) {
  switch (scope) {
    case limit_scope::app:
      return "app/" + connection.plan->name;
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
  const auto& declared = connection.stream(stream).lode.budgets;
  std::vector<quota_limit> result;
  for (const auto& budget : declared)
    result.push_back({budget_name(connection, stream, budget.of), budget.requests, budget.per});
  for (auto scope : {limit_scope::app, limit_scope::credential, limit_scope::tenant, limit_scope::endpoint}) {
    auto is_of_scope = [&](const rate_budget& budget) { return budget.of == scope; };
    if (std::none_of(declared.begin(), declared.end(), is_of_scope))
      result.push_back({budget_name(connection, stream, scope), 0, {}});
  }
  return result;
}

} // namespace lode
