#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

/// What a listener sends: the templates of a websocket's settings, rendered. All fail with errc::bad_source and never hold
/// a value in the message.
namespace lode {

/// What these templates may read.
struct live_inputs {
  const expression::value& config;
  std::vector<std::string> streams; ///< names of those that the connection captures, in the order of the plan
  instant now{};
};

/// A connection of this configuration is to listen.
caf::expected<bool> is_enabled(const live_plan& plan, const expression::value& config, instant now);

/// What opens a socket.
struct socket_opening {
  std::string url;
  std::vector<http_header> headers;
  std::vector<std::string> subprotocols;
};
caf::expected<socket_opening> render_opening(const websocket_settings& settings, const live_inputs& inputs);

/// What is sent once the socket is open: `resume` behind a known event where the API can send again what followed it, else `subscribe`.
caf::expected<std::vector<std::string>> render_greeting(const websocket_settings& settings, const live_inputs& inputs,
                                                        std::string_view last_event_id);

/// Every message up to this event is committed. "" where the API wants none.
caf::expected<std::string> render_acknowledge(const websocket_settings& settings, const live_inputs& inputs,
                                              std::string_view event_id);

/// Asks for a sign of life; "" stands for a ping of the WebSocket protocol.
caf::expected<std::string> render_heartbeat(const websocket_settings& settings, const live_inputs& inputs);

/// Whether a message confirms the subscription: from here on nothing is missed. Where no message does, the open socket is enough: then
/// true for "".
bool is_confirmation(const websocket_settings& settings, std::string_view message, json_document& scratch);

} // namespace lode
