#include "tests/integration/websocket/websocket_peer.hpp"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>

namespace lode::test {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

websocket_peer::websocket_peer(server_connection& connection) : connection_(connection) {
  connection.with_stream([this](auto& layer) {
    if constexpr (std::is_same_v<std::decay_t<decltype(layer)>, plain_socket>)
      plain_.emplace(peer_layer<plain_socket>{layer, connection_});
    else
      tls_.emplace(peer_layer<tls_socket>{layer, connection_});
  });
}

bool websocket_peer::accept(const std::function<void(const server_request&, answer&)>& decorate) {
  auto upgrade = connection_.read_request();
  return upgrade && accept(*upgrade, decorate);
}

bool websocket_peer::accept(const server_request& upgrade,
                            const std::function<void(const server_request&, answer&)>& decorate) {
  return with_stream([&](auto& stream) {
    if (deflates) {
      websocket::permessage_deflate options;
      options.server_enable = true;
      stream.set_option(options);
    }
    stream.set_option(websocket::stream_base::decorator([&](answer& response) {
      if (decorate)
        decorate(upgrade, response);
    }));
    stream.control_callback([this](websocket::frame_type kind, auto) {
      if (on_control)
        on_control(kind);
    });
    error_code failure;
    stream.accept(upgrade, failure);
    return !failure;
  });
}

bool websocket_peer::send(std::string_view message, bool as_text) {
  return with_stream([&](auto& stream) {
    error_code failure;
    stream.text(as_text);
    stream.write(asio::buffer(message), failure);
    return !failure;
  });
}

bool websocket_peer::send_part(std::string_view part, bool is_last) {
  return with_stream([&](auto& stream) {
    error_code failure;
    stream.text(true);
    stream.write_some(is_last, asio::buffer(part), failure);
    return !failure;
  });
}

bool websocket_peer::ping() {
  return with_stream([](auto& stream) {
    error_code failure;
    stream.ping("are you there?", failure);
    return !failure;
  });
}

std::optional<std::string> websocket_peer::receive() {
  return with_stream([](auto& stream) -> std::optional<std::string> {
    error_code failure;
    boost::beast::flat_buffer buffer;
    stream.read(buffer, failure);
    if (failure)
      return std::nullopt;
    return boost::beast::buffers_to_string(buffer.data());
  });
}

bool websocket_peer::close(uint16_t code, std::string_view reason) {
  return with_stream([&](auto& stream) {
    error_code failure;
    stream.close({static_cast<websocket::close_code>(code), {reason.data(), reason.size()}}, failure);
    return !failure;
  });
}

websocket::close_reason websocket_peer::reason() {
  return with_stream([](auto& stream) { return stream.reason(); });
}

} // namespace lode::test
