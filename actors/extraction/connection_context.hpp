#pragma once

#include <set>
#include <string>
#include <vector>

#include "actors/scheduling/run_report.hpp"
#include "messages/runs.hpp"
#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

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

} // namespace lode
