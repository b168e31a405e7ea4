#pragma once

#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>
#include <string>

#include "actors/extraction/mining_services.hpp"
#include "actors/streaming/live_services.hpp"
#include "messages/actors.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/webhook.hpp"

namespace lode {

/// Hears what is posted to `/hooks/SOURCE` on any node and brought here. There is nothing to connect to: it listens as soon as its
/// settings can be read. A request is answered when what it tells is committed; what is not is answered as a failure, also when this
/// actor ends, and whoever sent it sends it again.
struct webhook_listener_state {
  static constexpr const char* name = "lode.webhook-listener";
  static constexpr std::chrono::seconds look{2}; ///< how often the owner hears that it lives

  webhook_listener_state(listener_actor::pointer self, listener_job job);
  listener_actor::behavior_type make_behavior();

  void begin();
  caf::result<void> hear(webhook_arrived& request);
  void settled(const messages_settled& msg);
  void tick();
  void end(caf::error reason);

  listener_actor::pointer self;
  listener_job job;
  std::optional<signature_check> signature; ///< nothing: it has not begun
  std::map<uint64_t, caf::typed_response_promise<void>> waiting; ///< for their commit, by batch
  uint64_t batches = 0;
  uint64_t ticks = 0; ///< token of the timer
  json_document scratch;
  activity_board::entry shown;
};
using webhook_listener = listener_actor::stateful_impl<webhook_listener_state>;

} // namespace lode
