#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simapi {

/// What a client said over its WebSocket.
struct client_message {
  enum class kind : uint8_t { subscribe, ping, ack, unknown } is = kind::unknown;
  uint32_t streams = 0;             // subscribe: a bit per stream_kind
  std::optional<std::string> after; // subscribe
  std::string names;                // subscribe: the streams as a JSON list
  std::string problem;              // unknown: what is wrong, for a person
};

/// Reads a text message of the graph dialect. Never throws.
client_message read_client_message(std::string_view text);

/// The answer to a subscription.
std::string subscribed_message(const client_message& to, bool resumed);

/// The answer to a message that cannot be understood.
std::string error_message(std::string_view problem);

} // namespace simapi
