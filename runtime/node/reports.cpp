#include "runtime/node/reports.hpp"

#include <caf/all.hpp>

#include <set>

#include "actors/extraction/miner_spawner.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/trace_id.hpp"

namespace lode {

namespace {

double seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

metrics::counter* counter_of(metrics& measured, const std::string& miner, fetch_result result) {
  const auto& pages = measured.pages_fetched.at(miner);
  switch (result) {
    case fetch_result::ok:
      return pages.ok;
    case fetch_result::retried:
      return pages.retried;
    case fetch_result::rate_limited:
      return pages.rate_limited;
    case fetch_result::refused:
      return pages.refused;
    case fetch_result::failed:
      break;
  }
  return pages.failed;
}

metrics::counter* counter_of(metrics& measured, group_outcome outcome) {
  switch (outcome) {
    case group_outcome::committed:
      return measured.commit_groups.committed;
    case group_outcome::refused:
      return measured.commit_groups.refused;
    case group_outcome::split:
      return measured.commit_groups.split;
    case group_outcome::timed_out:
      return measured.commit_groups.timed_out;
    case group_outcome::unavailable:
      return measured.commit_groups.unavailable;
    case group_outcome::unknown:
      break;
  }
  return measured.commit_groups.unknown;
}

/// Null: it is not counted.
metrics::counter* counter_of(metrics& measured, run_event event) {
  switch (event) {
    case run_event::page_lost:
      return measured.pages_lost_in_process;
    case run_event::miner_restarted:
      return measured.miner_restarts;
    case run_event::suspended:
      return measured.connections_suspended;
    default:
      return nullptr;
  }
}

struct event_line {
  log_level level;
  std::string_view text;
};

event_line line_of(run_event event) {
  switch (event) {
    case run_event::begun:
      return {log_level::info, "run began"};
    case run_event::resumed:
      return {log_level::info, "run goes on"};
    case run_event::page_retried:
      return {log_level::info, "page is asked for again"};
    case run_event::page_waits:
      return {log_level::info, "page waits for a limit"};
    case run_event::page_lost:
      return {log_level::warning, "a page made no progress within mining.continuation_deadline and is read again"};
    case run_event::page_failed:
      return {log_level::warning, "a page could not be had, its interval stays owed"};
    case run_event::records_died:
      return {log_level::warning, "records could not be used and are dead letters now"};
    case run_event::stream_stopped:
      return {log_level::warning, "stream is stopped for this run"};
    case run_event::miner_restarted:
      return {log_level::warning, "a miner ended and is started again"};
    case run_event::left_open:
      return {log_level::info, "run stays open, nothing of it is mined for now"};
    case run_event::finished:
      return {log_level::info, "run finished"};
    case run_event::incomplete:
      return {log_level::warning, "run ended incomplete"};
    case run_event::cancelled:
      return {log_level::info, "run is cancelled"};
    case run_event::not_swept:
      return {log_level::warning, "full pass deletes nothing"};
    case run_event::not_suspended:
      return {log_level::error, "connection could not be suspended, it rests only until it is due again"};
    case run_event::suspended:
      break;
  }
  return {log_level::warning, "connection is suspended"};
}

void count_records(metrics& measured, const page_counters& page) {
  measured.records.inserted->inc(page.inserted);
  measured.records.updated->inc(page.updated);
  measured.records.unchanged->inc(page.unchanged);
  measured.records.refused_older->inc(page.refused_older);
  measured.records.dead->inc(page.dead);
  measured.records.deleted->inc(page.deleted);
}

} // namespace

void report_outage(metrics& measured, bool is_out, const std::string& why) {
  if (!is_out)
    return log_info("the store answers again");
  measured.store_outages->inc();
  log_warning("the store cannot commit; fetching pauses until it can: " + why);
}

fetch_gate_report gate_report(mining_resources& resources) {
  return [&resources](int64_t for_quota, int64_t for_bytes, int64_t bytes) {
    auto& figures = resources.figures;
    figures.waiting_for_quota = for_quota;
    figures.waiting_for_bytes = for_bytes;
    figures.bytes_in_flight = bytes;
    resources.measured->permits_waiting->value(for_quota + for_bytes);
    resources.measured->bytes_in_flight->value(bytes);
  };
}

budget_sharing sharing_of(mining_resources& resources, turn_leaser_actor leaser) {
  budget_sharing sharing;
  sharing.leaser = std::move(leaser);
  sharing.live_nodes = [&resources] { return resources.views.live_nodes(); };
  sharing.leased = [measured = resources.measured](lease_result result) {
    const auto& leases = measured->quota_leases;
    (result == lease_result::granted ? leases.granted : result == lease_result::refused ? leases.refused : leases.failed)->inc();
  };
  sharing.fallback = [measured = resources.measured, before = false](bool is_fallback, const std::string& why) mutable {
    measured->quota_fallback->value(is_fallback ? 1 : 0);
    if (is_fallback != before)
      is_fallback ? log_warning("each node takes its part of the budgets that nodes share, without Redis: " + why)
                  : log_info("Redis hands out the budgets that nodes share again");
    before = is_fallback;
  };
  return sharing;
}

page_writer_report writer_report(mining_resources& resources) {
  page_writer_report report;
  report.committed = [&resources](const page_counters& page) {
    resources.figures.add(page);
    count_records(*resources.measured, page);
  };
  report.got_on = [&resources](tenant_id tenant, connection_id connection, int64_t records) {
    resources.board.committed(tenant, connection, records);
  };
  report.group = [&resources](group_outcome outcome, std::chrono::nanoseconds elapsed) {
    counter_of(*resources.measured, outcome)->inc();
    if (outcome == group_outcome::committed)
      resources.measured->commit_time->observe(seconds(elapsed));
  };
  report.redis_used = [&resources](const shared_facts::use& use) {
    auto& measured = *resources.measured;
    measured.redis_calls.ok->inc(static_cast<int64_t>(use.calls - use.failures));
    measured.redis_calls.failed->inc(static_cast<int64_t>(use.failures));
    measured.redis_facts.hit->inc(static_cast<int64_t>(use.hits));
    measured.redis_facts.miss->inc(static_cast<int64_t>(use.misses));
  };
  report.redis = [&resources](const std::string& why) {
    if (why.empty())
      resources.measured->redis_in_use->inc();
    else
      resources.measured->redis_in_use->dec();
    if (why.empty())
      log_info("Redis helps again");
    else
      log_warning("Redis does not help; the store is asked instead, which takes longer: " + why);
  };
  return report;
}

mining_report page_path_report(mining_resources& resources) {
  mining_report report;
  report.fetched = [&resources](const std::string& miner, fetch_result result) {
    counter_of(*resources.measured, miner, result)->inc();
    if (result != fetch_result::ok && result != fetch_result::rate_limited)
      ++resources.figures.failed_calls;
  };
  report.committed = [&resources](std::chrono::nanoseconds elapsed) {
    resources.measured->request_to_commit->observe(seconds(elapsed));
  };
  report.happened = event_report(resources);
  report.abandoned = [&resources](uint64_t pages) {
    resources.figures.refetched += static_cast<int64_t>(pages);
    resources.measured->pages_refetched->inc(static_cast<int64_t>(pages));
  };
  return report;
}

run_report event_report(mining_resources& resources) {
  return [&resources](run_event event, const run_subject& subject, const std::string& detail) {
    if (auto* counter = counter_of(*resources.measured, event))
      counter->inc();
    auto [level, text] = line_of(event);
    if (!is_logged(level))
      return;
    auto is_traced = subject.run && subject.store_generation != 0;
    auto trace = is_traced ? trace_id_of(subject.store_generation, subject.run) : std::string{};
    log(level, detail.empty() ? std::string{text} : std::string{text} + ": " + detail,
        {subject.tenant, subject.connection, subject.stream, subject.run.value, trace});
  };
}

std::function<void(int64_t)> open_runs_report(mining_resources& resources) {
  return [&resources](int64_t open) {
    resources.figures.open_runs = open;
    resources.measured->open_runs->value(open);
  };
}

std::function<void(size_t)> shards_report(mining_resources& resources) {
  return [&resources](size_t owned) {
    resources.figures.shards = static_cast<int64_t>(owned);
    resources.measured->shards->value(static_cast<int64_t>(owned));
  };
}

std::function<void(const live_counts&)> live_report(mining_resources& resources) {
  return [&resources](const live_counts& counts) {
    auto& measured = *resources.measured;
    measured.listening->value(counts.listening);
    measured.silent->value(counts.silent);
    measured.gaps_owed->value(counts.owed);
    measured.gaps_repairing->value(counts.repairing);
    measured.gaps_unverified->value(counts.unverified);
    measured.rechecks->value(counts.rechecks);
    auto age = counts.oldest ? resources.now() - *counts.oldest : std::chrono::microseconds{0};
    measured.gap_age->value(std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count()));
  };
}

courier_report delivery_report(mining_resources& resources) {
  courier_report report;
  auto& measured = *resources.measured;
  report.delivered = [&measured](const std::string& kind, int64_t changes) { measured.sinks_of(kind).delivered->inc(changes); };
  report.failed = [&measured](const std::string& kind) { measured.sinks_of(kind).failures->inc(); };
  report.behind = [&measured, shown = std::set<std::string>{}](const std::map<std::string, int64_t>& behind) mutable {
    for (const auto& kind : shown)
      if (!behind.contains(kind))
        measured.sinks_of(kind).behind->value(0);
    for (const auto& [kind, changes] : behind) {
      measured.sinks_of(kind).behind->value(changes);
      shown.insert(kind);
    }
  };
  report.warning = [](const std::string& text) { log_warning(text); };
  return report;
}

std::function<miner_actor(caf::actor_system&, miner_job)> counted_miners(mining_resources& resources) {
  return [&resources](caf::actor_system& system, miner_job job) {
    auto miner = spawn_miner(system, std::move(job));
    ++resources.figures.miners;
    resources.measured->miners->inc();
    caf::actor_cast<caf::abstract_actor*>(miner)->attach_functor([&resources] {
      --resources.figures.miners;
      resources.measured->miners->dec();
    });
    return miner;
  };
}

} // namespace lode
