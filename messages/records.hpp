#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "messages/ids.hpp"

/// Records between processor, writer and store. These travel inside one node only.
namespace lode {

/// XXH3-128 of a record's canonical form with the store's seed, high word first. All zero is a deleted record.
struct content_hash {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const content_hash&, const content_hash&) = default;
};

/// The order of facts about one key: the source's own field where there is one (microseconds or a number, else 0),
/// then logical time: epoch of the shard and a counter of its owner, stamped before the request was sent.
struct fact_order {
  int64_t field = 0;
  int64_t epoch = 0;
  int64_t counter = 0;
  friend auto operator<=>(const fact_order&, const fact_order&) = default;
};

/// A record as a page or an event carries it: keyed and hashed, not yet compared.
struct hashed_record {
  std::string key;     ///< primary key as text; UTF-8, at most max_key_bytes
  std::string payload; ///< the JSON text that the API sent
  content_hash hash;
  int64_t order_field = 0;
  int64_t counter = 0;     ///< of an event: taken when it was received; 0: its page's stamp says it
  bool is_deleted = false; ///< an event says that it is gone: no payload, no hash, perhaps no order field
};

/// A record that could not be keyed or read: kept with the reason, the page goes on.
struct dead_record {
  std::string key;     ///< what is known of the key, possibly empty
  std::string payload; ///< the text that was received, cut at 64 KiB
  std::string reason;
  fact_order order{}; ///< its original stamp: a replay is never newer than it was
};

inline constexpr std::size_t max_key_bytes = 1024;

} // namespace lode
