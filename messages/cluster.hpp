#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "messages/ids.hpp"
#include "messages/runs.hpp"
#include "messages/scheduling.hpp"

/// Which nodes there are, which shards they own, and what they say to each other.
namespace lode {

/// How long a node that is not heard of counts as alive. A beat comes every `interval`; whoever reads the same counter for
/// a whole `lease` of its own steady clock, while the database answers, may declare the node gone.
namespace heartbeat {
inline constexpr std::chrono::milliseconds interval{1'000};
inline constexpr std::chrono::milliseconds look{500};
inline constexpr std::chrono::milliseconds lease{4'000};
/// A view is acted on when no other one was seen for so long.
inline constexpr std::chrono::milliseconds quiet{1'000};
} // namespace heartbeat

/// What nodes of one cluster must agree on to talk. Raised with every change that an older release cannot read.
inline constexpr uint32_t cluster_wire_version = 1;

enum class node_state : uint8_t {
  joining,  ///< registered; placement does not count it yet
  member,
  draining, ///< alive, gives its shards away
  gone,     ///< left, or declared dead: owns nothing that others may not claim
};

/// A life of a node as the store shows it.
struct node_row {
  std::string name;
  incarnation self;
  node_state state = node_state::joining;
  uint32_t weight = 100;
  int64_t beat = 0;
  std::string address; ///< host:port for other nodes; "" = it talks to none
};

/// The lives that are not gone, in the order of their names. `number` grows with each that enters, drains, leaves or dies;
/// joining ones are shown, but raise nothing.
struct cluster_view {
  int64_t number = 0;
  std::vector<node_row> nodes;
};
using view_pointer = std::shared_ptr<const cluster_view>;

struct shard_owner {
  shard_id shard;
  incarnation owner; ///< 0 = nobody
  shard_epoch epoch;
};
/// By shard, for routing: as the store stood when it was read.
struct shard_table {
  std::vector<incarnation> owners;
};
using shard_table_pointer = std::shared_ptr<const shard_table>;

// -- membership ---------------------------------------------------------------------------------------------------------

/// The view, whenever a new number or other rows were seen.
struct view_seen {
  view_pointer view;
};
/// Something hints that a node may have died or come: look now. Decides nothing.
struct look_early {};
/// This node gives its shards away (or takes its part again).
struct set_draining {
  bool is_draining = true;
};

// -- shards come and go ---------------------------------------------------------------------------------------------------

/// These shards are this node's from now on.
struct shards_gained {
  std::vector<shard_claim> claims;
};
/// Nothing new begins in these shards on this node.
struct shards_leaving {
  std::vector<shard_id> shards;
};
/// To the region, after shards_leaving: their tenants stop at the end of the page that they have in flight; after
/// `patience` what is still in flight is abandoned. Answered with shards_vacated, in parts.
struct vacate_shards {
  std::vector<shard_id> shards;
  std::chrono::milliseconds patience{0};
  std::chrono::milliseconds for_successor{0}; ///< of leave_tenant
};
/// Nothing of these shards is at work on this node any more.
struct shards_vacated {
  std::vector<shard_id> shards;
};
/// Another node owns these: whatever is still at work is of no use and ends at once.
struct shards_lost {
  std::vector<shard_id> shards;
};
/// A peer has released shards: they may be due to this node.
struct shards_freed {};
/// All shards that are due to this node while another living one still owns them. What is listened to in them is subscribed to now.
struct shards_coming {
  std::vector<shard_id> shards;
};
/// To a tenant's supervisor: end when the pages in flight are committed. Its listeners go on until a successor listens, for at most
/// this long: no event falls between the two.
struct leave_tenant {
  std::chrono::milliseconds for_successor{0};
};
/// To a miner: fetch nothing more, end when what is in flight is committed. The continuation stays open.
struct finish_page {};

// -- commands with an answer ----------------------------------------------------------------------------------------------

enum class command_outcome : uint8_t {
  done,
  refused, ///< it was not carried out and will not be; `reason` says why
  unknown, ///< a link was lost meanwhile: asked again under the same id it is settled
};

/// A command to a tenant wherever it is. Under one id it is carried out at most once, however often it is asked.
struct ask_tenant {
  std::string id; ///< chosen by the asker, unique; at most 64 characters
  tenant_command command;
};
/// From the peer that an asker is linked to.
struct deliver_here {
  ask_tenant ask;
};
/// From the tenant router to the shard region: taken, so it is carried out once.
struct deliver_command {
  tenant_command command;
};
/// Claims the right to carry a command out.
struct take_command {
  std::string id;
  tenant_id tenant;
};
struct command_standing {
  bool is_new = false; ///< nobody had taken it
  bool is_settled = false;
  command_outcome outcome = command_outcome::done; ///< of a settled one
  std::string reason{};
  shard_epoch epoch{}; ///< of the shard when it was taken: one of before may have died over it
};
/// What became of a command that was taken: whoever asks under its id again is told so.
struct settle_command {
  std::string id;
  tenant_id tenant;
  command_outcome outcome = command_outcome::done;
  std::string reason;
  /// Nothing came of it here: whoever owns the shard next may take the same id again. `outcome` counts for nothing.
  bool is_given_back = false;
};
struct command_answer {
  command_outcome outcome = command_outcome::done;
  std::string reason;
  std::string node; ///< that answered
  errc code = errc::none; ///< of a repeatable command that was refused: what its tenant's supervisor answered
};

// -- between nodes ----------------------------------------------------------------------------------------------------------

/// The one message that crosses the network: a wire::peer_message, so that releases can differ.
struct peer_message {
  std::string bytes;
};
template <class Inspector>
bool inspect(Inspector& f, peer_message& x) {
  return f.apply(x.bytes);
}

/// To the peer with this life. Fails with errc::unreachable when there is no link (nothing was sent), with
/// errc::unknown_outcome when the link broke or no answer came in time.
struct ask_peer {
  incarnation peer;
  peer_message message;
};
/// To all peers that are linked; nobody answers.
struct tell_peers {
  peer_message message;
};

} // namespace lode
