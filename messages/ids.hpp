#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace lode {

/// A number that names one kind of thing. Ids of different kinds do not mix; 0 names nothing.
/// Ids of tenants, connections, streams, runs and continuations are surrogates of the store, never used again.
template <class Tag>
struct strong_id {
  int64_t value = 0;

  friend auto operator<=>(const strong_id&, const strong_id&) = default;
  explicit operator bool() const noexcept { return value != 0; }
};

template <class Inspector, class Tag>
bool inspect(Inspector& f, strong_id<Tag>& x) {
  return f.apply(x.value);
}

template <class Tag>
std::string to_string(strong_id<Tag> x) {
  return std::to_string(x.value);
}

using tenant_id = strong_id<struct tenant_tag>;
using source_id = strong_id<struct source_tag>;
using connection_id = strong_id<struct connection_tag>;
using stream_id = strong_id<struct stream_tag>;
using run_id = strong_id<struct run_tag>;
using continuation_id = strong_id<struct continuation_tag>;
/// One of the fixed number of buckets that tenants hash into; 0 is a shard like any other.
using shard_id = strong_id<struct shard_tag>;
/// Random identity of one life of a node process.
using incarnation = strong_id<struct incarnation_tag>;
/// Grows by one with each change of a shard's owner.
using shard_epoch = strong_id<struct epoch_tag>;

} // namespace lode

template <class Tag>
struct std::hash<lode::strong_id<Tag>> {
  size_t operator()(lode::strong_id<Tag> x) const noexcept { return std::hash<int64_t>{}(x.value); }
};
