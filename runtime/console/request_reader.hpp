#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "runtime/console/client_stream.hpp"
#include "runtime/console/session_limits.hpp"

namespace lode {

using request_parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// Reads the requests of a conversation, each part within its time: who sends a byte now and then does not keep the connection.
class request_reader {
public:
  using error_code = boost::system::error_code;

  request_reader(client_stream& from, const session_limits& limits) : from_(from), limits_(limits) {}

  /// `end_of_stream`: the client has no further request.
  boost::asio::awaitable<error_code> read_head(request_parser& into);
  /// `most`: so long it may be.
  boost::asio::awaitable<error_code> read_body(request_parser& into, uint64_t most);
  /// Reads a little of what the client still sends, whatever it is: closing on unread data would reset the connection and the client
  /// would not see the answer. The stream has ended.
  boost::asio::awaitable<void> drain();
  /// What was read beyond the last request: the first bytes of what follows.
  boost::beast::flat_buffer& left() noexcept { return buffer_; }

  /// The bytes are no request; else the connection broke.
  static bool is_protocol_error(const error_code& failed);

private:
  boost::asio::awaitable<error_code> read_more(request_parser& into);

  client_stream& from_;
  const session_limits& limits_;
  boost::beast::flat_buffer buffer_;
};

} // namespace lode
