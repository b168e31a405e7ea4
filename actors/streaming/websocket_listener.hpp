#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/streaming/live_services.hpp"
#include "messages/actors.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/live_plan.hpp"
#include "runtime/websocket/websocket_client.hpp"

namespace lode {

/// What a socket says on its I/O thread; messages are stamped there.
struct socket_event {
  std::variant<websocket_opened, std::vector<heard_message>, websocket_closed> what;
};

/// Hears over one WebSocket, as `x-lode.live` describes it:
///
///   idle -- start_listening --> opening -- open, greeted --> unconfirmed -- confirmation --> listening
///   any -- socket closed, no confirmation, a template fails --> idle: listening_ended to the owner
///
/// Credits bound what was heard and is not settled, so a slow store pushes back on the API. A heartbeat asks for signs of life where
/// the source declares one; how long nothing may be heard is the socket's affair.
struct websocket_listener_state {
  static constexpr const char* name = "lode.websocket-listener";
  static constexpr std::chrono::seconds look{2};         ///< how often the owner hears of signs of life
  static constexpr std::chrono::seconds confirmation{10}; ///< so long it may take
  enum class step : uint8_t { idle, opening, unconfirmed, listening };

  websocket_listener_state(websocket_listener_actor::pointer self, listener_job job);
  ~websocket_listener_state();
  websocket_listener_actor::behavior_type make_behavior();

  void open();
  websocket_events events_of_socket();
  void greet();
  void confirm_by(const std::vector<heard_message>& messages);
  void began();
  void heard(std::vector<heard_message> messages);
  void settled(const messages_settled& msg);
  void closed(const websocket_closed& how);
  void report_refusal(const websocket_closed& how) const;
  void give_up(caf::error why, std::chrono::nanoseconds after = {});
  caf::error beat();
  void tick();
  void drop_socket();

  websocket_listener_actor::pointer self;
  listener_job job;
  const websocket_settings& settings;
  step at = step::idle;
  websocket_handle socket;
  uint64_t generation = 0; ///< of the socket
  std::map<uint64_t, uint32_t> unsettled; ///< messages of each batch
  uint64_t batches = 0;
  caf::actor_clock::time_point opened{};
  caf::actor_clock::time_point next_beat{};
  std::optional<std::chrono::steady_clock::time_point> last_heard;
  uint64_t ticks = 0; ///< token of the timer
  json_document scratch;
  activity_board::entry shown;
};
using websocket_listener = websocket_listener_actor::stateful_impl<websocket_listener_state>;

} // namespace lode
