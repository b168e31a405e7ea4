#pragma once

#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/error.hpp"
#include "messages/extraction.hpp"
#include "messages/gaps.hpp"
#include "messages/ids.hpp"
#include "messages/records.hpp"
#include "messages/scheduling.hpp"
#include "messages/storage.hpp"

/// What listeners hear and what sinks deliver.
namespace lode {

// -- listeners: the live capture of a connection -------------------------------------------------------------------------

/// A text that an API sent, as it came.
struct heard_message {
  int64_t counter = 0; ///< logical time, taken when it was received
  std::string body;
  instant received_at{}; ///< node clock; for "now" in templates
  std::vector<std::pair<std::string, std::string>> headers{}; ///< of a webhook, where topics and ids stand
};

/// Connect, authenticate, subscribe.
struct start_listening {};
/// Subscribed, and the API said so: nothing is missed from here on. The repair of the open gaps may begin.
struct listening_began {
  connection_id connection;
};
/// The API showed a sign of life: nothing was missed until now.
struct still_listening {
  connection_id connection;
};
/// Nothing is heard any more. A gap is open since the last sign of life.
struct listening_ended {
  connection_id connection;
  caf::error reason; ///< errc::unauthorized: a person must act; anything else is tried again
  std::chrono::nanoseconds after{0}; ///< not before: the API asked for it
};
/// At most as many messages without messages_settled as were allowed.
struct messages_heard {
  uint64_t batch = 0; ///< numbers of one listener grow by one
  std::vector<heard_message> messages;
};
/// What the batch says is committed, or (is_lost) never will be by this node.
struct messages_settled {
  uint64_t batch = 0;
  std::vector<std::string> event_ids{}; ///< that its messages carried, for the acknowledgement
  bool is_lost = false;
};
struct socket_event; // actors/streaming/websocket_listener.hpp: what the I/O thread says
/// From a listener's own socket; of an earlier one it means nothing.
struct socket_spoke {
  uint64_t generation = 0;
  std::shared_ptr<const socket_event> event;
};

/// A batch on its way through the processor: what it tells of each stream becomes a page of no continuation.
struct process_messages {
  uint64_t batch = 0;
  connection_pointer connection;
  uint32_t live = 0; ///< index of the live side in the plan
  /// What is known from this moment on may be newer than what the batch tells. Absent: the API keeps the order of its events.
  std::optional<fact_order> doubt_from{};
  std::vector<heard_message> messages;
};
/// The processor's answer, sent when the pages are on their way to the writer.
struct messages_processed {
  uint64_t batch = 0;
  uint32_t pages = 0; ///< each of them is committed or refused with the batch as its generation
  std::vector<std::string> event_ids{};
  uint32_t ignored = 0; ///< messages that no rule fits
};

// -- the gap ledger -------------------------------------------------------------------------------------------------------

/// The API has confirmed a subscription: what it sends from `now` on, by the node's clock, is heard.
struct begin_listening {
  connection_pointer connection;
  live_subscription subscription;
  instant now{};
};
/// Gaps that are owed a repair; runs that repair them are requested.
struct gaps_owed {
  size_t count = 0;
};
/// Nothing is heard since `since`. A word of an earlier subscription changes nothing.
struct end_listening {
  live_subscription subscription;
  instant since{};
  std::string reason;
};
/// All that was heard until then is committed, and this node hears nothing more.
struct hand_over_listening {
  live_subscription subscription;
  instant until{};
  int64_t successor = 0; ///< the subscription that was confirmed before this one ended; 0: nobody's
};

// -- a planned move: who comes listens before who goes has ended ----------------------------------------------------------

/// To a capture that was made before its shard was this node's: from now on it is, and what was kept may be committed.
struct take_over {
  connection_pointer connection;
  caf::strong_actor_ptr supervisor;  ///< a tenant_supervisor_actor
  caf::strong_actor_ptr credentials; ///< a credential_keeper_actor; null unless a stream authenticates with OAuth
};
/// From such a capture: the API has confirmed its subscription.
struct successor_ready {
  tenant_id tenant;
  successor_listens said;
};

// -- keys whose truth is open ----------------------------------------------------------------------------------------------

/// Due keys of the connection, a bounded number. From the gap keeper to whoever listens to the connection.
struct recheck_keys {
  std::vector<recheck_row> rows;
};
/// They could not be fetched: due again later.
struct postpone_rechecks {
  connection_id connection;
  shard_claim claim;
  std::vector<recheck_row> rows;
  std::chrono::microseconds by{0};
  std::string reason{}; ///< for people
};

// -- sinks: where changes go -----------------------------------------------------------------------------------------------

/// A change of one record, as a sink is told of it.
struct delivered_change {
  int64_t seq = 0; ///< in the feed of its shard: of two changes of one key the later one has the larger
  std::string tenant; ///< this and the next three: names
  std::string connection;
  std::string source;
  std::string stream;
  change_kind kind = change_kind::inserted;
  std::string key;
  /// The record as the change left it: JSON text. "" of a deletion, and where `is_replaced`.
  std::string payload;
  /// The record has changed again since, so that this state of it is no longer kept: a later change of the key follows.
  bool is_replaced = false;
  content_hash hash; ///< of the record as the change left it
  instant committed{}; ///< the database's clock
};

/// The next changes of one shard, in the order of `seq`. Never empty.
struct deliver_changes {
  int64_t generation = 0; ///< of the store: only within one of them a (shard, seq) names the same change for ever
  shard_id shard;
  std::vector<delivered_change> changes;
};

/// Sinks were put, removed, paused or resumed: look at once.
struct sinks_changed {};

} // namespace lode
