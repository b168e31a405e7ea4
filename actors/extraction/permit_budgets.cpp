#include "actors/extraction/permit_budgets.hpp"

#include <algorithm>
#include <array>
#include <chrono>

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

std::string budget_words(const connection_context& connection, size_t stream, const std::string& budget) {
  constexpr std::array owners{"of its app", "of this connection", "of this tenant", "of this stream"};
  constexpr std::array scopes{limit_scope::app, limit_scope::credential, limit_scope::tenant, limit_scope::endpoint};
  for (size_t i = 0; i < scopes.size(); ++i) {
    const auto name = budget_name(connection, stream, scopes[i]);
    if (!budget.starts_with(name))
      continue;
    auto out = std::string{"the limit "} + owners[i];
    for (const auto& declared : connection.stream(stream).lode.budgets) {
      auto whole = name + "/" + std::to_string(declared.requests) + "/" + std::to_string(declared.per.count());
      if (declared.of == scopes[i] && budget == whole)
        out += ": " + std::to_string(declared.requests) + " requests per "
               + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(declared.per).count()) + " ms";
    }
    return budget == name ? out + ", as the API said last" : out;
  }
  return "a limit of its API";
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
