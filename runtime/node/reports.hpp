#pragma once

#include "actors/extraction/fetch_gate.hpp"
#include "actors/extraction/miner.hpp"
#include "actors/storage/page_writer.hpp"
#include "actors/streaming/courier.hpp"
#include "runtime/node/mining_tree.hpp"

/// Where what the actors report ends up: metrics, the node's figures, log lines. `resources` outlives the actors.
namespace lode {

/// What store_health tells: an outage is counted and logged as it begins, and logged as it is over.
void report_outage(metrics& measured, bool is_out, const std::string& why);
fetch_gate_report gate_report(mining_resources& resources);
/// How the gate shares budgets: counted, and logged when Redis comes and goes.
budget_sharing sharing_of(mining_resources& resources, turn_leaser_actor leaser);
page_writer_report writer_report(mining_resources& resources);
mining_report page_path_report(mining_resources& resources);
/// A log line for each event, with all that its subject names; some are counted too.
run_report event_report(mining_resources& resources);
std::function<void(int64_t)> open_runs_report(mining_resources& resources);
std::function<void(size_t)> shards_report(mining_resources& resources);
std::function<void(const live_counts&)> live_report(mining_resources& resources);
courier_report delivery_report(mining_resources& resources);
/// The miners that sources name, counted while they live.
std::function<miner_actor(caf::actor_system&, miner_job)> counted_miners(mining_resources& resources);

} // namespace lode
