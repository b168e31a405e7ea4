// The deadline of a page, and how a miner ends.
#include <caf/all.hpp>

#include <algorithm>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/miner.hpp"

namespace lode {

namespace {

/// Timer tokens: deadlines odd, pauses even, so that neither is taken for the other.
constexpr uint64_t is_watch = 1;

} // namespace

void miner_state::watch() {
  watch_token += 2;
  self->send(job.services->timers, arm_timer{job.services->page_deadline, watch_token | is_watch});
}

void miner_state::timer(uint64_t token) {
  if (token == timer_token && at == step::pausing) {
    at = step::idle;
    return self->send(self, go_on{generation});
  }
  if (token == timer_token && at == step::leaseless)
    return authorize(); // the token may have expired meanwhile
  if (token == timer_token && at == step::resuming)
    return resume_from_store();
  if (token != (watch_token | is_watch))
    return;
  // Only work that was handed on can be lost; a slow store, a quota and a pause are not losses.
  bool is_handed_on = at == step::parsing || at == step::draining || at == step::idle;
  const auto& health = *job.services->health;
  auto quiet_since = std::max(last_progress, health.last_late_answer());
  if (is_handed_on && !health.is_out() && self->clock().now() - quiet_since >= job.services->page_deadline) {
    tell(run_event::page_lost, {});
    resume_from_store();
    give_back(voided.leave_all());
  }
  watch();
}

void miner_state::finish_page() {
  if (std::exchange(is_finishing, true))
    return;
  switch (at) {
    case step::starting:
    case step::resuming: // nothing of this generation is in flight
      return end(continuation_phase::open, false, {});
    case step::permit: // given back when it comes; by the gate, when this actor has ended
    case step::token:
    case step::leaseless:
    case step::pausing:
      give_back(std::exchange(reserved, 0));
      lease_wait.reset();
      timer_token += 2;
      at = step::idle;
      break;
    default:
      break;
  }
  finish();
}

bool miner_state::finish() {
  if (!is_finishing || at != step::idle || !ahead.empty())
    return false;
  end(continuation_phase::open, false, {});
  return true;
}

void miner_state::stop(caf::error reason) {
  if (in_flight)
    job.services->http->cancel(*in_flight);
  if (reason == errc::not_owner) {
    bool is_page_in_flight = at == step::fetching || at == step::quarantined || at == step::parsing;
    job.services->report.abandoned(ahead.size() + (is_page_in_flight ? 1 : 0));
    reason = caf::exit_reason::user_shutdown;
  }
  self->quit(std::move(reason));
}

void miner_state::end(continuation_phase phase, bool run_ended, const std::string& reason) {
  if (in_flight)
    job.services->http->cancel(*in_flight);
  if (phase == continuation_phase::failed)
    tell(run_event::page_failed, reason);
  self->send(job.supervisor, continuation_ended{job.connection->connection, job.row.run, job.row.id, phase, run_ended,
                                                reason, quota_left});
  self->quit();
}

} // namespace lode
