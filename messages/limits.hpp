#pragma once

#include <chrono>
#include <cstdint>

/// Limits on requests, as APIs set them.
namespace lode {

/// Whom a limit concerns.
enum class limit_scope : uint8_t {
  app,        ///< all that use the source: the provider's limit on our app
  credential, ///< one connection
  tenant,     ///< all connections of a tenant to the source
  endpoint,   ///< one stream of one connection
};

/// A budget that is used up: no request of it before `pause` has passed.
struct budget_pause {
  limit_scope of = limit_scope::credential;
  std::chrono::nanoseconds pause{0};
  friend bool operator==(const budget_pause&, const budget_pause&) = default;
};

} // namespace lode
