#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/cluster.hpp"

/// The decisions of the tenant router, without actors.
namespace lode {

/// Where a command to a tenant of this shard goes now.
struct command_way {
  enum where_to : uint8_t { here, peer, nowhere } where = nowhere;
  incarnation owner;
  std::string node; ///< its name
  std::string why;  ///< nowhere, for people
};
command_way way_of(shard_id shard, const shard_table* table, const cluster_view* view, incarnation self);

/// Empty when an id may be asked under.
std::string id_mistake(const std::string& id);
/// Carried out twice it does no harm: it needs no row in the ledger.
bool is_repeatable(const tenant_command& command);
/// What a command needs in memory while it waits, about.
size_t bytes_of(const ask_tenant& ask);

struct waiting_bounds {
  size_t count = 10'000;
  size_t bytes = 8 * 1024 * 1024;
  std::chrono::milliseconds patience{5'000};
};

/// Commands that cannot go yet, per shard in the order in which they came; bounded. Names them by number.
class waiting_room {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit waiting_room(waiting_bounds bounds) : bounds_(bounds) {}

  /// False: full. What may be repeated (webhooks, which carry much) leaves half of the bytes to commands of people.
  bool add(shard_id shard, uint64_t number, size_t bytes, time_point until, bool is_repeatable = false);
  bool holds(shard_id shard) const { return shards_.count(shard) > 0; }
  /// All that wait, taken out, each shard's in order.
  std::vector<uint64_t> take_all();
  /// Those whose time is up, taken out.
  std::vector<uint64_t> take_expired(time_point now);
  size_t count() const noexcept { return count_; }

private:
  struct waiting {
    uint64_t number;
    size_t bytes;
    time_point until;
  };
  void leave(const waiting& w);

  waiting_bounds bounds_;
  std::map<shard_id, std::deque<waiting>> shards_;
  size_t count_ = 0;
  size_t bytes_ = 0;
};

} // namespace lode
