#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>

#include "messages/runs.hpp"

namespace lode {

/// How the store stands as a whole.
struct store_standing {
  int64_t generation = 0; ///< random, new with each begin_generation()
  std::string doubt;      ///< why nobody may claim shards before a new generation begins; "" = they may
  int64_t positions = 0;  ///< feed positions that were given out, all shards together; grows only, but for a restore
};

struct new_generation {
  int64_t before = 0;
  int64_t now = 0;
  int64_t open_runs = 0; ///< that go on from where the store stands
};

/// errc::conflict: what `why` (generation_store::doubt) means and what to do.
caf::error doubted_store(const std::string& why);

/// Generations of the store: what ends when the database was restored from a backup, or failed over to a stand-by that may lack
/// commits. Used by one thread. Fails with errc::store_unavailable.
class generation_store {
public:
  virtual ~generation_store() = default;

  virtual caf::expected<store_standing> look() = 0;

  /// From now on membership_store::join() and claim() are refused with errc::conflict, which tells `why`, until a new generation
  /// begins. The first reason stays. In a later generation than this one nothing happens.
  virtual caf::error doubt(int64_t generation, const std::string& why) = 0;

  /// In one transaction: cursors of the feed, pages on their way, writers, nodes, claims and versions of before are worthless, and
  /// epochs, views and ids of before are not given out again. errc::conflict: nodes have sessions with this store; the message names
  /// them.
  virtual caf::expected<new_generation> begin_generation() = 0;
};

} // namespace lode
