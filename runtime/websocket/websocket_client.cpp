#include "runtime/websocket/websocket_client.hpp"

namespace lode {

std::string_view to_string(websocket_end reason) {
  switch (reason) {
    case websocket_end::invalid_request: return "invalid_request";
    case websocket_end::resolve: return "resolve";
    case websocket_end::connect: return "connect";
    case websocket_end::tls: return "tls";
    case websocket_end::proxy: return "proxy";
    case websocket_end::timeout_connect: return "timeout_connect";
    case websocket_end::unauthorized: return "unauthorized";
    case websocket_end::refused: return "refused";
    case websocket_end::protocol_error: return "protocol_error";
    case websocket_end::too_large: return "too_large";
    case websocket_end::idle: return "idle";
    case websocket_end::reset: return "reset";
    case websocket_end::closed_by_peer: return "closed_by_peer";
    case websocket_end::overflow: return "overflow";
    case websocket_end::closed: return "closed";
    case websocket_end::cancelled: return "cancelled";
  }
  return "unknown";
}

} // namespace lode
