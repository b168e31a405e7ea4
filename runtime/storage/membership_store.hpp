#pragma once

#include <caf/expected.hpp>

#include <string>
#include <vector>

#include "messages/cluster.hpp"

namespace lode {

/// What a node tells of itself when it registers.
struct node_identity {
  std::string name;
  incarnation self;
  std::string address; ///< host:port for other nodes; "" = it talks to none
  uint32_t weight = 100;
};

struct joined_node {
  int64_t view = 0;
  /// Shards of the earlier life under this name: taken over, as after a crash.
  std::vector<shard_claim> claims;
  /// Lives under this name before this one that ended after less than a minute of beats, in an unbroken row.
  int64_t flaps = 0;
};

/// Who is alive and who owns which shard. The database is the arbiter: views are raised, lives are declared gone and shards
/// are claimed by conditional updates, so that nodes which saw different things cannot both succeed. Used by one thread.
/// All fail with errc::store_unavailable while the database does not answer.
class membership_store {
public:
  virtual ~membership_store() = default;

  /// Registers this life. An earlier one under the same name is gone: its database sessions are ended first, then its shards
  /// become this one's, each with a new epoch and with what run_store says of crashes. errc::conflict: the store is in doubt
  /// (generation_store::doubt), the message says what to do.
  virtual caf::expected<joined_node> join(const node_identity& node) = 0;
  /// From now on placement counts this node. Raises the view.
  virtual caf::error enter(incarnation self) = 0;
  /// errc::not_owner: this life was declared gone. errc::conflict: another process has registered under its name.
  virtual caf::error beat(incarnation self) = 0;
  /// One consistent reading.
  virtual caf::expected<cluster_view> look() = 0;
  /// Declares a life gone if its counter still stands at `beat` and the view is still this one; raises the view. False: not so.
  virtual caf::expected<bool> bury(incarnation dead, int64_t beat, int64_t view) = 0;
  /// A member drains or takes its part again. Raises the view unless nothing changes.
  virtual caf::error set_draining(incarnation self, bool is_draining) = 0;
  /// This life ends: what it still owns is nobody's, without a crash; raises the view. Gone already: nothing happens.
  virtual caf::error leave(incarnation self) = 0;

  /// All shards in the order of their ids.
  virtual caf::expected<std::vector<shard_owner>> owners() = 0;
  /// Makes this node the owner of those of `shards` that nobody or a life that is gone owns: ends the database sessions of such
  /// lives first, raises epochs, counts crashes (not for shards that were released) as run_store says, and closes runs that
  /// have nothing open. Returns those that it got. errc::stale_version: the view is not this one any more, or does not count this node.
  virtual caf::expected<std::vector<shard_claim>> claim(incarnation self, int64_t view, const std::vector<shard_id>& shards) = 0;
  /// A clean hand-over: nobody owns them afterwards and the next claim counts no crash. Shards of others are left alone.
  virtual caf::error release(incarnation self, const std::vector<shard_id>& shards) = 0;
};

} // namespace lode
