#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/ids.hpp"
#include "messages/records.hpp"
#include "messages/storage.hpp"

/// What listeners hear and what sinks deliver. A node spawns neither yet: docs/extending.md says what runs today.
namespace lode {

// -- listeners: the live capture of a connection -------------------------------------------------------------------------

/// What an event carries of its record.
enum class event_payload : uint8_t {
  full,   ///< all of it, as a page would
  patch,  ///< the fields that changed
  notice, ///< that it changed
};

struct live_event {
  uint32_t stream = 0; ///< index in the plan
  fact_order stamp;    ///< epoch and counter taken when it was received
  event_payload carries = event_payload::notice;
  std::string body;    ///< JSON as it was received
};

struct start_listening {};
/// Subscribed, and the API said so: nothing is missed from here on. The repair of the open gaps may begin.
struct listening_began {
  connection_id connection;
};
/// Nothing is heard any more. A gap is open since the last proof of health.
struct listening_ended {
  connection_id connection;
  std::string reason;
};
/// At most as many events without events_settled as were allowed.
struct events_heard {
  connection_id connection;
  std::vector<live_event> events;
};
/// So many more events may be handed on.
struct events_settled {
  uint32_t count = 0;
};
/// A webhook's request that reached this node's HTTP port.
struct webhook_arrived {
  std::string headers; ///< a JSON object: signatures stand there
  std::string body;
};

// -- sinks: where changes go -----------------------------------------------------------------------------------------------

struct delivered_change {
  int64_t seq = 0; ///< in the feed of its shard
  tenant_id tenant;
  connection_id connection;
  stream_id stream;
  change_kind kind = change_kind::inserted;
  std::string key;
  std::string payload; ///< "" of a deletion
  content_hash hash;
};

/// The next entries of one shard's feed, in order.
struct deliver_changes {
  shard_id shard;
  std::vector<delivered_change> changes;
};
/// All up to here are safe at the target.
struct changes_delivered {
  shard_id shard;
  int64_t seq = 0;
};

} // namespace lode
