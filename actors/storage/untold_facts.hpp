#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "messages/storage.hpp"
#include "runtime/redis/shared_facts.hpp"

namespace lode {

/// Committed facts that Redis has not been told of yet. Gathered over several commits, because a few long words cost Redis far
/// less than many short ones. Late words are no danger: until they come Redis shows an older tag and is not believed.
class untold_facts {
public:
  /// After a commit that took the stream's tag from `before` to `tag`. What was gathered up to another tag than `before`
  /// is not the stream's history any more and is dropped.
  void add(stream_place place, int64_t before, int64_t tag, std::span<const fact_print> prints);

  /// What there is of one stream.
  std::optional<shared_facts::news> take(stream_place place);
  /// What there is of streams of which at least `facts` were gathered, with their places.
  std::map<stream_place, shared_facts::news> take_from(size_t facts);
  /// What there is of the streams behind `after`, in the order of their places: of one at least, of more up to `facts` in all.
  std::map<stream_place, shared_facts::news> take_next(std::optional<stream_place> after, size_t facts);
  /// Redis did not take it.
  void put_back(stream_place place, shared_facts::news news);
  void clear();
  bool empty() const noexcept { return news_.empty(); }
  size_t facts() const noexcept { return facts_; }

private:
  std::map<stream_place, shared_facts::news> news_;
  size_t facts_ = 0;
};

} // namespace lode
