#pragma once

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <map>
#include <string>

#include "actors/streaming/sink_registry.hpp"
#include "examples/webhook/webhook_settings.hpp"
#include "messages/actors.hpp"

namespace lode::examples {

/// Reads the settings of a sink of kind "webhook".
sink_spawner make_webhook_sink(const sink_request& request);

/// A sink that hears of responses.
using webhook_actor = sink_actor::extend<
  // From the HTTP client; of a request that was given up it means nothing.
  caf::result<void>(response_arrived)>;

/// POSTs changes to a URL, signed as the Standard Webhooks specification says. A batch goes out in requests of at most `batch` changes:
///
///   deliver -> post -- 2xx --> post .. -> done
///                |-- anything else, or no response, or no time for another one --> done
///
/// Of each shard one request is out at a time, the next one after its 2xx: so each key's changes arrive in order. What was acknowledged is
/// the answer, and the rest comes at once as a batch of its own; the error is the answer where nothing was.
struct webhook_sink_state {
  static constexpr const char* name = "lode.sink.webhook";
  /// Within which a batch is answered for: less than the courier waits.
  static constexpr std::chrono::seconds longest_delivery{25};
  /// With less time left than this, or than `timeout`, no further request of a batch is begun.
  static constexpr std::chrono::seconds worth_a_request{10};

  webhook_sink_state(webhook_actor::pointer self, webhook_sink_settings settings, http_client* http);
  ~webhook_sink_state(); ///< cancels what is in flight
  webhook_actor::behavior_type make_behavior();

  struct delivery {
    deliver_changes batch;
    caf::typed_response_promise<size_t> answer;
    caf::actor_clock::time_point since;
    size_t next = 0;   ///< index of the first change that is not acknowledged
    size_t end = 0;    ///< behind the last one in flight
    uint64_t turn = 0; ///< of the request in flight
    request_handle in_flight{};
  };
  std::chrono::milliseconds time_left(const delivery& each) const;

  caf::result<size_t> deliver(deliver_changes batch);
  void go_on(delivery& each);
  void post(delivery& each);
  void judge(delivery& each, const http_result& result);
  /// Ends the delivery with what was acknowledged, or else with the error.
  void finish(delivery& each, const caf::error& why);

  webhook_actor::pointer self;
  webhook_sink_settings settings;
  http_client* http;
  uint64_t turns = 0;
  std::map<shard_id, delivery> deliveries;
  caf::actor_clock::time_point quiet_until{}; ///< the receiver asked for that
};
using webhook_sink = webhook_actor::stateful_impl<webhook_sink_state>;

} // namespace lode::examples
