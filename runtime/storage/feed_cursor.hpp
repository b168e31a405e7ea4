#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "messages/ids.hpp"

namespace lode {

/// Where a reader of the feed stands: the last position read per shard. A shard that is not named stands at 0, before
/// its first entry. For one tenant it holds one shard.
struct feed_cursor {
  int64_t generation = 0; ///< of the store: a restored store gives positions out again
  std::map<shard_id, int64_t> positions;

  friend bool operator==(const feed_cursor&, const feed_cursor&) = default;
};

/// The cursor as opaque text of letters, digits, '-' and '_'.
std::string encode_feed_cursor(const feed_cursor& cursor);

/// Fails with errc::bad_argument when `text` was not made by encode_feed_cursor, and with errc::conflict when it
/// belongs to another generation of the store: the reader then exports the records and begins anew.
caf::expected<feed_cursor> decode_feed_cursor(std::string_view text, int64_t store_generation);

} // namespace lode
