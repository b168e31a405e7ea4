#pragma once

#include "tests/simapi/simulation.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace simapi {

using tcp_socket = boost::asio::ip::tcp::socket;
using tls_socket = boost::asio::ssl::stream<tcp_socket>;

/// Serves one connection of the data port until either side ends it.
boost::asio::awaitable<void> converse(tcp_socket socket, simulation& sim);
boost::asio::awaitable<void> converse(tls_socket socket, simulation& sim);

/// Serves one connection of the control port.
boost::asio::awaitable<void> converse_control(tcp_socket socket, simulation& sim);

} // namespace simapi
