#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <string_view>

#include "runtime/console/live_topics.hpp"

namespace lode {

/// What a live socket shares with others of its server.
struct live_socket_parts {
  live_topics& topics;
  /// Whether the first message's token lets it in; asked with "" when there is none.
  std::function<bool(std::string_view token)> lets_in;
};

using live_handshake = boost::beast::http::request<boost::beast::http::string_body>;

/// A conversation over WebSocket from its handshake to its end. First the client says {"token":"...","watch":["/overview"]}, then
/// {"watch":[...]} or {"unwatch":[...]}, whenever it likes; what it watches it is told by live_topics. Closed with 4401 when the token is
/// wrong or does not come within 5 s, 4429 when there are too many sockets, 1003 when a message cannot be read; without ado when it
/// does not take what it is told. For a beast::tcp_stream, plain or under a beast::ssl_stream.
template <class Stream>
boost::asio::awaitable<void> converse_live(Stream& stream, live_handshake handshake, live_socket_parts parts);

} // namespace lode
