#include "runtime/node/reports.hpp"

#include <caf/all.hpp>

#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"

namespace lode {

namespace {

double seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

metrics::counter* counter_of(metrics& measured, fetch_result result) {
  switch (result) {
    case fetch_result::ok:
      return measured.pages_fetched.ok;
    case fetch_result::retried:
      return measured.pages_fetched.retried;
    case fetch_result::rate_limited:
      return measured.pages_fetched.rate_limited;
    case fetch_result::refused:
      return measured.pages_fetched.refused;
    case fetch_result::failed:
      break;
  }
  return measured.pages_fetched.failed;
}

void count_records(metrics& measured, const page_counters& page) {
  measured.records.inserted->inc(page.inserted);
  measured.records.updated->inc(page.updated);
  measured.records.unchanged->inc(page.unchanged);
  measured.records.refused_older->inc(page.refused_older);
  measured.records.dead->inc(page.dead);
}

} // namespace

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

page_writer_report writer_report(mining_resources& resources) {
  page_writer_report report;
  report.committed = [&resources](const page_counters& page) {
    resources.figures.add(page);
    count_records(*resources.measured, page);
  };
  report.group = [&resources](std::chrono::nanoseconds elapsed, size_t) {
    resources.measured->commit_groups.committed->inc();
    resources.measured->commit_time->observe(seconds(elapsed));
  };
  report.outage = [&resources](const std::string& why) {
    resources.measured->store_outages->inc();
    log_warning("the store cannot commit; fetching pauses until it can: " + why);
  };
  return report;
}

mining_report page_path_report(mining_resources& resources) {
  mining_report report;
  report.fetched = [&resources](fetch_result result) { counter_of(*resources.measured, result)->inc(); };
  report.committed = [&resources](std::chrono::nanoseconds elapsed) {
    resources.measured->request_to_commit->observe(seconds(elapsed));
  };
  report.page_failed = [](const std::string& path, run_id run, const std::string& why) {
    log_warning("a page could not be had, its interval stays owed: " + why, {.stream = path, .run = run.value});
  };
  report.suspended = [&resources](connection_id connection, const std::string& why) {
    resources.measured->connections_suspended->inc();
    log_warning("connection " + to_string(connection) + " is suspended: " + why);
  };
  report.page_lost = [&resources] {
    resources.measured->pages_lost_in_process->inc();
    log_warning("a page made no progress within mining.continuation_deadline and is read again");
  };
  report.miner_restarted = [&resources](const caf::error& why) {
    resources.measured->miner_restarts->inc();
    log_warning("a miner ended and is started again: " + to_string(why));
  };
  return report;
}

std::function<void(int64_t)> open_runs_report(mining_resources& resources) {
  return [&resources](int64_t open) {
    resources.figures.open_runs = open;
    resources.measured->open_runs->value(open);
  };
}

miner_factory counted_miners(mining_resources& resources) {
  return [make = miners_by_name(resources.known->miners), &resources](caf::actor_system& system, miner_job job) {
    auto miner = make(system, std::move(job));
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
