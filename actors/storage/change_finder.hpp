#pragma once

#include <caf/expected.hpp>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/storage/fact_cache.hpp"
#include "actors/storage/untold_facts.hpp"
#include "messages/extraction.hpp"
#include "runtime/redis/shared_facts.hpp"
#include "runtime/storage/page_store.hpp"

namespace lode {

/// Finds out what a group of pages changes: asks memory, then Redis, then the store for the latest facts, each only for what
/// the one before did not know. Part of a writer, which commits what it finds and tells it the outcome.
class change_finder {
public:
  /// `shared` may be nothing: then there is no Redis. The store must outlive this.
  change_finder(page_store& store, size_t memory_bytes, std::unique_ptr<shared_facts> shared);
  ~change_finder();

  /// The pages as they are to be committed. Fails with errc::store_unavailable.
  caf::expected<std::vector<page_commit>> compare(std::span<const hashed_page> pages);

  /// What became of the pages of the latest compare(). Nothing is remembered, here or for Redis, before.
  void conclude(std::span<const page_commit> pages, std::span<const page_outcome> outcomes);

  /// Whether there are facts that Redis has not heard of.
  bool has_news() const noexcept { return !untold_.empty(); }
  /// Tells them all.
  void tell_redis() { tell_from(0); }
  /// Tells what is next, so much as takes some milliseconds. False: that was the last one, or Redis does not take it.
  bool tell_redis_some();

  /// The store did not answer, or not to a commit: nothing is known of it any more.
  void forget();

  /// What Redis was asked since this was asked last.
  shared_facts::use take_redis_use() { return shared_ ? shared_->take_use() : shared_facts::use{}; }

  /// Why Redis does not help at the moment; empty when it does or there is none.
  std::string trouble() const;

private:
  caf::error begin_streams(std::span<const hashed_page> pages);
  void ask_redis(std::span<const hashed_page> pages);
  void gather_news(std::span<const page_commit> pages, std::span<const page_outcome> outcomes);
  void tell_from(size_t facts);
  void tell(std::map<stream_place, shared_facts::news> words);
  using word_iterator = std::map<stream_place, shared_facts::news>::iterator;
  void keep_for_later(word_iterator first, word_iterator last);

  page_store& store_;
  fact_cache cache_;
  std::unique_ptr<shared_facts> shared_;
  untold_facts untold_;
  std::optional<stream_place> told_until_; ///< by tell_redis_some()
  /// Facts that only the store knew: news for Redis.
  std::map<stream_place, std::vector<fact_print>> learned_;
};

} // namespace lode
