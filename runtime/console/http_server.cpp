#include "runtime/console/http_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <thread>

#include "config/listen_address.hpp"
#include "messages/type_ids.hpp"
#include "runtime/console/http_session.hpp"
#include "runtime/console/server_tls.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace asio = boost::asio;
using asio::ip::tcp;

struct http_server::parts {
  parts(const console_settings& settings, router routes, console_services services, access_tokens tokens,
        const session_limits& limits, std::unique_ptr<asio::ssl::context> tls)
    : shared{std::move(routes), std::move(services), access_check{std::move(tokens)}, settings.max_body.value, workers, hook_worker, limits, std::move(tls)},
      workers(settings.threads) {
    for (uint32_t i = 0; i < settings.threads; ++i)
      shared.free_stores.push_back(shared.services.open_stores());
    shared.late = std::make_shared<late_answers>(io);
  }

  /// Throws boost::system::system_error.
  void listen(const listen_address& where) {
    tcp::endpoint endpoint{asio::ip::make_address(where.host), where.port};
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    auto host = where.host.find(':') == std::string::npos ? where.host : "[" + where.host + "]";
    address = host + ":" + std::to_string(acceptor.local_endpoint().port());
    asio::co_spawn(io, accept_all(), asio::detached);
    thread = std::thread{[this] { io.run(); }};
  }

  asio::awaitable<void> accept_all() {
    for (;;) {
      auto [failed, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      if (failed == asio::error::operation_aborted)
        co_return;
      if (failed) {
        // Out of file descriptors, most likely: wait instead of spinning.
        asio::steady_timer pause{io, std::chrono::milliseconds{100}};
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      } else {
        asio::co_spawn(io, converse(std::move(socket), shared), asio::detached);
      }
    }
  }

  ~parts() {
    shared.late->close();
    io.stop();
    if (thread.joinable())
      thread.join();
    workers.stop();
    hook_worker.stop();
    workers.join();
    hook_worker.join();
  }

  std::string address;
  // Gone in reverse: work in `workers` holds conversations, which live in `io` and use `shared`.
  session_parts shared;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::thread_pool workers;
  asio::thread_pool hook_worker{1};
  std::thread thread;
};

caf::expected<std::unique_ptr<http_server>> http_server::start(const console_settings& settings, router routes,
                                                               console_services services, const session_limits& limits) {
  auto where = parse_listen_address(settings.listen);
  if (!where)
    return caf::make_error(errc::bad_argument, "console.listen: found \"" + settings.listen + "\", expected address:port");
  access_tokens tokens;
  if (!settings.token_file.empty()) {
    auto read = read_token_file(settings.token_file);
    if (!read)
      return caf::make_error(errc::bad_argument, "console.token_file: " + message_of(read.error()));
    tokens = std::move(*read);
  } else if (!where->is_loopback) {
    return caf::make_error(errc::bad_argument, "console.token_file is needed to listen on " + settings.listen);
  }
  auto tls = make_server_tls({settings.certificate_file, settings.key_file});
  if (!tls)
    return std::move(tls.error());
  try {
    auto made = std::make_unique<parts>(settings, std::move(routes), std::move(services), std::move(tokens), limits,
                                        std::move(*tls));
    made->listen(*where);
    return std::unique_ptr<http_server>{new http_server{std::move(made)}};
  } catch (const boost::system::system_error& e) { // its own text names a place in Boost
    return caf::make_error(errc::bad_argument, "console.listen: cannot listen on " + settings.listen + " (" + e.code().message()
                                                 + "); is a node running there already? Name another port, 0 takes any free one");
  } catch (const std::exception& e) {
    return caf::make_error(errc::bad_argument, "console.listen: cannot listen on " + settings.listen + " (" + e.what() + ")");
  }
}

http_server::http_server(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
http_server::~http_server() = default;

const std::string& http_server::address() const noexcept {
  return parts_->address;
}

} // namespace lode
