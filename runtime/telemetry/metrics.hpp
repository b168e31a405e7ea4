#pragma once

#include <caf/fwd.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lode {

/// Lode's own metrics on CAF's registry. One per process, made once; actors get a pointer to it, which is valid as long
/// as the registry. Counting takes no lock.
struct metrics {
  /// `kinds` of miners that the node knows; pages of no other may be counted.
  metrics(caf::telemetry::metric_registry& registry, const std::vector<std::string>& kinds);

  using counter = caf::telemetry::int_counter;
  using gauge = caf::telemetry::int_gauge;

  struct fetched_pages {
    counter *ok, *retried, *rate_limited, *refused, *failed;
  };
  std::map<std::string, fetched_pages, std::less<>> pages_fetched; ///< by kind of miner
  struct {
    counter *inserted, *updated, *unchanged, *refused_older, *dead, *deleted;
  } records;
  struct {
    counter *committed, *refused, *split, *timed_out, *unavailable, *unknown;
  } commit_groups;
  caf::telemetry::dbl_histogram* commit_time;       ///< seconds per group that committed
  caf::telemetry::dbl_histogram* request_to_commit; ///< seconds per page
  gauge* bytes_in_flight;
  gauge* requests_in_flight;
  gauge* permits_waiting; ///< requests held back by a quota or by the byte budget
  struct {
    counter *granted, *refused, *failed;
  } quota_leases;        ///< slices of budgets that nodes share; failed: one per question without an answer
  gauge* quota_fallback; ///< 1: Redis is configured, and this node takes its part of such budgets without it
  gauge* open_runs;
  gauge* miners;
  counter* miner_restarts;
  counter* pages_lost_in_process;
  counter* pages_refetched;
  gauge* shards;
  gauge* waiting_for_lease;
  gauge* listening;
  gauge* silent;
  gauge* gaps_owed;
  gauge* gaps_repairing;
  gauge* gaps_unverified;
  gauge* gap_age; ///< seconds
  gauge* rechecks;
  struct {
    counter *committed, *unauthorized, *nobodys, *refused, *unavailable;
  } webhooks; ///< requests of them, by what they were answered
  counter* connections_suspended;
  counter* store_outages;
  struct {
    counter *ok, *failed;
  } redis_calls;
  struct {
    counter *hit, *miss;
  } redis_facts;
  gauge* redis_in_use; ///< writers that it helps

  struct sink_metrics {
    counter *delivered, *failures;
    gauge* behind; ///< changes that active sinks have not had, in shards of this node
  };
  /// Of a kind of sink that this program registers; a kind shows from its first use on.
  sink_metrics sinks_of(const std::string& kind) const;

private:
  caf::telemetry::int_counter_family* sink_delivered_;
  caf::telemetry::int_counter_family* sink_failures_;
  caf::telemetry::int_gauge_family* sink_behind_;
};

} // namespace lode
