#pragma once

#include "tests/simapi/conversation.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

namespace simapi {

using upgrade_request = boost::beast::http::request<boost::beast::http::string_body>;

/// Accepts a WebSocket and serves it until either side ends it. Afterwards the stream can only be closed.
boost::asio::awaitable<void> run_live_session(tcp_socket& stream, simulation& sim, tenant_state& whose, upgrade_request asked);
boost::asio::awaitable<void> run_live_session(tls_socket& stream, simulation& sim, tenant_state& whose, upgrade_request asked);

} // namespace simapi
