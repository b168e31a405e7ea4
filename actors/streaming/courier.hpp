#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/actors.hpp"
#include "runtime/lease.hpp"
#include "runtime/storage/sink_store.hpp"

namespace lode {

/// Must not block.
struct courier_report {
  std::function<void(const std::string& kind, int64_t changes)> delivered = [](const auto&, auto) {};
  std::function<void(const std::string& kind)> failed = [](const auto&) {};
  /// Changes that active sinks have not had yet, in shards of this node, by kind.
  std::function<void(const std::map<std::string, int64_t>&)> behind = [](const auto&) {};
  /// For people.
  std::function<void(const std::string&)> warning = [](const auto&) {};
};

struct courier_parts {
  std::shared_ptr<sink_store> store;
  timers_actor timers;
  /// Without it nothing is delivered. Null: this node cannot be declared gone (unit tests).
  const lease* held = nullptr;
  /// Spawns the actor of a sink, or says why this node cannot.
  std::function<caf::expected<sink_actor>(caf::actor_system&, const sink_row&)> make_sink;
  std::function<void(const sink_actor&)> sink_died = [](const auto&) {}; ///< by itself
  courier_report report;
};

/// Brings the feeds of this life's shards to the sinks. Blocks, so it is detached. Of each shard and sink one batch is out at a time,
/// held by a claim in the store; what was answered is settled there before anything else of it is read. A failure releases the claim and
/// waits in the store, so that a move or a restart does not hurry it: the target fails from everywhere. That this node has no actor of
/// the sink is told there too, but makes nobody else wait. What the store does not take while it is out it is told later.
///
///   claim ─ read ─ deliver ─ answered, all or the first n ─ settle ─▶ claim ...
///                     └───── failed, none, late, sink gone ─ release ─ (backoff) ─▶ claim ...
///
/// The claim is the fence: also what was answered after the shard had moved is settled, unless somebody has claimed since.
/// A planned stop claims no more, waits for what is out and ends the sinks; any other reason ends it at once.
struct courier_state {
  static constexpr const char* name = "lode.courier";
  static constexpr std::chrono::milliseconds interval{500};
  static constexpr std::chrono::seconds idle_interval{2}; ///< without any sink
  static constexpr std::chrono::seconds delivery_timeout{30};
  static constexpr std::chrono::seconds hold{45}; ///< of a claim: longer than a delivery takes
  static constexpr size_t side_by_side = 8;       ///< deliveries of one sink
  /// Deliveries that are begun before anything else is heard; at least one of each sink.
  static constexpr size_t at_once = 16;
  static constexpr int unread_patience = 3; ///< reads of one shard in a row that the store did not answer
  static constexpr std::chrono::seconds stop_patience{10};
  static constexpr std::chrono::seconds end_patience{30}; ///< with a sink that was told to end; then it is killed
  static constexpr std::chrono::seconds kill_patience{5}; ///< with one that was killed; then people are told
  static constexpr std::chrono::seconds backlog_interval{5};
  using time_point = caf::actor_clock::time_point;
  using delivery_key = std::pair<sink_id, shard_id>;

  courier_state(courier_actor::pointer self, courier_parts parts);
  ~courier_state();
  courier_actor::behavior_type make_behavior();

  /// A sink on this node.
  struct local_sink {
    enum class ending : uint8_t { none, asked, killed, stuck };
    sink_row row;                     ///< that `actor` was made from
    std::optional<sink_row> wanted{}; ///< as the store has it; nothing: not active
    sink_actor actor{};
    ending end = ending::none; ///< of `actor`
    time_point end_by{};       ///< the next step is taken then
    std::string problem{};     ///< why there is no actor to deliver to
    bool is_told = false;      ///< a delivery has failed by it, so that people learn of it
    int64_t failures = 0;      ///< in a row, to make one or of one that was made
    time_point not_before{};
    std::map<shard_id, int> unread{}; ///< reads in a row that the store did not answer

    bool is_current() const { return wanted && wanted->version == row.version; }
    bool is_ready() const { return actor && is_current() && end == ending::none; }
    bool has_news() const { return wanted && !is_ready() && !problem.empty() && !is_told; }
  };
  struct delivery {
    enum class step : uint8_t { out, settling, releasing };
    delivery_claim claim;
    step at = step::out;
    int64_t upto = 0;            ///< where the cursor stands when all of it is taken
    std::vector<int64_t> seqs{}; ///< of the changes that are out
    int64_t taken = 0;           ///< of them, from the first one on
    std::string kind{};
    std::string error{};
    bool is_ours = false; ///< the failure is this node's: no other has to wait for it
  };

  void work();
  void look_again();
  void arm();
  // What sinks there are.
  void take(const std::vector<sink_row>& rows);
  void tend(sink_id id, local_sink& sink);
  void make(local_sink& sink);
  void end(local_sink& sink);
  void hurry(local_sink& sink);
  void sink_down(const caf::down_msg& down);
  void fail_all_out_to(sink_id sink, const std::string& why);
  bool is_ending_under(const std::string& name, sink_id other_than) const;
  bool is_stuck_under(const std::string& name) const;
  // What is brought to them: courier_deliveries.cpp.
  size_t out_to(sink_id sink) const;
  std::vector<claim_order> orders() const;
  void deliver(const delivery_claim& claim);
  std::optional<change_batch> read(local_sink& sink, delivery& of);
  void send(local_sink& sink, delivery& next, change_batch batch);
  void answered(const delivery_key& key, int64_t claim, const caf::expected<size_t>& taken);
  void fail(delivery& failed, const std::string& why);
  /// Tells the store how a delivery ended; later, when it does not answer.
  void close(const delivery_key& key);
  void close_all();
  void tell_backlog();
  static std::string explain(const caf::error& why); ///< CAF's own errors say what they mean here
  bool may_deliver() const { return !is_stopping && (!parts.held || parts.held->holds()); }
  // The end.
  void stop(caf::error why);
  void go_on_stopping();

  courier_actor::pointer self;
  courier_parts parts;
  std::map<sink_id, local_sink> sinks;
  std::map<delivery_key, delivery> deliveries;
  bool may_hold_unknown = true; ///< claims that nobody here knows of: of a life's earlier courier, of a lost answer
  bool will_look = false;
  bool has_told_backlog = false;
  time_point next_backlog{};
  uint64_t timer = 0;
  bool is_stopping = false;
  caf::error stop_reason;
  time_point stop_by{};
};
using courier = courier_actor::stateful_impl<courier_state>;

} // namespace lode
