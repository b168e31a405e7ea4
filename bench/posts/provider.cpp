// bench-provider: the API that the benchmarks mine. One thread, keep-alive, plain or TLS; see api.hpp for what it answers, and
// live_side.hpp for its WebSockets (plain only).
#include "bench/posts/api.hpp"
#include "bench/posts/live_side.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <type_traits>

namespace bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using tls_socket = asio::ssl::stream<tcp::socket>;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr int send_buffer = 256 << 10; // a page leaves in one call

struct provider_options {
  api_settings api;
  uint16_t port = 0;
  uint32_t latency_ms = 0;
  std::string ready_file, tls_certificate, tls_key;
};

/// What all connections share; outlives them.
struct shared_parts {
  posts_api& api;
  live_side& live;
  asio::ssl::context* tls; ///< null: plain HTTP
  std::chrono::milliseconds latency;
};

template <class Stream>
asio::awaitable<void> serve(Stream& stream, const shared_parts& parts) {
  boost::beast::flat_buffer buffer;
  api_answer answer;
  asio::steady_timer timer{stream.get_executor()};
  std::string head;
  for (bool goes_on = true; goes_on;) {
    http::request_parser<http::string_body> parser;
    auto [read_error, read_bytes] = co_await http::async_read(stream, buffer, parser, quietly);
    if (read_error)
      co_return;
    const auto& request = parser.get();
    if constexpr (std::is_same_v<Stream, tcp::socket>)
      if (boost::beast::websocket::is_upgrade(request))
        co_return co_await parts.live.serve(std::move(stream), request, buffer);
    goes_on = request.keep_alive();
    auto text = [](auto view) { return std::string_view{view.data(), view.size()}; };
    if (parts.latency > parts.latency.zero() && request.target().starts_with("/v1/")) {
      timer.expires_after(parts.latency);
      co_await timer.async_wait(quietly);
    }
    if (!parts.live.answer(text(request.method_string()), text(request.target()), answer))
      parts.api.answer(text(request.method_string()), text(request.target()), answer);
    head = "HTTP/1.1 " + std::to_string(answer.status) + (answer.status == 200 ? " OK" : " Refused")
           + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
    std::array<asio::const_buffer, 2> pieces{asio::buffer(head), asio::buffer(answer.body)};
    auto [write_error, written] = co_await asio::async_write(stream, pieces, quietly);
    if (write_error)
      co_return;
  }
}

asio::awaitable<void> converse(tcp::socket socket, const shared_parts& parts) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(send_buffer), ignored);
  if (!parts.tls)
    co_return co_await serve(socket, parts);
  tls_socket stream{std::move(socket), *parts.tls};
  auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, quietly);
  if (!error)
    co_await serve(stream, parts);
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, const shared_parts& parts) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(quietly);
    if (!error)
      asio::co_spawn(acceptor.get_executor(), converse(std::move(socket), parts), asio::detached);
  }
}

/// Whoever waits for the file never reads half of it.
void write_ready_file(const std::string& path, uint16_t port) {
  auto fresh = path + ".new";
  std::ofstream{fresh} << port << "\n";
  if (std::rename(fresh.c_str(), path.c_str()) != 0)
    throw std::runtime_error{path + ": cannot be written"};
}

int run(const provider_options& options) {
  asio::io_context io{1};
  posts_api api{options.api};
  live_side live{io, options.api.seed, options.api.tenants};
  std::optional<asio::ssl::context> tls;
  if (!options.tls_certificate.empty()) {
    tls.emplace(asio::ssl::context::tls_server);
    tls->use_certificate_chain_file(options.tls_certificate);
    tls->use_private_key_file(options.tls_key, asio::ssl::context::pem);
  }
  const shared_parts parts{api, live, tls ? &*tls : nullptr, std::chrono::milliseconds{options.latency_ms}};
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), options.port}};
  asio::co_spawn(io, accept(acceptor, parts), asio::detached);
  write_ready_file(options.ready_file, acceptor.local_endpoint().port());
  io.run();
  return 0;
}

} // namespace
} // namespace bench

int main(int argc, char** argv) try {
  bench::provider_options options;
  CLI::App program{"The API that the benchmarks mine; runs until a signal ends it"};
  program.add_option("--seed", options.api.seed, "What the posts say");
  program.add_option("--tenants", options.api.tenants, "How many accounts there are")->required();
  program.add_option("--records", options.api.records, "Posts of each account")->required();
  program.add_option("--port", options.port, "On 127.0.0.1; 0 = any free one");
  program.add_option("--latency-ms", options.latency_ms, "From a page's request to its answer, at the least")->check(CLI::Range(0, 60'000));
  program.add_option("--ready-file", options.ready_file, "Gets the port once it listens")->required();
  auto* certificate = program.add_option("--tls-cert", options.tls_certificate, "PEM file: speak TLS");
  program.add_option("--tls-key", options.tls_key, "PEM file")->needs(certificate);
  CLI11_PARSE(program, argc, argv);
  return bench::run(options);
} catch (const std::exception& error) {
  std::cerr << "bench-provider: " << error.what() << "\n";
  return 1;
}
