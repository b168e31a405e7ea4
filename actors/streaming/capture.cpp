#include "actors/streaming/capture.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <random>
#include <utility>

#include "actors/extraction/call_report.hpp"
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
  : self(self), job(std::move(job)), backoff(this->job.live->first_backoff) {
  enter_board();
}

/// A successor's connection is told of by its present owner.
void capture_state::enter_board() {
  if (!job.supervisor)
    return;
  const auto& connection = *job.connection;
  work_line line{worker::capture, connection.tenant, connection.connection,
                connection.connection_name + ": " + connection.plan->live[job.side].listener, job.side + 1};
  line.actor = self->id();
  shown = enter(job.services->board, std::move(line));
}

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
    else if (job.supervisor && down.source == job.supervisor.address())
      stop(caf::exit_reason::user_shutdown);
  });
  if (job.supervisor)
    self->monitor(job.supervisor);
  open();
  return {
    [this](listening_began) { began(); },
    [this](still_listening) {
      // As of the sign before: what was received until then has come through the listener's mailbox by now.
      if (at == step::listening)
        last_sign = std::max(last_sign, std::exchange(sign_seen, job.services->now()));
      if (is_stuck())
        return give_up();
      prove();
    },
    [this](const listening_ended& msg) { ended(msg.reason, msg.after); },
    [this](messages_heard& msg) { heard(msg); },
    [this](messages_processed& msg) { processed(msg); },
    [this](const page_committed& msg) { committed(msg.generation); },
    [this](const page_refused& msg) { refused(msg); },
    [this](const recheck_keys& order) { recheck(order); },
    [this](webhook_arrived& request) { return hear(request); },
    [this](const successor_listens& msg) { succeeded_by(msg); },
    [this](const take_over& msg) { take(msg); },
    [this](leave_tenant order) { leave(order); },
    [this](timer_fired fired) {
      if (fired.token != token)
        return;
      if (is_to_leave)
        close();
      else if (at == step::waiting)
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
  shown.does(doing::opening);
  // Where sockets end again and again while nothing commits: what earlier ones heard lies in gaps that are owed.
  std::erase_if(waiting, [this](const auto& each) { return each.life < life; });
  ++life;
  listener = job.live->make_listener(self->system(), {job.connection, job.side, job.services, job.live, listener_owner_actor{self}, last_event});
  self->monitor(listener);
  self->send(listener, start_listening{});
}

void capture_state::began() {
  if (at != step::opening)
    return;
  at = step::listening;
  shown.gets_on();
  shown.does(doing::listening);
  opened = last_settled = self->clock().now();
  certain_since = opened + (resumes() ? replay_window : std::chrono::seconds{0});
  last_sign = proven = sign_seen = job.services->now();
  subscription = {job.connection->connection, job.connection->claim, new_subscription()};
  is_in_store = false;
  if (is_successor())
    self->send(job.successor, successor_ready{job.connection->tenant, {subscription.connection, subscription.id}});
  else
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

/// A plain send would not do: the error of a store that does not answer would come back as a message and end this actor.
void capture_state::tell_end(end_listening gap) {
  self->request(job.live->gaps, caf::infinite, gap).then([] {}, [this, gap](const caf::error& why) {
    if (why != errc::store_unavailable)
      return; // another subscription counts by now, or another node's
    self->run_delayed(store_retry, [this, gap] {
      // Once there is another one its begin says it, too.
      if (gap.subscription.id == subscription.id && at != step::leaving)
        tell_end(gap);
    });
  });
}

void capture_state::heard(messages_heard& msg) {
  if (at == step::waiting || msg.messages.empty())
    return;
  last_sign = std::max(last_sign, msg.messages.back().received_at);
  // The present owner commits what it hears meanwhile: all of that may be newer.
  waiting.push_back({std::move(msg), life, is_successor() ? fact_order{} : doubt_from()});
  hand_on();
}

caf::result<void> capture_state::hear(webhook_arrived& request) {
  if (!listener || at != step::listening || is_successor())
    return caf::make_error(errc::store_unavailable, path() + " is not listened to at the moment");
  return self->delegate(listener, std::move(request));
}

/// What one listener heard, in order; of the first of it the most is in doubt.
void capture_state::hand_on() {
  if (waiting.empty() || !in_flight.empty() || is_successor())
    return;
  const auto number = ++batches;
  auto& first = waiting.front();
  batch next{{}, first.life, first.what.messages.front().received_at, {}, 0, {}};
  process_messages work{number, job.connection, job.side, first.doubt_from, {}};
  for (size_t bytes = 0; !waiting.empty() && waiting.front().life == next.life && bytes < batch_bytes; waiting.pop_front()) {
    auto& heard = waiting.front().what;
    next.numbers.push_back(heard.batch);
    for (auto& message : heard.messages) {
      bytes += message.body.size();
      work.messages.push_back(std::move(message));
    }
  }
  last_settled = self->clock().now();
  in_flight.emplace(number, std::move(next));
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
  if (is_successor()) { // what is wrong with the connection is for its owner to say
    waiting.clear();
    return pause(jittered(backoff = std::min<std::chrono::nanoseconds>(backoff * 2, job.live->longest_backoff)));
  }
  if (reason == errc::unauthorized || reason == errc::bad_source) {
    // Unless the store hears it, the next begin finds it by the last proof.
    if (at == step::listening)
      caf::anon_send(job.live->gaps, end_listening{subscription, proven, path() + ": " + message_of(reason)});
    self->send(job.supervisor, connection_failed{job.connection->connection, {}, reason, {}});
    return stop(caf::exit_reason::user_shutdown);
  }
  if (at == step::listening) {
    tell_end({subscription, proven, path() + ": " + message_of(reason)});
    if (self->clock().now() - opened >= job.live->stable_after)
      backoff = job.live->first_backoff;
  }
  if (is_to_leave) {
    drop_listener();
    return close();
  }
  if (job.services->board)
    shown.fails(wait_reason::not_heard, mask_of(*job.connection).excerpt(path() + ": " + message_of(reason), 500));
  pause(std::max(after, jittered(backoff)));
  backoff = std::min<std::chrono::nanoseconds>(backoff * 2, job.live->longest_backoff);
}

void capture_state::pause(std::chrono::nanoseconds after) {
  drop_listener();
  at = step::waiting;
  shown.does(doing::pausing, job.services->now() + std::chrono::ceil<std::chrono::microseconds>(after));
  self->send(job.services->timers, arm_timer{after, ++token});
}

void capture_state::drop_listener() {
  if (!listener)
    return;
  self->demonitor(listener);
  self->send_exit(std::exchange(listener, nullptr), caf::exit_reason::user_shutdown);
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
  if (!done.event_ids.empty())
    last_event = done.event_ids.back();
  LODE_DIE_AT("capture.before_acknowledge");
  if (listener && done.life == life)
    for (auto batch : done.numbers)
      self->send(listener, messages_settled{batch, batch == done.numbers.back() ? std::move(done.event_ids) : std::vector<std::string>{}});
  hand_on();
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

/// The gap that begins with the last proof has what is given up; what gathered behind it goes on.
void capture_state::give_up() {
  in_flight.clear();
  ended(caf::make_error(errc::store_unavailable, "what was heard was not committed in time"), {});
  hand_on();
}

void capture_state::recheck(const recheck_keys& order) {
  if (rechecking || is_to_leave || at == step::leaving)
    return; // they are asked for again
  rechecking = self->spawn<rechecker>(recheck_job{job.services, job.live, job.connection, order.rows, job.credentials});
  self->monitor(rechecking);
}

std::optional<fact_order> capture_state::doubt_from() const {
  std::chrono::milliseconds delay{0};
  const auto& plan = *job.connection->plan;
  for (auto stream : plan.live[job.side].streams)
    delay = std::max(delay, plan.streams[stream].lode.live->max_event_delay.value_or(usual_event_delay));
  // What was committed before this one listened, or by another node, may be of an older claim: then everything is in doubt.
  const auto then = self->clock().now() - delay;
  if (then < certain_since)
    return fact_order{};
  if (delay.count() == 0)
    return std::nullopt;
  return fact_order{0, job.connection->claim.epoch.value, job.live->history->at(then)};
}

bool capture_state::resumes() const {
  auto* socket = std::get_if<websocket_settings>(&job.connection->plan->live[job.side].typed);
  return socket && !socket->resume.empty() && !last_event.empty();
}

std::string capture_state::path() const {
  return job.connection->tenant_name + "/" + job.connection->connection_name;
}

} // namespace lode
