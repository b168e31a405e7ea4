#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <random>
#include <stdexcept>

namespace lode::test {

/// Of this machine's loopback, for a server that is started later, or again and again. Below the ports that the system gives to clients:
/// one of those may be some client's when the server comes.
inline uint16_t free_port() {
  namespace asio = boost::asio;
  std::random_device random;
  asio::io_context io;
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<uint16_t>(20'000 + random() % 12'000);
    asio::ip::tcp::acceptor acceptor{io, asio::ip::tcp::v4()};
    boost::system::error_code taken;
    acceptor.bind({asio::ip::address_v4::loopback(), port}, taken);
    if (!taken)
      return port;
  }
  throw std::runtime_error{"no port from 20000 to 31999 is free on the loopback"};
}

} // namespace lode::test
