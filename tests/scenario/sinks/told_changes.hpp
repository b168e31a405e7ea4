#pragma once

#include <boost/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lode::test {

/// Where a change stands in the feed: shard, seq.
using feed_place = std::pair<int64_t, int64_t>;

/// A change as the feed has it.
struct feed_change {
  std::string tenant;
  std::string stream;
  std::string key;
  std::string change;
  std::string hash;
  friend bool operator==(const feed_change&, const feed_change&) = default;
};
std::string text_of(const feed_place& place, const feed_change& change);

/// A change as a target was told of it.
struct told_change {
  feed_place place;
  feed_change what;
  boost::json::value record; ///< null: none was told
  bool is_replaced = false;
};
/// `from` has the members of a change. Throws when one is missing.
told_change read_change(int64_t shard, const boost::json::object& from);

/// What the store has.
struct stored_truth {
  std::map<feed_place, feed_change> feed;
  std::map<feed_place, boost::json::value>
    latest; ///< of each key the last entry, with the record as stored; null: it is deleted
};

/// Mistakes in what one reader was told in this order. A shard goes on where it ended or begins again at what was told before: so nothing
/// old comes for the first time after something newer.
std::vector<std::string> mistakes_of_order(const std::vector<told_change>& told);
/// Mistakes in what was told, in whatever order.
std::vector<std::string> mistakes_of_content(const std::vector<told_change>& told, const stored_truth& truth);
/// Entries of the feed that were not told.
std::vector<std::string> missing_in(const std::vector<told_change>& told, const stored_truth& truth);
/// What a target has acknowledged.
struct acknowledged_change {
  told_change told;
  std::chrono::steady_clock::time_point at;
  bool is_heard = true; ///< false: its connection ended with it, so the sender may have thrown the answer away
};
/// Repeats in what was acknowledged, in order of time, that nothing excuses: the answer before was heard, and no node was disturbed between
/// the two. What a disturbed node had sent may be acknowledged up to `lag` later.
std::vector<std::string> unexcused_repeats(const std::vector<acknowledged_change>& all,
                                           const std::vector<std::chrono::steady_clock::time_point>& disturbances,
                                           std::chrono::milliseconds lag);
/// How many were told more than once, each time after the first counted.
size_t repeats_in(const std::vector<told_change>& told);

} // namespace lode::test
