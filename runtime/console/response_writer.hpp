#pragma once

#include <string>

#include "runtime/console/client_stream.hpp"
#include "runtime/console/http_session.hpp"

namespace lode {

/// Head of an answer as text, with what every answer says: who may frame, sniff, keep it.
std::string head_text(const api_response& response, unsigned version, bool keep_alive, bool is_chunked, bool is_secure);

/// Sends answers, those in pieces too.
class response_writer {
public:
  response_writer(client_stream& to, session_parts& parts) : to_(to), parts_(parts) {}

  /// False: the connection ends.
  boost::asio::awaitable<bool> send(api_response& response, unsigned version, bool keep_alive);
  boost::asio::awaitable<bool> write(const std::string& text);

private:
  boost::asio::awaitable<bool> send_in_chunks(api_response& response, unsigned version, bool keep_alive);
  boost::asio::awaitable<bool> send_piece(const std::string& piece, bool is_chunked);
  boost::asio::awaitable<bool> produce(api_response::producer& more, std::string& piece, caf::error& broken);

  client_stream& to_;
  session_parts& parts_;
};

} // namespace lode
