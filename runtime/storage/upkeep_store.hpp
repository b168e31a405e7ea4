#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>

namespace lode {

/// How long is kept what is over; zero: for ever. The store's own clock measures it, which also dated the rows.
struct retention {
  /// Ended runs with their continuations, but the latest of each connection; with the gaps that they have closed, and never while a
  /// gap names them.
  std::chrono::microseconds runs{0};
  std::chrono::microseconds dead_letters{0}; ///< since they were last seen
  std::chrono::microseconds feed{0}; ///< whole weeks, once all of a week is older
  /// Commands that were taken (run_store::take_command), and lives of nodes that are gone and own nothing.
  std::chrono::microseconds cluster{std::chrono::hours{24}};
};

/// Keeps the store from growing with what nobody needs any more. Used by one thread.
class upkeep_store {
public:
  virtual ~upkeep_store() = default;

  /// One step of a pass: removes at most about `rows` rows, in a transaction of its own, and makes room for the feed of the
  /// coming weeks. False: the pass is over, the next call begins a new one. A reader of the feed that stands behind what
  /// was removed gets the error of catalog_store::read_feed. Fails with errc::store_unavailable: ask again.
  virtual caf::expected<bool> tidy_some(const retention& keep, size_t rows) = 0;
};

} // namespace lode
