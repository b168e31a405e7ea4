#include "actors/extraction/permit_budgets.hpp"

#include <algorithm>

namespace lode {

std::string budget_name(const connection_context& connection, size_t stream, rate_budget::scope scope) {
  switch (scope) {
    case rate_budget::scope::app:
      return "app/" + connection.plan->name;
    case rate_budget::scope::tenant:
      return "tenant/" + connection.plan->name + "/" + to_string(connection.tenant);
    case rate_budget::scope::endpoint:
      return "endpoint/" + to_string(connection.connection) + "/" + connection.stream(stream).name;
    case rate_budget::scope::credential:
      break;
  }
  return "credential/" + to_string(connection.connection);
}

std::vector<quota_limit> limits_of(const connection_context& connection, size_t stream) {
  std::vector<quota_limit> result;
  for (const auto& budget : connection.stream(stream).lode.budgets)
    result.push_back({budget_name(connection, stream, budget.of), budget.requests, budget.per});
  auto credential = budget_name(connection, stream, rate_budget::scope::credential);
  if (std::none_of(result.begin(), result.end(), [&](const auto& limit) { return limit.budget == credential; }))
    result.push_back({std::move(credential), 0, {}});
  return result;
}

} // namespace lode
