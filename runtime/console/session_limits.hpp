#pragma once

#include <chrono>
#include <cstdint>

namespace lode {

/// What a client may take of a server's time and room.
struct session_limits {
  std::chrono::milliseconds silence{60'000};   ///< between two requests
  std::chrono::milliseconds handshake{10'000}; ///< of TLS, the whole
  std::chrono::milliseconds head{10'000};      ///< from a request's first byte to the end of its head
  std::chrono::milliseconds body{60'000};      ///< the whole body, and a second more per `body_rate` bytes of what it may have
  uint64_t body_rate = 256 * 1024;
  std::chrono::milliseconds write{60'000};     ///< until the client has taken a piece of the answer
  int conversations = 512;
  int of_one_address = 384;                    ///< three quarters: nobody alone keeps all others out
};

} // namespace lode
