#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/streaming/prepared_captures.hpp"
#include "messages/actors.hpp"

namespace lode {

struct successor_parts {
  timers_actor timers;
  run_keeper_actor keeper;
  std::shared_ptr<prepared_captures> prepared;
  /// A capture without a supervisor.
  std::function<capture_actor(caf::actor_system&, const connection_pointer&, uint32_t side, const successor_actor&)> make_capture;
  std::function<void(const successor_ready&)> tell_owner; ///< may get lost
};

/// Listens to what is about to be this node's while its present owner still does:
///
///   shards_coming --> their live connections are loaded one after the other --> a capture each, kept in `prepared`
///   subscribed --> the owner is told, again every second, until the shard has come and the supervisor has taken the capture
///   not coming any more and not taken within `keeps` --> the capture ends
///
/// Holds nothing durable: what is not taken over is a gap like any other.
struct successor_state {
  static constexpr const char* name = "lode.successor";
  static constexpr std::chrono::seconds repeat{1};
  static constexpr std::chrono::seconds keeps{10};

  successor_state(successor_actor::pointer self, successor_parts parts);
  successor_actor::behavior_type make_behavior();

  struct prepared_one {
    shard_id shard;
    std::optional<successor_ready> ready;
    std::optional<caf::actor_clock::time_point> gone; ///< its shard is not coming any more since
  };

  void coming(const shards_coming& msg);
  void load(std::vector<shard_id> shards);
  void load_next();
  void prepare(const connection_pointer& connection);
  void look();
  void arm();
  void drop(prepared_captures::side side);

  successor_actor::pointer self;
  successor_parts parts;
  std::set<shard_id> shards; ///< that are coming
  std::deque<live_connection> to_load;
  bool is_loading = false;
  std::map<prepared_captures::side, prepared_one> made;
  bool is_armed = false;
};
using successor = successor_actor::stateful_impl<successor_state>;

} // namespace lode
