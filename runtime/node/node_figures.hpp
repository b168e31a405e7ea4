#pragma once

#include <atomic>
#include <cstdint>

#include "messages/storage.hpp"

namespace lode {

/// Numbers that actors of one node write and its console reads.
struct node_figures {
  std::atomic<int64_t> open_runs{0};
  std::atomic<int64_t> miners{0};
  std::atomic<int64_t> waiting_for_quota{0};
  std::atomic<int64_t> waiting_for_bytes{0};
  std::atomic<int64_t> bytes_in_flight{0};
  std::atomic<int64_t> waiting_for_lease{0};
  std::atomic<int64_t> shards{0};    ///< of this node, those that leave it included
  std::atomic<int64_t> refetched{0}; ///< pages that were abandoned because their shard left
  std::atomic<int64_t> pages{0};
  std::atomic<int64_t> records{0};
  std::atomic<int64_t> inserted{0};
  std::atomic<int64_t> updated{0};
  std::atomic<int64_t> unchanged{0};
  std::atomic<int64_t> dead{0};
  std::atomic<int64_t> failed_calls{0};

  void add(const page_counters& page) {
    pages += page.pages;
    records += page.records;
    inserted += page.inserted;
    updated += page.updated;
    unchanged += page.unchanged;
    dead += page.dead;
  }
};

} // namespace lode
