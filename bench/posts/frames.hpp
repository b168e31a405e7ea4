#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// WebSocket frames by hand (RFC 6455): texts leave as they were made, many in one write, and a socket holds no buffers.
enum class opcode : uint8_t { text = 1, close = 8, ping = 9, pong = 10 };

/// What answers `Sec-WebSocket-Key`.
std::string accept_key(std::string_view key);

/// A whole frame of a server.
void append_frame(std::string& out, opcode what, std::string_view payload);

/// Where a frame begins whose payload is appended next; end_text() then writes its length.
size_t begin_text(std::string& out);
/// The payload has 126 to 65,535 bytes.
void end_text(std::string& out, size_t begin);

struct client_frame {
  opcode what = opcode::text;
  std::string payload;
};

/// Takes a frame from the front of what a client sent; nothing while it is not complete. Throws std::runtime_error where it is
/// none that clients of this program send: split, without mask, beyond 64 KiB.
std::optional<client_frame> take_frame(std::string_view& bytes);

} // namespace bench
