#pragma once

#include "runtime/websocket/websocket_client.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace lode {

/// The websocket_client of unit tests: the test is the server, without sockets, threads or time. Events are called on
/// the thread of whoever causes them, under the rules of the real client: messages wait for credit, `closed` comes once
/// and last. close() is answered at once. Thread-safe.
class scripted_websocket_client : public websocket_client {
public:
  ~scripted_websocket_client() override;

  /// Everything opened so far, in order.
  std::vector<websocket_handle> sockets() const;
  websocket_request request(websocket_handle socket) const;
  /// What was sent on it, in order.
  std::vector<std::string> sent(websocket_handle socket) const;
  /// Messages that may be handed on still.
  std::uint64_t credits(websocket_handle socket) const;
  bool has_ended(websocket_handle socket) const;

  /// The server agrees to the upgrade.
  void accept(websocket_handle socket, websocket_opened news = {});
  /// The server sends these. An accepted socket hands them on as its credit allows.
  void deliver(websocket_handle socket, std::vector<std::string> messages);
  /// The socket ends, for whatever reason; messages without credit are lost, as those behind a reset are.
  void end(websocket_handle socket, websocket_closed why);

  websocket_handle open(websocket_request request, websocket_events events) override;
  void grant(websocket_handle socket, std::uint32_t messages) override;
  void send(websocket_handle socket, std::string text) override;
  void close(websocket_handle socket) override;
  /// The time of the last accept() or of messages handed on.
  std::optional<std::chrono::steady_clock::time_point> last_heard(websocket_handle socket) const override;
  websocket_client_stats stats() const override;

private:
  struct socket_state {
    websocket_request request;
    websocket_events events;
    std::uint64_t credits = 0;
    std::deque<std::string> waiting;
    std::vector<std::string> sent;
    std::optional<std::chrono::steady_clock::time_point> heard;
    bool is_open = false;
    bool has_ended = false;
  };

  template <class T>
  T look(websocket_handle socket, T socket_state::*field) const;
  socket_state* find(websocket_handle socket);
  void hand_on(websocket_handle socket);

  mutable std::mutex mutex_;
  std::map<std::uint64_t, socket_state> sockets_; ///< ended ones stay, for the test to look at
  websocket_client_stats stats_;
};

} // namespace lode
