#include "tests/simapi/server.hpp"

#include "tests/simapi/conversation.hpp"
#include "tests/simapi/live/service.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <optional>
#include <thread>
#include <vector>

namespace simapi {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

/// Listens on the wanted port. With a wish that may be ignored (a port remembered from before a restart) any other will do.
tcp::acceptor listen(asio::io_context& io, const std::string& address, uint16_t wanted, bool must_be_this) {
  const auto where = asio::ip::make_address(address);
  try {
    return {io, {where, wanted}, true};
  } catch (const boost::system::system_error& error) {
    if (must_be_this)
      throw std::runtime_error("port " + std::to_string(wanted) + ": cannot listen on " + address + ": " + error.code().message());
    return {io, {where, 0}, true};
  }
}

/// A conversation that ends with an exception is a bug of ours, or a state file that cannot be written: never silent.
void report(std::exception_ptr error) try {
  if (error)
    std::rethrow_exception(error);
} catch (const std::exception& failure) {
  std::cerr << "lode-simapi: a connection was dropped: " << failure.what() << std::endl;
}

} // namespace

struct server::sockets {
  explicit sockets(simulation& sim)
    : data(listen(io, sim.config.address, sim.port, sim.config.port != 0)),
      control(listen(io, "127.0.0.1", sim.control_port, sim.config.control_port != 0)), live(io, sim) {
    if (sim.config.tls_key.empty())
      return;
    tls.emplace(asio::ssl::context::tls_server);
    tls->use_certificate_chain_file(sim.config.tls_certificate);
    tls->use_private_key_file(sim.config.tls_key, asio::ssl::context::pem);
  }

  asio::awaitable<void> accept_data(simulation& sim);
  asio::awaitable<void> accept_control(simulation& sim);

  asio::io_context io;
  tcp::acceptor data;
  tcp::acceptor control;
  live_service live;
  std::optional<asio::ssl::context> tls;
};

asio::awaitable<void> server::sockets::accept_data(simulation& sim) {
  for (;;) {
    auto [error, socket] = co_await data.async_accept(asio::make_strand(io), quietly);
    if (error == asio::error::operation_aborted)
      co_return;
    if (error)
      continue;
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto where = socket.get_executor();
    if (tls)
      asio::co_spawn(where, converse(tls_socket{std::move(socket), *tls}, sim), report);
    else
      asio::co_spawn(where, converse(std::move(socket), sim), report);
  }
}

asio::awaitable<void> server::sockets::accept_control(simulation& sim) {
  for (;;) {
    auto [error, socket] = co_await control.async_accept(asio::make_strand(io), quietly);
    if (error == asio::error::operation_aborted)
      co_return;
    if (error)
      continue;
    auto where = socket.get_executor();
    asio::co_spawn(where, converse_control(std::move(socket), sim), report);
  }
}

server::server(simulation& sim) : sim_(sim), sockets_(std::make_unique<sockets>(sim)) {
  sim.port = sockets_->data.local_endpoint().port();
  sim.control_port = sockets_->control.local_endpoint().port();
  std::string ports;
  put(ports, sim.port);
  put(ports, sim.control_port);
  sim.state.append(entry_type::ports, ports);
  asio::co_spawn(sockets_->io, sockets_->accept_data(sim), asio::detached);
  asio::co_spawn(sockets_->io, sockets_->accept_control(sim), asio::detached);
  sockets_->live.start();
}

server::~server() = default;

void server::run(uint32_t threads) {
  std::vector<std::jthread> others;
  for (uint32_t i = 1; i < threads; ++i)
    others.emplace_back([this] { sockets_->io.run(); });
  sockets_->io.run();
}

void server::stop() {
  sockets_->io.stop();
}

void server::stop_on_signals() {
  asio::co_spawn(
    sockets_->io,
    [](sockets& all) -> asio::awaitable<void> {
      asio::signal_set signals{all.io, SIGINT, SIGTERM};
      co_await signals.async_wait(quietly);
      all.io.stop();
    }(*sockets_),
    asio::detached);
}

} // namespace simapi
