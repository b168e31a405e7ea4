#pragma once

/// The name of every metric, in one place. prometheus_text.cpp joins prefix and name with '_', turns '-' into '_', adds the unit
/// and, for counters, "_total": ("lode", "pages-fetched") is lode_pages_fetched_total. No label ever names a tenant:
/// instances are never removed and there are thousands of tenants.
namespace lode::metric_names {

inline constexpr const char* prefix = "lode";

inline constexpr const char* pages_fetched = "pages-fetched";   // counter by miner and result
inline constexpr const char* records = "records";               // counter by outcome
inline constexpr const char* commit_groups = "commit-groups";   // counter by outcome
inline constexpr const char* commit_time = "commit-time";       // histogram, seconds
inline constexpr const char* request_to_commit = "request-to-commit-time"; // histogram, seconds
inline constexpr const char* bytes_in_flight = "bytes-in-flight";
inline constexpr const char* requests_in_flight = "requests-in-flight";
inline constexpr const char* permits_waiting = "permits-waiting";
inline constexpr const char* quota_leases = "quota-leases";     // counter by result
inline constexpr const char* quota_fallback = "quota-fallback"; // 0 or 1
inline constexpr const char* open_runs = "open-runs";
inline constexpr const char* miners = "miners";
inline constexpr const char* miner_restarts = "miner-restarts";
inline constexpr const char* pages_lost_in_process = "pages-lost-in-process";
inline constexpr const char* pages_refetched = "pages-refetched";
inline constexpr const char* shards = "shards";
inline constexpr const char* waiting_for_lease = "waiting-for-lease";
inline constexpr const char* listening = "connections-listening";
inline constexpr const char* silent = "connections-silent";
inline constexpr const char* gaps_owed = "gaps-owed";
inline constexpr const char* gaps_repairing = "gaps-repairing";
inline constexpr const char* gaps_unverified = "gaps-unverified";
inline constexpr const char* gap_age = "oldest-gap-age";
inline constexpr const char* rechecks = "rechecks-waiting";
inline constexpr const char* webhooks = "webhooks"; // counter by outcome
inline constexpr const char* sink_changes_delivered = "sink-changes-delivered"; // counter by kind of sink
inline constexpr const char* sink_delivery_failures = "sink-delivery-failures"; // the same
inline constexpr const char* sink_changes_behind = "sink-changes-behind";       // gauge by kind of sink
inline constexpr const char* connections_suspended = "connections-suspended";
inline constexpr const char* store_outages = "store-outages";
inline constexpr const char* redis_calls = "redis-calls"; // counter by result
inline constexpr const char* redis_facts = "redis-facts"; // counter by result
inline constexpr const char* redis_in_use = "redis-in-use";

// As they stand in the text: they are not on CAF's registry.
inline constexpr const char* build_info = "lode_build_info"; // always 1, by version
inline constexpr const char* ready = "lode_ready";           // 0 or 1
inline constexpr const char* process_cpu = "process_cpu_seconds_total";
inline constexpr const char* process_resident = "process_resident_memory_bytes";
inline constexpr const char* process_virtual = "process_virtual_memory_bytes";
inline constexpr const char* process_open_fds = "process_open_fds";
inline constexpr const char* process_max_fds = "process_max_fds";
inline constexpr const char* process_threads = "process_threads";
inline constexpr const char* process_started = "process_start_time_seconds";

/// Labels; CAF's actor metrics have "name", the actor's type. Each has a fixed set of values.
inline constexpr const char* miner_label = "miner"; // the kinds that a node knows when it starts
inline constexpr const char* result_label = "result";
inline constexpr const char* outcome_label = "outcome";
inline constexpr const char* version_label = "version";
inline constexpr const char* sink_kind_label = "sink_kind"; // those that the program registers

} // namespace lode::metric_names
