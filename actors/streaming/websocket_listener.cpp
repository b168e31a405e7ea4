#include "actors/streaming/websocket_listener.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

#include "actors/extraction/call_report.hpp"
#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/limit_headers.hpp"
#include "runtime/extraction/live_texts.hpp"

namespace lode {

namespace {

live_inputs inputs_of(const listener_job& job) {
  live_inputs result{job.connection->config, {}, job.services->now()};
  for (auto stream : job.connection->plan->live[job.side].streams)
    if (job.connection->streams[stream])
      result.streams.push_back(job.connection->stream(stream).name);
  return result;
}

errc code_of_end(websocket_end reason) {
  switch (reason) {
    case websocket_end::unauthorized: return errc::unauthorized;
    case websocket_end::invalid_request: return errc::bad_source;
    default: return errc::unreachable;
  }
}

} // namespace

websocket_listener_state::websocket_listener_state(websocket_listener_actor::pointer self, listener_job job)
  : self(self),
    job(std::move(job)),
    settings(std::get<websocket_settings>(this->job.connection->plan->live[this->job.side].typed)) {
  shown = enter(this->job.services->board, line_of(this->job, worker::websocket_listener, self->id()));
}

websocket_listener_state::~websocket_listener_state() {
  drop_socket();
}

websocket_listener_actor::behavior_type websocket_listener_state::make_behavior() {
  return {
    [this](start_listening) { open(); },
    [this](const messages_settled& msg) { settled(msg); },
    [](const webhook_arrived&) -> caf::result<void> { return caf::make_error(errc::bad_argument, "this listener has no webhook"); },
    [this](timer_fired fired) {
      if (fired.token == ticks)
        tick();
    },
    [this](const socket_spoke& msg) {
      if (msg.generation != generation || at == step::idle)
        return;
      if (std::holds_alternative<websocket_opened>(msg.event->what))
        greet();
      else if (auto* messages = std::get_if<std::vector<heard_message>>(&msg.event->what))
        heard(*messages);
      else
        closed(std::get<websocket_closed>(msg.event->what));
    },
  };
}

void websocket_listener_state::open() {
  auto opening = render_opening(settings, inputs_of(job));
  if (!opening)
    return give_up(std::move(opening.error()));
  at = step::opening;
  shown.does(doing::opening);
  ++generation;
  unsettled.clear();
  websocket_request request;
  request.url = std::move(opening->url);
  request.headers = std::move(opening->headers);
  request.subprotocols = std::move(opening->subprotocols);
  request.permessage_deflate = true;
  request.max_message_bytes = settings.max_message_bytes.value_or(0);
  request.idle_timeout = settings.idle_timeout.value_or(std::chrono::milliseconds{0});
  if (settings.heartbeat && !settings.heartbeat->message)
    request.ping_every = settings.heartbeat->every;
  request.credits = job.live->window;
  socket = job.live->sockets->open(std::move(request), events_of_socket());
}

websocket_events websocket_listener_state::events_of_socket() {
  auto tell = [listener = caf::weak_actor_ptr{self->ctrl()}, mine = generation](socket_event event) {
    if (auto alive = listener.lock())
      caf::anon_send(caf::actor_cast<websocket_listener_actor>(alive),
                     socket_spoke{mine, std::make_shared<const socket_event>(std::move(event))});
  };
  websocket_events events;
  events.opened = [tell](websocket_opened opened) { tell({std::move(opened)}); };
  events.closed = [tell](websocket_closed how) { tell({std::move(how)}); };
  events.messages = [tell, services = job.services](std::vector<std::string> texts) {
    const auto now = services->now();
    std::vector<heard_message> messages;
    messages.reserve(texts.size());
    for (auto& text : texts)
      messages.push_back({services->clock->next(), std::move(text), now, {}});
    tell({std::move(messages)});
  };
  return events;
}

void websocket_listener_state::greet() {
  // What was missed is owed a repair even if the API sends it again: nobody says when that is over. Deletes come this way only.
  auto greeting = render_greeting(settings, inputs_of(job), job.after_event);
  if (!greeting)
    return give_up(std::move(greeting.error()));
  for (auto& text : *greeting)
    job.live->sockets->send(socket, std::move(text));
  at = step::unconfirmed;
  opened = self->clock().now();
  next_beat = opened + (settings.heartbeat ? settings.heartbeat->every : std::chrono::milliseconds{0});
  tick();
  if (settings.confirmed_by.empty())
    began();
}

void websocket_listener_state::began() {
  at = step::listening;
  shown.does(doing::listening);
  self->send(job.owner, listening_began{job.connection->connection});
}

void websocket_listener_state::heard(std::vector<heard_message> messages) {
  if (at == step::unconfirmed)
    confirm_by(messages);
  const auto number = ++batches;
  unsettled[number] = static_cast<uint32_t>(messages.size());
  // What came before the confirmation is worth nothing, and does no harm.
  self->send(job.owner, messages_heard{number, std::move(messages)});
}

void websocket_listener_state::confirm_by(const std::vector<heard_message>& messages) {
  for (const auto& message : messages)
    if (is_confirmation(settings, message.body, scratch))
      return began();
}

void websocket_listener_state::settled(const messages_settled& msg) {
  auto batch = unsettled.extract(msg.batch);
  if (!batch || at == step::idle)
    return;
  job.live->sockets->grant(socket, batch.mapped());
  if (!settings.acknowledge || msg.is_lost)
    return;
  const auto inputs = inputs_of(job);
  for (const auto& id : msg.event_ids) {
    auto text = render_acknowledge(settings, inputs, id);
    if (!text)
      return give_up(std::move(text.error()));
    job.live->sockets->send(socket, std::move(*text));
  }
}

void websocket_listener_state::closed(const websocket_closed& how) {
  if (at == step::opening)
    report_refusal(how);
  auto why = caf::make_error(code_of_end(how.reason), how.message);
  give_up(std::move(why), wait_asked({}, how.headers, job.services->now()).value_or(std::chrono::milliseconds{0}));
}

void websocket_listener_state::report_refusal(const websocket_closed& how) const {
  auto* box = job.services->errors;
  if (!box || !box->has_room())
    return;
  const auto& connection = *job.connection;
  failed_call call{connection};
  call.stream = connection.streams[connection.plan->live[job.side].streams.front()];
  call.at = job.services->now();
  call.text = "WebSocket: " + how.message;
  http_request request;
  if (auto opening = render_opening(settings, inputs_of(job))) {
    request.url = std::move(opening->url);
    request.headers = std::move(opening->headers);
    call.request = &request;
  }
  http_response answer;
  answer.status = how.status;
  answer.headers = how.headers;
  call.response = how.status != 0 ? &answer : nullptr;
  box->add(described(call));
}

void websocket_listener_state::give_up(caf::error why, std::chrono::nanoseconds after) {
  drop_socket();
  at = step::idle;
  shown.does(doing::waits);
  ++ticks; // else the next socket had the clock of this one too
  self->send(job.owner, listening_ended{job.connection->connection, std::move(why), after});
}

void websocket_listener_state::tick() {
  if (at == step::idle)
    return;
  const auto now = self->clock().now();
  if (at == step::unconfirmed && now - opened > confirmation)
    return give_up(caf::make_error(errc::unreachable, "the API did not confirm the subscription in time"));
  if (auto heard = job.live->sockets->last_heard(socket); at == step::listening && heard && heard != last_heard) {
    last_heard = heard;
    self->send(job.owner, still_listening{job.connection->connection});
  }
  if (auto why = beat())
    return give_up(std::move(why));
  self->send(job.services->timers, arm_timer{look, ++ticks});
}

caf::error websocket_listener_state::beat() {
  const auto now = self->clock().now();
  if (!settings.heartbeat || !settings.heartbeat->message || now < next_beat)
    return {};
  next_beat = now + settings.heartbeat->every;
  auto text = render_heartbeat(settings, inputs_of(job));
  if (!text)
    return std::move(text.error());
  job.live->sockets->send(socket, std::move(*text));
  return {};
}

void websocket_listener_state::drop_socket() {
  if (socket.id != 0)
    job.live->sockets->close(std::exchange(socket, {}));
}

} // namespace lode
