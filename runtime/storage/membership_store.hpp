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
  /// Lives under this name before this one that ended after less than 60 beats, in an unbroken row. One that left by itself is
  /// not counted and does not break the row.
  int64_t flaps = 0;
};

/// Who is alive and who owns which shard. The database is the arbiter: views are raised, lives are declared gone and shards
/// are claimed by conditional updates, so that nodes which saw different things cannot both succeed. Used by one thread.
/// All fail with errc::store_unavailable while the database does not answer; then what was asked may have been done. Asked again,
/// each says what it would have said, but bury(): false, and look() shows the life no more.
class membership_store {
public:
  virtual ~membership_store() = default;

  /// Registers this life. An earlier one under the same name is gone: its database sessions are ended first, then its shards
  /// become this one's, each with a new epoch and with what claim() says of crashes. errc::conflict: the store is in doubt
  /// (generation_store::doubt), the message says what to do. errc::not_owner: this very life was declared gone.
  virtual caf::expected<joined_node> join(const node_identity& node) = 0;
  /// From now on placement counts this node, unless it drains. Raises the view. errc::not_owner: this life was declared gone.
  virtual caf::error enter(incarnation self) = 0;
  /// errc::not_owner: this life was declared gone. errc::conflict: another process has registered under its name.
  virtual caf::error beat(incarnation self) = 0;
  /// One consistent reading.
  virtual caf::expected<cluster_view> look() = 0;
  /// Declares a life gone if its counter still stands at `beat` and the view is still this one; raises the view. False: not so.
  virtual caf::expected<bool> bury(incarnation dead, int64_t beat, int64_t view) = 0;
  /// A node that is alive drains or takes its part again. Raises the view unless nothing changes. errc::not_owner: it is not.
  virtual caf::error set_draining(incarnation self, bool is_draining) = 0;
  /// This life ends: what it still owns is nobody's, without a crash; raises the view. Gone already: nothing happens.
  virtual caf::error leave(incarnation self) = 0;

  /// All shards in the order of their ids.
  virtual caf::expected<std::vector<shard_owner>> owners() = 0;
  /// Makes this node the owner of those of `shards` that nobody or a life that is gone owns: ends the database sessions of such
  /// lives first, raises each epoch by one and closes runs that have nothing open. What a life that is gone did not release it
  /// died over: adds one to `crash_resumes` of the open continuations of active connections in its shards, and to
  /// `alone_deaths` of the one that mark_alone() named. Returns those of `shards` that it owns now, also if it did before.
  /// errc::stale_version: the view is not this one any more, or does not count this node; errc::conflict: as join().
  virtual caf::expected<std::vector<shard_claim>> claim(incarnation self, int64_t view, const std::vector<shard_id>& shards) = 0;
  /// A clean hand-over: nobody owns them afterwards, the next claim counts no crash, and mark_alone() in them is forgotten. Shards
  /// of others are left alone.
  virtual caf::error release(incarnation self, const std::vector<shard_id>& shards) = 0;
};

} // namespace lode
