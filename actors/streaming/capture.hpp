#pragma once

#include <chrono>
#include <deque>
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
  tenant_supervisor_actor supervisor{}; ///< null as long as the shard is another node's
  credential_keeper_actor credentials{}; ///< null unless a stream authenticates with OAuth
  successor_actor successor{}; ///< of one without a supervisor: is told of each subscription
};

/// Holds together what the live side of one connection is made of:
///
///   opening -- listening_began --> listening -- listening_ended --> waiting -- backoff --> opening
///   listening -- a batch is lost, or not committed in time --> waiting   (the gap begins where the last proof of health ends)
///   any -- leave_tenant --> leaving -- all that was heard is committed, the store knows --> ended
///
/// A planned move: the successor's capture has no supervisor; it keeps what it hears until take_over. The one that leaves goes on
/// until it knows the successor's subscription, and a moment longer for what the API had sent before; then the store is told whose
/// turn it is.
///
/// While a batch is on its way what is heard meanwhile gathers, and leaves as the next one: the store writes one page of many events
/// for little more than one of one. A batch is settled when all pages that it became are committed; only then the listener may
/// acknowledge what it holds. What is known to be heard is told to the gap keeper as a proof of health: never later than the receipt of
/// what is not committed yet. Owns nothing durable: after a crash the next subscription finds in the store from where on something may
/// be missing.
struct capture_state {
  static constexpr const char* name = "lode.capture";
  static constexpr std::chrono::seconds store_retry{1};
  static constexpr std::chrono::milliseconds hand_over_retry{200};
  /// What the API sent before a successor had subscribed arrives within this.
  static constexpr std::chrono::seconds afterglow{1};
  /// A successor that has not said so for this long may be there no more.
  static constexpr std::chrono::seconds successor_fresh{3};
  /// An API that sends again what was missed has done so within this.
  static constexpr std::chrono::seconds replay_window{60};
  /// What gathers beyond this leaves in several batches.
  static constexpr size_t batch_bytes = 1 << 20;
  enum class step : uint8_t { waiting, opening, listening, leaving };

  capture_state(capture_actor::pointer self, capture_job job);
  capture_actor::behavior_type make_behavior();

  struct gathered {
    messages_heard what;
    uint64_t life = 0; ///< of the listener that heard it
    std::optional<fact_order> doubt_from;
  };
  struct batch {
    std::vector<uint64_t> numbers; ///< the listener's, of what it holds
    uint64_t life = 0;             ///< of the listener that heard it
    instant heard{};               ///< its first message
    std::optional<uint32_t> pages; ///< nothing: the processor has not answered
    uint32_t settled = 0;
    std::vector<std::string> event_ids;
  };

  // listening
  void open();
  void began();
  void tell_store();
  void tell_end(end_listening gap);
  void heard(messages_heard& msg);
  void ended(const caf::error& reason, std::chrono::nanoseconds after);
  void pause(std::chrono::nanoseconds after);
  void drop_listener();

  // what was heard
  void hand_on();
  void processed(messages_processed& msg);
  void committed(uint64_t number);
  void refused(const page_refused& msg);
  void settle_if_done(uint64_t number);
  void prove();
  bool is_stuck() const;
  void give_up();

  void recheck(const recheck_keys& order);

  // a planned move
  bool is_successor() const { return !job.supervisor; }
  void take(const take_over& msg);
  void succeeded_by(const successor_listens& msg);
  bool has_successor() const;
  caf::result<void> hear(webhook_arrived& request);

  // its end
  void leave(leave_tenant order);
  void close();
  bool finish();
  void hand_over();
  void stop(caf::error reason);

  std::optional<fact_order> doubt_from() const;
  /// The present listener asked for what followed the last event.
  bool resumes() const;
  std::string path() const;
  void enter_board();

  capture_actor::pointer self;
  capture_job job;
  step at = step::waiting;
  listener_actor listener;
  uint64_t life = 0; ///< of the listener
  live_subscription subscription;
  bool is_in_store = false; ///< the store knows of this subscription
  caf::actor_clock::time_point opened{};
  caf::actor_clock::time_point certain_since{}; ///< all that was committed since then is of this claim
  std::map<uint64_t, batch> in_flight; ///< by number of this capture
  uint64_t batches = 0;
  std::deque<gathered> waiting; ///< while a batch is in flight, or the shard is not this node's yet
  std::string last_event; ///< the latest that is committed, as the API names it
  instant last_sign{};  ///< of life from the API, before which nothing is on its way here
  instant sign_seen{};  ///< the latest one
  instant proven{};     ///< the latest proof that was told; the begin of the subscription
  caf::actor_clock::time_point last_settled{};
  std::chrono::nanoseconds backoff;
  uint64_t token = 0; ///< of the timer
  rechecker_actor rechecking; ///< null: nothing is fetched again at the moment
  int64_t heir = 0;                 ///< the subscription of this one's successor
  caf::actor_clock::time_point heir_said{};
  bool is_to_leave = false; ///< once a successor listens
  instant heard_until{};    ///< when the listener was told to end
  bool is_handing_over = false;
  activity_board::entry shown;
};
using capture = capture_actor::stateful_impl<capture_state>;

} // namespace lode
