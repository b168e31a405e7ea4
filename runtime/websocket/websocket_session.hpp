#pragma once

#include "runtime/http/url.hpp"
#include "runtime/websocket/liveness.hpp"
#include "runtime/websocket/transport.hpp"
#include "runtime/websocket/upgrade.hpp"
#include "runtime/websocket/websocket_client.hpp"
#include "runtime/websocket/websocket_lane.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lode {

/// One socket, from open() to `closed`:
///
///   waits for its turn -> name, TCP, tunnel, TLS, upgrade -> reads while it has credit -> ended
///
/// run() is the one way through it. Everything else that ends a socket (watchdog, a failed write, overflow, cancel)
/// leaves its verdict with end() and breaks the connection; run() then comes to its end and reports the first verdict.
/// The first four functions may be called on any thread, all else happens on the lane's.
class websocket_session final : public std::enable_shared_from_this<websocket_session>, private transport_owner {
public:
  using clock = std::chrono::steady_clock;
  using error_code = boost::system::error_code;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  /// Zeros in the request are replaced by defaults already.
  websocket_session(websocket_lane& lane, websocket_request request, websocket_events events, http_url url);

  void grant(std::uint32_t messages);
  void send(std::string text);
  void close();
  void cancel();
  std::optional<clock::time_point> last_heard() const;

  /// Lives as long as the socket. What it was: for `closed`.
  awaitable<websocket_closed> run();

  websocket_lane& lane() { return lane_; }
  /// Called when run() has ended; gives back what the callback captured.
  std::function<void(websocket_closed)> take_closed();

private:
  struct opening;

  // websocket_opening.cpp
  awaitable<void> open();
  awaitable<void> wait_for_turn(opening& current);
  awaitable<void> connect(const http_route& route);
  awaitable<void> open_tunnel(const http_route& route);
  awaitable<void> secure();
  awaitable<void> upgrade();
  void set_options();
  void judge_answer(const error_code& failure);

  // websocket_session.cpp
  awaitable<void> read_all();
  awaitable<void> wait_for_credit();
  bool may_read() const;
  void release(std::uint32_t messages);
  awaitable<error_code> read_message();
  void take_message();
  void hand_on();
  void end(websocket_end reason, const std::string& what);
  void end_reading(const error_code& failure);
  void end_writing(const error_code& failure);
  bool has_ended() const { return verdict_ != nullptr; }

  void start_close();
  void write_next();
  void send_ping();

  void arm(clock::time_point when);
  void arm_no_later(clock::time_point when);
  void on_watchdog();

  bool heard(std::string_view bytes, std::size_t count) override;
  void about_to_wait() override { hand_on(); }

  websocket_lane& lane_;
  std::unique_ptr<websocket_request> request_; ///< until the socket is open
  http_url url_;
  websocket_events events_;
  boost::beast::websocket::stream<transport, true> stream_;
  boost::asio::steady_timer gate_;     ///< wakes run() where it does not wait for the network
  boost::asio::steady_timer watchdog_;
  clock::time_point armed_for_ = clock::time_point::max();
  std::optional<clock::time_point> deadline_; ///< while it opens or closes
  liveness liveness_;
  std::unique_ptr<upgrade_answer> answer_;    ///< during the upgrade
  std::unique_ptr<websocket_closed> verdict_; ///< the first cause of the end

  std::atomic<std::int64_t> credits_;
  std::atomic<bool> is_paused_ = false;
  std::atomic<std::int64_t> held_messages_ = 0; ///< received and not granted anew
  std::atomic<std::int64_t> held_bytes_ = 0;
  std::atomic<clock::rep> heard_at_ = 0; ///< 0 = not open

  std::array<char, 512> head_of_message_;
  std::string message_;
  std::vector<std::string> batch_;
  std::size_t batch_bytes_ = 0;

  std::list<std::string> outbox_;
  std::atomic<std::size_t> queued_bytes_ = 0; ///< what is on its way to the outbox included
  std::size_t max_queued_bytes_;
  bool is_open_ = false;
  bool is_writing_ = false;
  bool is_pinging_ = false;
  bool is_closing_ = false; ///< by close()
  bool is_close_answered_ = false;
};

} // namespace lode
