#pragma once

#include <functional>
#include <utility>

#include "messages/actors.hpp"
#include "runtime/manifest/live_plan.hpp"

namespace lode {

class component;
template <class T>
class registry;
struct listener_job; // actors/streaming/listener_registry.hpp

/// What a kind of listener is made from when its source is loaded.
struct listener_request {
  const component& settings; ///< the `settings` of `x-lode.live`; mistakes are told with settings.error(message, key)
};

/// Spawns the listener of one connection; after each failure again.
using listener_spawner = std::function<listener_actor(caf::actor_system&, const listener_job&)>;

/// What a kind makes of its settings; without `spawn` it is nothing.
struct made_listener {
  made_listener() = default;
  made_listener(listener_spawner spawn, listener_settings typed = {})
      : spawn(std::move(spawn)), typed(std::move(typed)) {}
  explicit operator bool() const { return static_cast<bool>(spawn); }

  listener_spawner spawn;
  /// What others than the listener do for it. webhook_settings: the node's `/hooks/SOURCE` brings it what is posted there, accounts are
  /// told apart, gaps are swept. websocket_settings: what follows the last event may be asked for. Any kind may give them.
  listener_settings typed;
};

/// Makes a listener, or nothing after it has told what is wrong. A listener_spawner is enough of a result.
using listener_factory = std::function<made_listener(const listener_request&)>;
/// Named by `x-lode.live.listener` of a stream.
using listener_registry = registry<listener_factory>;

/// The settings of the listeners that Lode brings. Every mistake becomes a note.
websocket_settings read_websocket(const component& settings);
webhook_settings read_webhook(const component& settings);

} // namespace lode
