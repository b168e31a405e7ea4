#include "runtime/telemetry/metrics.hpp"

#include <caf/telemetry/metric_registry.hpp>

#include <array>

#include "runtime/telemetry/metric_names.hpp"

namespace lode {

namespace {

namespace names = metric_names;
using caf::telemetry::metric_registry;

constexpr std::array commit_buckets{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1., 5., 30.};
constexpr std::array page_buckets{.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 15., 60., 300.};

caf::span<const double> span_of(const auto& buckets) {
  return {buckets.data(), buckets.size()};
}

/// One counter family; each call adds an instance.
class by_label {
public:
  by_label(metric_registry& registry, const char* name, const char* label, const char* help)
    : family_(registry.counter_family(names::prefix, name, {label}, help, "1", true)), label_(label) {}

  metrics::counter* operator()(std::string_view value) {
    return family_->get_or_add({{label_, caf::string_view{value.data(), value.size()}}});
  }

private:
  caf::telemetry::int_counter_family* family_;
  caf::string_view label_;
};

metrics::counter* counter_of(metric_registry& registry, const char* name, const char* help) {
  return registry.counter_singleton(names::prefix, name, help, "1", true);
}

metrics::gauge* gauge_of(metric_registry& registry, const char* name, const char* help) {
  return registry.gauge_singleton(names::prefix, name, help);
}

} // namespace

metrics::metrics(metric_registry& r, const std::vector<std::string>& kinds) {
  auto* pages = r.counter_family(names::prefix, names::pages_fetched, {names::miner_label, names::result_label},
                                 "Responses of APIs, by the kind of miner that asked and what they were.", "1", true);
  for (const auto& miner : kinds) {
    auto of = [&](caf::string_view result) {
      return pages->get_or_add({{names::miner_label, miner}, {names::result_label, result}});
    };
    pages_fetched[miner] = {of("ok"), of("retried"), of("rate_limited"), of("refused"), of("failed")};
  }
  by_label outcomes{r, names::records, names::outcome_label, "Records committed, by what became of them."};
  records = {outcomes("inserted"),      outcomes("updated"), outcomes("unchanged"),
             outcomes("refused_older"), outcomes("dead"),    outcomes("deleted")};
  by_label groups{r, names::commit_groups, names::outcome_label,
                  "Tries to commit a group of pages, by outcome; one whose answer was lost counts again when it is known."};
  commit_groups = {groups("committed"), groups("refused"),     groups("split"),
                   groups("timed_out"), groups("unavailable"), groups("unknown")};
  commit_time = r.histogram_singleton<double>(names::prefix, names::commit_time, span_of(commit_buckets),
                                              "From comparing a group of pages until it was known to be committed.", "seconds");
  request_to_commit = r.histogram_singleton<double>(names::prefix, names::request_to_commit, span_of(page_buckets),
                                                    "From a page's request to its commit.", "seconds");
  bytes_in_flight = gauge_of(r, names::bytes_in_flight, "Bytes reserved for responses not yet committed.");
  requests_in_flight = gauge_of(r, names::requests_in_flight, "Requests sent and not yet answered.");
  permits_waiting = gauge_of(r, names::permits_waiting, "Requests held back by a quota or the byte budget.");
  by_label leases{r, names::quota_leases, names::result_label, "Slices of budgets that nodes share, asked of Redis."};
  quota_leases = {leases("granted"), leases("refused"), leases("failed")};
  quota_fallback = gauge_of(r, names::quota_fallback, "1 while Redis does not hand out the budgets that nodes share.");
  open_runs = gauge_of(r, names::open_runs, "Runs open on this node.");
  miners = gauge_of(r, names::miners, "Miners alive on this node.");
  miner_restarts = counter_of(r, names::miner_restarts, "Miners restarted after a failure.");
  pages_lost_in_process = counter_of(r, names::pages_lost_in_process, "Pages that died with their worker and were read again.");
  pages_refetched = counter_of(r, names::pages_refetched, "Pages abandoned because their shard went to another node, which fetches them again.");
  shards = gauge_of(r, names::shards, "Shards that this node owns.");
  listening = gauge_of(r, names::listening, "Connections that this node listens to.");
  silent = gauge_of(r, names::silent, "Connections of this node that are to be listened to and are not heard at the moment.");
  gaps_owed = gauge_of(r, names::gaps_owed, "Gaps of live capture that are owed a repair, those that last included.");
  gaps_repairing = gauge_of(r, names::gaps_repairing, "Gaps of live capture whose repair runs.");
  gaps_unverified = gauge_of(r, names::gaps_unverified, "Gaps of live capture that are repaired, but for what was deleted in them.");
  gap_age = r.gauge_singleton(names::prefix, names::gap_age, "Age of the oldest gap that is not repaired.", "seconds");
  rechecks = gauge_of(r, names::rechecks, "Keys whose truth is open until they are fetched again.");
  waiting_for_lease = gauge_of(r, names::waiting_for_lease, "Requests and token refreshes held back because other nodes may have declared this one gone.");
  by_label hooks{r, names::webhooks, names::outcome_label,
                 "Requests of webhooks, by what they were answered: 200, 401, 404, other refusals, 503 (to be sent again)."};
  webhooks = {hooks("committed"), hooks("unauthorized"), hooks("unknown"), hooks("refused"), hooks("unavailable")};
  connections_suspended = counter_of(r, names::connections_suspended, "Connections suspended because they need a person.");
  store_outages = counter_of(r, names::store_outages, "Times the store stopped answering.");
  by_label calls{r, names::redis_calls, names::result_label, "Calls to Redis; those that were not even tried while it is left alone count as failed."};
  redis_calls = {calls("ok"), calls("failed")};
  by_label facts{r, names::redis_facts, names::result_label, "Records that memory did not know, by whether Redis did."};
  redis_facts = {facts("hit"), facts("miss")};
  redis_in_use = gauge_of(r, names::redis_in_use, "Writers of this node that Redis helps at the moment; 0 without Redis.");
  sink_delivered_ = r.counter_family(names::prefix, names::sink_changes_delivered, {names::sink_kind_label},
                                     "Changes that sinks have acknowledged, by kind of sink.", "1", true);
  sink_failures_ = r.counter_family(names::prefix, names::sink_delivery_failures, {names::sink_kind_label},
                                    "Deliveries that failed, by kind of sink; each is tried again.", "1", true);
  sink_behind_ = r.gauge_family(names::prefix, names::sink_changes_behind, {names::sink_kind_label},
                                "Changes in shards of this node that active sinks have not had, by kind of sink.");
}

metrics::sink_metrics metrics::sinks_of(const std::string& kind) const {
  const caf::telemetry::label_view label{names::sink_kind_label, caf::string_view{kind.data(), kind.size()}};
  return {sink_delivered_->get_or_add({label}), sink_failures_->get_or_add({label}), sink_behind_->get_or_add({label})};
}

} // namespace lode
