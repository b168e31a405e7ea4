#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/scheduling/run_report.hpp"
#include "messages/runs.hpp"
#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

class event_rules; // runtime/extraction/event_mapper.hpp

/// Everything that mining one connection needs: immutable, shared by the tenant's actors, made again when it changes.
struct connection_context {
  tenant_id tenant;
  std::string tenant_name;
  connection_id connection;
  std::string connection_name;
  shard_claim claim;
  source_plan_pointer plan;
  expression::value config; ///< configuration and secrets merged
  std::string secrets;        ///< JSON object as it was given, for the credential keeper
  std::string sealed_secrets; ///< the same as it stands in the store
  std::string schedule;     ///< JSON
  /// Id of each stream of the plan in this connection, by index in the plan; 0 = not mined.
  std::vector<stream_id> streams;
  /// Those of them, by index in the plan, that nobody chose: read for the sake of their children, nothing of them is kept.
  std::set<size_t> parents_only;
  uint64_t hash_seed = 0;
  int64_t store_generation = 0;
  int64_t edition = 0; ///< of the connection when it was loaded
  std::string source_version; ///< of the manifest that the plan was made from

  /// Its live sides that are switched on, by index in the plan; null: not listened to.
  std::vector<std::shared_ptr<const event_rules>> live{};

  bool is_live() const {
    return std::any_of(live.begin(), live.end(), [](const auto& side) { return side != nullptr; });
  }
  const stream_plan& stream(size_t index) const { return plan->streams[index]; }
  /// Index in the plan, or plan->streams.size() when the stream is not mined here.
  size_t index_of(stream_id id) const {
    size_t i = 0;
    while (i < streams.size() && streams[i] != id)
      ++i;
    return i;
  }
  /// Tenant, connection and stream as people write them: "acme/crm/contacts".
  std::string path_of(size_t index) const {
    return tenant_name + "/" + connection_name + "/" + stream(index).name;
  }
  /// What an event concerns that happens in a run, in one stream of it or (0) in none in particular.
  run_subject about(run_id run, stream_id of = {}) const {
    auto index = of ? index_of(of) : streams.size();
    return {tenant_name, connection_name, index < streams.size() ? stream(index).name : "", run, store_generation};
  }
};

/// How far the clocks of nodes and APIs may be apart where spans of time are compared that nobody listened in.
inline constexpr std::chrono::seconds live_clock_skew{5};

/// So long after a change a run that begins then reads it, by the API's clock and this node's: settle time and skew.
inline std::chrono::microseconds settles_within(const connection_context& connection) {
  std::chrono::microseconds longest{0};
  for (size_t i = 0; i < connection.streams.size(); ++i)
    if (connection.streams[i])
      longest = std::max<std::chrono::microseconds>(longest, connection.stream(i).lode.settle_time);
  return longest + live_clock_skew;
}

} // namespace lode
