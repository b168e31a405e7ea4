#include "actors/streaming/capture.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <random>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/streaming/rechecker.hpp"
#include "messages/fault_point.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

namespace {

std::mt19937_64& random_source() {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return random;
}

/// Never 0, which names nothing.
int64_t new_subscription() {
  return std::uniform_int_distribution<int64_t>{1, std::numeric_limits<int64_t>::max()}(random_source());
}

/// Of an API of which nobody has said how late its events may be.
constexpr std::chrono::seconds usual_event_delay{5};

/// So that what was cut off together does not come back together.
std::chrono::nanoseconds jittered(std::chrono::nanoseconds span) {
  return std::chrono::nanoseconds{std::uniform_int_distribution<int64_t>{span.count() / 2, span.count()}(random_source())};
}

} // namespace

capture_state::capture_state(capture_actor::pointer self, capture_job job)
  : self(self), job(std::move(job)), backoff(this->job.live->first_backoff) {}

capture_actor::behavior_type capture_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) { stop(std::move(exit.reason)); });
  self->set_down_handler([this](const caf::down_msg& down) {
    if (listener && down.source == listener.address())
      ended(down.reason, {});
    else if (rechecking && down.source == rechecking.address()) {
      rechecking = nullptr;
      if (at == step::leaving)
        finish();
    }
    else if (down.source == job.supervisor.address())
      stop(caf::exit_reason::user_shutdown);
  });
  self->monitor(job.supervisor);
  open();
  return {
    [this](listening_began) { began(); },
    [this](still_listening) {
      // As of the sign before: what was received until then has come through the listener's mailbox by now.
      if (at == step::listening)
        last_sign = std::max(last_sign, std::exchange(sign_seen, job.services->now()));
      if (is_stuck())
        return ended(caf::make_error(errc::store_unavailable, "what was heard was not committed in time"), {});
      prove();
    },
    [this](const listening_ended& msg) { ended(msg.reason, msg.after); },
    [this](messages_heard& msg) { heard(msg); },
    [this](messages_processed& msg) { processed(msg); },
    [this](const page_committed& msg) { committed(msg.generation); },
    [this](const page_refused& msg) { refused(msg); },
    [this](const recheck_keys& order) { recheck(order); },
    [this](leave_tenant) { leave(); },
    [this](timer_fired fired) {
      if (fired.token == token && at == step::waiting)
        open();
    },
  };
}

// -- listening --------------------------------------------------------------------------------------------------------

void capture_state::open() {
  // Another node may listen by now: waits until this one knows better.
  if (!job.services->may_send())
    return pause(mining_services::lease_retry);
  at = step::opening;
  ++life;
  listener = job.live->make_listener(self->system(), {job.connection, job.side, job.services, job.live, listener_owner_actor{self}});
  self->monitor(listener);
  self->send(listener, start_listening{});
}

void capture_state::began() {
  if (at != step::opening)
    return;
  at = step::listening;
  opened = last_settled = self->clock().now();
  last_sign = proven = sign_seen = job.services->now();
  subscription = {job.connection->connection, job.connection->claim, new_subscription()};
  is_in_store = false;
  tell_store();
}

void capture_state::tell_store() {
  self->request(job.live->gaps, caf::infinite, begin_listening{job.connection, subscription, last_sign})
    .then([this, asked = subscription.id](gaps_owed) { is_in_store = is_in_store || asked == subscription.id; },
          [this, asked = subscription.id](const caf::error& why) {
            if (asked != subscription.id || at != step::listening)
              return;
            if (why != errc::store_unavailable)
              return stop(caf::exit_reason::user_shutdown); // the connection is another one by now, or another node's
            self->run_delayed(store_retry, [this, asked] {
              if (asked == subscription.id && at == step::listening)
                tell_store();
            });
          });
}

void capture_state::heard(messages_heard& msg) {
  if (at == step::waiting || msg.messages.empty())
    return;
  const auto number = ++batches;
  const auto& first = msg.messages.front();
  if (in_flight.empty())
    last_settled = self->clock().now();
  in_flight.emplace(number, batch{msg.batch, life, first.received_at, {}, 0, {}});
  last_sign = std::max(last_sign, msg.messages.back().received_at);
  process_messages work{number, job.connection, job.side, doubt_from(), std::move(msg.messages)};
  // Always the same one: what is heard later must not overtake.
  const auto& processors = job.services->processors;
  self->send(processors[static_cast<uint64_t>(job.connection->connection.value) % processors.size()], std::move(work),
             capture_actor{self});
}

void capture_state::ended(const caf::error& reason, std::chrono::nanoseconds after) {
  if (at == step::leaving) {
    listener = nullptr;
    return void(finish());
  }
  if (at == step::waiting)
    return;
  if (reason == errc::unauthorized || reason == errc::bad_source) {
    self->send(job.supervisor, connection_failed{job.connection->connection, {}, reason, {}});
    return stop(caf::exit_reason::user_shutdown);
  }
  if (at == step::listening) {
    self->send(job.live->gaps, end_listening{subscription, proven, path() + ": " + message_of(reason)});
    if (self->clock().now() - opened >= job.live->stable_after)
      backoff = job.live->first_backoff;
  }
  pause(std::max(after, jittered(backoff)));
  backoff = std::min<std::chrono::nanoseconds>(backoff * 2, job.live->longest_backoff);
}

void capture_state::pause(std::chrono::nanoseconds after) {
  if (listener) {
    self->demonitor(listener);
    self->send_exit(std::exchange(listener, nullptr), caf::exit_reason::user_shutdown);
  }
  at = step::waiting;
  self->send(job.services->timers, arm_timer{after, ++token});
}

// -- what was heard ---------------------------------------------------------------------------------------------------

void capture_state::processed(messages_processed& msg) {
  auto i = in_flight.find(msg.batch);
  if (i == in_flight.end())
    return;
  i->second.pages = msg.pages;
  i->second.event_ids = std::move(msg.event_ids);
  settle_if_done(msg.batch);
}

void capture_state::committed(uint64_t number) {
  auto i = in_flight.find(number);
  if (i == in_flight.end())
    return;
  ++i->second.settled;
  settle_if_done(number);
}

void capture_state::refused(const page_refused&) {
  // The shard is another node's, or the connection is another one: whoever listens next finds what is missing by the last proof.
  stop(caf::exit_reason::user_shutdown);
}

void capture_state::settle_if_done(uint64_t number) {
  auto i = in_flight.find(number);
  if (i->second.pages != i->second.settled)
    return;
  auto done = std::move(i->second);
  in_flight.erase(i);
  last_settled = self->clock().now();
  LODE_DIE_AT("capture.before_acknowledge");
  if (listener && done.life == life)
    self->send(listener, messages_settled{done.number, std::move(done.event_ids)});
  if (at == step::leaving)
    finish();
}

void capture_state::prove() {
  auto until = last_sign;
  for (const auto& [number, batch] : in_flight)
    until = std::min(until, batch.heard);
  if (at != step::listening || !is_in_store || until <= proven)
    return;
  proven = until;
  self->send(job.live->gaps, health_proof{subscription.connection, subscription.id, until});
}

bool capture_state::is_stuck() const {
  if (in_flight.empty() || job.services->health->is_out())
    return false;
  auto since = std::max(last_settled, job.services->health->last_late_answer());
  return self->clock().now() - since > job.services->page_deadline;
}

void capture_state::recheck(const recheck_keys& order) {
  if (rechecking || at == step::leaving)
    return; // they are asked for again
  rechecking = self->spawn<rechecker>(recheck_job{job.services, job.live, job.connection, order.rows, job.credentials});
  self->monitor(rechecking);
}

// -- its end ----------------------------------------------------------------------------------------------------------

void capture_state::leave() {
  if (at == step::leaving)
    return;
  at = step::leaving;
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
  self->request(job.live->gaps, caf::infinite, hand_over_listening{subscription})
    .then([this] { self->quit(caf::exit_reason::user_shutdown); },
          [this](const caf::error&) { self->quit(caf::exit_reason::user_shutdown); });
  return true;
}

void capture_state::stop(caf::error reason) {
  if (listener) {
    self->demonitor(listener);
    self->send_exit(std::exchange(listener, nullptr), caf::exit_reason::user_shutdown);
  }
  if (rechecking)
    self->send_exit(rechecking, caf::exit_reason::user_shutdown);
  self->quit(std::move(reason));
}

std::optional<fact_order> capture_state::doubt_from() const {
  std::chrono::milliseconds delay{0};
  const auto& plan = *job.connection->plan;
  for (auto stream : plan.live[job.side].streams)
    delay = std::max(delay, plan.streams[stream].lode.live->max_event_delay.value_or(usual_event_delay));
  if (delay.count() == 0)
    return std::nullopt;
  // What was true before this one listened may be older than the claim: then everything is in doubt.
  const auto then = std::chrono::steady_clock::now() - delay;
  if (then < opened)
    return fact_order{};
  return fact_order{0, job.connection->claim.epoch.value, job.live->history->at(then)};
}

std::string capture_state::path() const {
  return job.connection->tenant_name + "/" + job.connection->connection_name;
}

} // namespace lode
