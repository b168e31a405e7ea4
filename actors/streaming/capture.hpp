#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/streaming/live_services.hpp"
#include "messages/actors.hpp"
#include "messages/gaps.hpp"

namespace lode {

/// What a capture is made for: one live side of one connection.
struct capture_job {
  services_pointer services;
  live_services_pointer live;
  connection_pointer connection;
  uint32_t side = 0; ///< index of the live side in the plan
  tenant_supervisor_actor supervisor;
  credential_keeper_actor credentials; ///< null unless a stream authenticates with OAuth
};

/// Holds together what the live side of one connection is made of:
///
///   opening -- listening_began --> listening -- listening_ended --> waiting -- backoff --> opening
///   listening -- a batch is lost, or not committed in time --> waiting   (the gap begins where the last proof of health ends)
///   any -- leave_tenant --> leaving -- all that was heard is committed, the store knows --> ended
///
/// A batch is settled when all pages that it became are committed; only then the listener may acknowledge it. What is known to be
/// heard is told to the gap keeper as a proof of health: never later than the receipt of what is not committed yet. Owns nothing
/// durable: after a crash the next subscription finds in the store from where on something may be missing.
struct capture_state {
  static constexpr const char* name = "lode.capture";
  static constexpr std::chrono::seconds store_retry{1};
  enum class step : uint8_t { waiting, opening, listening, leaving };

  capture_state(capture_actor::pointer self, capture_job job);
  capture_actor::behavior_type make_behavior();

  struct batch {
    uint64_t number = 0;         ///< the listener's
    uint64_t life = 0;           ///< of the listener that heard it
    instant heard{};             ///< its first message
    std::optional<uint32_t> pages; ///< nothing: the processor has not answered
    uint32_t settled = 0;
    std::vector<std::string> event_ids;
  };

  // listening
  void open();
  void began();
  void tell_store();
  void heard(messages_heard& msg);
  void ended(const caf::error& reason, std::chrono::nanoseconds after);
  void pause(std::chrono::nanoseconds after);

  // what was heard
  void processed(messages_processed& msg);
  void committed(uint64_t number);
  void refused(const page_refused& msg);
  void settle_if_done(uint64_t number);
  void prove();
  bool is_stuck() const;

  void recheck(const recheck_keys& order);

  // its end
  void leave();
  bool finish();
  void stop(caf::error reason);

  std::optional<fact_order> doubt_from() const;
  std::string path() const;

  capture_actor::pointer self;
  capture_job job;
  step at = step::waiting;
  listener_actor listener;
  uint64_t life = 0; ///< of the listener
  live_subscription subscription;
  bool is_in_store = false; ///< the store knows of this subscription
  caf::actor_clock::time_point opened{};
  std::map<uint64_t, batch> in_flight; ///< by number of this capture
  uint64_t batches = 0;
  instant last_sign{};  ///< of life from the API, before which nothing is on its way here
  instant sign_seen{};  ///< the latest one
  instant proven{};     ///< the latest proof that was told; the begin of the subscription
  caf::actor_clock::time_point last_settled{};
  std::chrono::nanoseconds backoff;
  uint64_t token = 0; ///< of the timer
  rechecker_actor rechecking; ///< null: nothing is fetched again at the moment
  bool is_handing_over = false;
};
using capture = capture_actor::stateful_impl<capture_state>;

} // namespace lode
