#pragma once

#include <caf/expected.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/storage.hpp"

namespace lode {

/// The only way in which pages, events, sweeps and replays write. One instance per writer, used by one thread; it owns
/// one database connection and one writer row. A shard's pages go through exactly one instance of its node.
class page_store {
public:
  virtual ~page_store() = default;

  /// Latest facts of `keys` of one stream, in the order asked. Reads outside the commit's transaction, which is safe
  /// because only this writer changes the rows of its shards and the fence refuses the rest.
  /// Fails with errc::store_unavailable, also when it is asked for no key at all.
  virtual caf::expected<std::vector<stored_fact>> probe(shard_id shard, stream_id stream,
                                                        std::span<const std::string_view> keys) = 0;

  /// The stored texts of `keys`, in the order asked; "" of a key that is not there or deleted. For the few whose hash is of
  /// another form. Fails with errc::store_unavailable.
  virtual caf::expected<std::vector<std::string>> payloads(shard_id shard, stream_id stream,
                                                           std::span<const std::string_view> keys) = 0;

  /// How `streams` stand, in the order asked. Holds until this writer's next commit, for the same reason as probe().
  /// Fails with errc::store_unavailable.
  virtual caf::expected<std::vector<stream_standing>> standings(std::span<const stream_place> streams) = 0;

  /// Commits `pages` in their order in one transaction, or nothing of them. One outcome per page, in order:
  /// all `committed`; or all `unknown`, `unavailable`, `timed_out` or `data_error` (the last two with more than one page:
  /// split the group; a page that stands alone never ends as `data_error`: its culprit becomes a dead letter); or the
  /// refused ones say so and the others `again`. Pages of one continuation in one group carry consecutive versions.
  virtual std::vector<page_outcome> commit(std::span<const page_commit> pages) = 0;

  /// After `unknown`: finds out whether the last group was committed, after the old database session is gone. Returns
  /// the outcomes that commit() would have returned (`committed`, or `again` for all: nothing was written).
  /// Fails with errc::store_unavailable: ask again; with errc::conflict when the database lacks a group that it had said was
  /// committed: it was restored, or failed over to a stand-by that lacked it, and nothing may be committed any more.
  virtual caf::expected<std::vector<page_outcome>> settle() = 0;
};

} // namespace lode
