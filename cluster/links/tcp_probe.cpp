#include "cluster/links/tcp_probe.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

namespace lode {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;

class prober {
public:
  prober(std::chrono::milliseconds connect_limit, std::chrono::milliseconds listen_limit)
    : connect_limit_(connect_limit), listen_limit_(listen_limit), thread_([this] { io_.run(); }) {}

  ~prober() {
    work_.reset();
    io_.stop();
    thread_.join();
  }

  void probe(std::string host, uint16_t port, std::function<void(probe_outcome)> done) {
    asio::co_spawn(io_, look(std::move(host), port, std::move(done)), asio::detached);
  }

private:
  asio::awaitable<void> look(std::string host, uint16_t port, std::function<void(probe_outcome)> done) {
    probe_outcome out;
    tcp::socket socket{io_};
    asio::steady_timer limit{io_, connect_limit_};
    boost::system::error_code late;
    auto connected = co_await (connect(socket, host, port) || limit.async_wait(asio::redirect_error(asio::use_awaitable, late)));
    if (connected.index() == 1)
      out.why = "no connection within " + std::to_string(connect_limit_.count()) + " ms";
    else
      out.why = std::get<0>(connected);
    out.is_open = out.why.empty();
    if (out.is_open)
      out.speaks_first = co_await hears(socket);
    boost::system::error_code ignored;
    socket.close(ignored);
    done(std::move(out));
  }

  /// "" = connected.
  asio::awaitable<std::string> connect(tcp::socket& socket, const std::string& host, uint16_t port) {
    boost::system::error_code failed;
    tcp::resolver resolver{io_};
    auto found = co_await resolver.async_resolve(host, std::to_string(port), asio::redirect_error(asio::use_awaitable, failed));
    if (failed)
      co_return host + " cannot be resolved: " + failed.message();
    co_await asio::async_connect(socket, found, asio::redirect_error(asio::use_awaitable, failed));
    co_return failed ? failed.message() : std::string{};
  }

  asio::awaitable<bool> hears(tcp::socket& socket) {
    boost::system::error_code failed;
    boost::system::error_code late;
    asio::steady_timer limit{io_, listen_limit_};
    auto heard = co_await (socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, failed))
                           || limit.async_wait(asio::redirect_error(asio::use_awaitable, late)));
    co_return heard.index() == 0 && !failed && socket.available(failed) > 0;
  }

  std::chrono::milliseconds connect_limit_;
  std::chrono::milliseconds listen_limit_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

} // namespace

probe_function make_tcp_probe(std::chrono::milliseconds connect_limit, std::chrono::milliseconds listen_limit) {
  auto by = std::make_shared<prober>(connect_limit, listen_limit);
  return [by](const std::string& host, uint16_t port, std::function<void(probe_outcome)> done) {
    by->probe(host, port, std::move(done));
  };
}

} // namespace lode
