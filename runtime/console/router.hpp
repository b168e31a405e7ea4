#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/console/api_message.hpp"
#include "runtime/console/console_services.hpp"

namespace lode {

/// What a handler may use while it answers.
struct api_context {
  console_stores& stores;
  console_services& services;
};

/// Who may ask, and whether the answer needs the database.
enum class route_access : uint8_t {
  open,      ///< anybody, answered on the I/O thread: must not block
  immediate, ///< with the token, answered on the I/O thread: must not block
  stored,    ///< with the token, answered by a worker with its stores
  live,      ///< a WebSocket, whose first message may bring the token; answered on the I/O thread where it is none
  hook,      ///< anybody, who is to prove himself by a signature; answered by a thread of its own, without stores
};

using api_handler = std::function<caf::expected<api_response>(const api_request&, api_context&)>;

struct route {
  std::string method;
  std::string pattern; ///< "/api/v1/tenants/{tenant}"
  route_access access = route_access::stored;
  api_handler handle;
};

/// All routes, by pattern.
class router {
public:
  void add(std::string method, std::string pattern, api_handler handle, route_access access = route_access::stored);

  /// The route of a request, its parameters put into `request`; null with `refusal` filled (404 or 405).
  const route* find(api_request& request, api_response& refusal) const;

  const std::vector<route>& routes() const noexcept { return routes_; }

private:
  std::vector<route> routes_;
};

} // namespace lode
