#include "actors/streaming/webhook_listener.hpp"

#include <caf/all.hpp>

#include <utility>

#include "actors/extraction/connection_context.hpp"

namespace lode {

namespace {

caf::error again_later(std::string why) {
  return caf::make_error(errc::store_unavailable, std::move(why));
}

} // namespace

webhook_listener_state::webhook_listener_state(listener_actor::pointer self, listener_job job) : self(self), job(std::move(job)) {
  shown = enter(this->job.services->board, line_of(this->job, worker::webhook_listener, self->id()));
}

listener_actor::behavior_type webhook_listener_state::make_behavior() {
  // Without a word the promises would break with an error of CAF's, or, where the asker is on another node, with none.
  self->set_exit_handler([this](caf::exit_msg& exit) { end(std::move(exit.reason)); });
  return {
    [this](start_listening) { begin(); },
    [this](const messages_settled& msg) { settled(msg); },
    [this](webhook_arrived& request) { return hear(request); },
    [this](timer_fired fired) {
      if (fired.token == ticks)
        tick();
    },
  };
}

void webhook_listener_state::begin() {
  const auto& connection = *job.connection;
  const auto& settings = std::get<webhook_settings>(connection.plan->live[job.side].typed);
  auto made = signature_check::make(settings, connection.config, job.services->now());
  if (!made)
    return self->send(job.owner, listening_ended{connection.connection, std::move(made.error())});
  signature = std::move(*made);
  shown.does(doing::listening);
  self->send(job.owner, listening_began{connection.connection});
  tick();
}

caf::result<void> webhook_listener_state::hear(webhook_arrived& request) {
  if (!signature)
    return again_later("the connection is not listened to yet");
  std::vector<http_header> headers;
  for (const auto& [name, value] : request.headers)
    headers.push_back({name, value});
  const auto now = job.services->now();
  if (auto wrong = signature->check({request.method, request.target, headers, request.body}, now))
    return wrong;
  // A message without events would be lost for good once it is answered 200; sent again it may be whole.
  if (auto wrong = scratch.parse_shallow(request.body))
    return caf::make_error(errc::bad_argument, "the body is no JSON: " + message_of(wrong));
  if (waiting.size() >= job.live->window)
    return again_later(std::to_string(waiting.size()) + " requests of this connection wait for their commit");
  const auto number = ++batches;
  auto answer = self->make_response_promise<void>();
  waiting.emplace(number, answer);
  std::vector<heard_message> messages;
  messages.push_back({job.services->clock->next(), std::move(request.body), now, std::move(request.headers)});
  self->send(job.owner, messages_heard{number, std::move(messages)});
  return answer;
}

void webhook_listener_state::settled(const messages_settled& msg) {
  auto found = waiting.extract(msg.batch);
  if (!found)
    return;
  if (msg.is_lost)
    found.mapped().deliver(again_later("it was not committed"));
  else
    found.mapped().deliver();
}

/// That it lives is all that can be known: what nobody delivers here is owed a sweep.
void webhook_listener_state::tick() {
  self->send(job.owner, still_listening{job.connection->connection});
  self->send(job.services->timers, arm_timer{look, ++ticks});
}

void webhook_listener_state::end(caf::error reason) {
  for (auto& [batch, answer] : waiting)
    answer.deliver(again_later("the listener ended before it was committed"));
  waiting.clear();
  self->quit(std::move(reason));
}

} // namespace lode
