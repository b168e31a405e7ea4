#include <caf/all.hpp>

#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/streaming/capture.hpp"

/// How a capture comes and goes: a planned move, and its end.
namespace lode {

/// A word of its successor may have come before the order to leave.
void capture_state::succeeded_by(const successor_listens& msg) {
  if (at == step::leaving)
    return; // a later subscription has not heard what this one does not hear any more
  const auto is_news = heir != msg.subscription || !has_successor();
  heir = msg.subscription;
  heir_said = self->clock().now();
  if (is_to_leave && is_news)
    self->send(job.services->timers, arm_timer{afterglow, ++token});
}

bool capture_state::has_successor() const {
  return heir != 0 && self->clock().now() - heir_said < successor_fresh;
}

void capture_state::take(const take_over& msg) {
  if (!is_successor() || at == step::leaving)
    return;
  job.connection = msg.connection;
  job.supervisor = caf::actor_cast<tenant_supervisor_actor>(msg.supervisor);
  if (msg.credentials)
    job.credentials = caf::actor_cast<credential_keeper_actor>(msg.credentials);
  self->monitor(job.supervisor);
  enter_board();
  backoff = job.live->first_backoff;
  if (at == step::waiting)
    return open();
  shown.does(at == step::listening ? doing::listening : doing::opening);
  if (at != step::listening)
    return;
  subscription.claim = job.connection->claim;
  certain_since = self->clock().now(); // the one before went on until just now
  tell_store();
  hand_on();
}

// -- its end ----------------------------------------------------------------------------------------------------------

void capture_state::leave(leave_tenant order) {
  if (at == step::leaving || is_to_leave)
    return;
  if (at != step::listening || !is_in_store || order.for_successor.count() == 0)
    return close();
  is_to_leave = true;
  auto patience = has_successor() ? std::chrono::milliseconds{afterglow} : order.for_successor;
  self->send(job.services->timers, arm_timer{patience, ++token});
}

void capture_state::close() {
  if (at == step::leaving)
    return;
  at = step::leaving;
  shown.does(doing::leaving);
  is_to_leave = false;
  heard_until = last_sign;
  heir = has_successor() ? heir : 0;
  if (listener)
    self->send_exit(listener, caf::exit_reason::user_shutdown);
  if (rechecking)
    self->send_exit(rechecking, caf::exit_reason::user_shutdown);
  finish();
}

bool capture_state::finish() {
  if (listener || rechecking || !in_flight.empty())
    return false;
  if (!is_in_store || std::exchange(is_handing_over, true)) {
    if (!is_in_store)
      self->quit(caf::exit_reason::user_shutdown);
    return true;
  }
  hand_over();
  return true;
}

/// For as long as its supervisor has patience: a store that is slow for a moment is no reason for a gap.
void capture_state::hand_over() {
  self->request(job.live->gaps, caf::infinite, hand_over_listening{subscription, heard_until, heir})
    .then([this] { self->quit(caf::exit_reason::user_shutdown); },
          [this](const caf::error& why) {
            if (why == errc::store_unavailable)
              self->run_delayed(hand_over_retry, [this] { hand_over(); });
            else
              self->quit(caf::exit_reason::user_shutdown); // the shard is another node's by now
          });
}

void capture_state::stop(caf::error reason) {
  drop_listener();
  if (rechecking)
    self->send_exit(rechecking, caf::exit_reason::user_shutdown);
  self->quit(std::move(reason));
}

} // namespace lode
