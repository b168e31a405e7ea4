#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/cluster.hpp"
#include "messages/ids.hpp"
#include "messages/storage.hpp"

/// What a node tells of itself, and of its links to others.
namespace lode {

/// What the running node knows of itself; what the store knows is asked there.
struct node_status {
  std::string name;
  std::string version;
  incarnation self;
  std::chrono::seconds uptime{0};
  uint64_t shards = 0;
  uint64_t open_runs = 0;
  uint64_t miners = 0;
  uint64_t requests_in_flight = 0;
  uint64_t bytes_in_flight = 0;
  uint64_t bytes_allowed = 0;
  uint64_t waiting_for_quota = 0; ///< requests held back by a limit
  // Since the node's start.
  uint64_t pages = 0;
  uint64_t records = 0;
  uint64_t inserted = 0;
  uint64_t updated = 0;
  uint64_t unchanged = 0;
  uint64_t dead = 0;
  uint64_t calls = 0;        ///< requests to APIs that ended, whatever their end
  uint64_t failed_calls = 0; ///< of them, those that brought no usable answer; a limit that asks to wait is none of them
  uint64_t memory_bytes = 0; ///< resident
  double pages_per_second = 0; ///< over the last seconds
  double records_per_second = 0;
};

/// The actors of one name on a node, as CAF's registry counts them.
struct actor_figures {
  std::string name;
  int64_t mailbox = 0;           ///< messages that wait
  int64_t messages = 0;          ///< that were processed since the node's start
  double processing_seconds = 0; ///< that they took, all together
  std::string parent{};          ///< name of the actors that spawn them; "": the node
  int64_t running = 0;
  int64_t restarts = 0; ///< since the node's start, after a defect
};

/// An actor that works for a tenant, as it stands at the moment: for people.
struct actor_activity {
  uint32_t depth = 0; ///< in the tree of supervision; its parent is the last one before it whose depth is less
  std::string actor;  ///< "miner"
  std::string what;   ///< what it works on: "main: orders, partition eu"
  std::string doing;  ///< "waits for quota"
  instant since{};    ///< it does so
  uint64_t restarts = 0;
};

/// What a node answers when it is asked by another.
struct node_report {
  node_status status;
  std::vector<actor_figures> actors;
  std::vector<actor_activity> activities; ///< those that work for the tenant that was asked about, parents first
};

enum class link_phase : uint8_t {
  no_address, ///< the other one, or this one, does not listen for nodes
  due,        ///< this node dials, as soon as its backoff is over
  dialling,
  awaited,    ///< the other one dials: it has the lower name
  up,
  refused,    ///< for a reason that only a person can remove; tried again all the same
};

/// A node of the view as this one is linked to it.
struct peer_link {
  incarnation peer;
  std::string name;
  link_phase phase = link_phase::due;
  std::string why; ///< it is not up; "" when it is
};

/// Asks all linked peers what they are doing, and for a tenant if one is named.
struct survey_peers {
  std::optional<tenant_id> about{};
};
struct peers_surveyed {
  view_pointer view; ///< null: none was seen yet
  std::vector<peer_link> links;      ///< of the view's other nodes, in its order
  std::vector<node_report> reports;  ///< this node's, and of those that answered within a second
  std::vector<incarnation> silent;   ///< asked, but did not answer
};

} // namespace lode
