#include "runtime/websocket/scripted_websocket_client.hpp"

#include <algorithm>
#include <iterator>

namespace lode {

scripted_websocket_client::~scripted_websocket_client() {
  for (auto socket : sockets())
    end(socket, {.reason = websocket_end::cancelled, .message = "the client ends"});
}

template <class T>
T scripted_websocket_client::look(websocket_handle socket, T socket_state::*field) const {
  std::lock_guard guard{mutex_};
  auto found = sockets_.find(socket.id);
  return found == sockets_.end() ? T{} : found->second.*field;
}

/// Only one that has not ended. With the mutex held.
scripted_websocket_client::socket_state* scripted_websocket_client::find(websocket_handle socket) {
  auto found = sockets_.find(socket.id);
  return found == sockets_.end() || found->second.has_ended ? nullptr : &found->second;
}

std::vector<websocket_handle> scripted_websocket_client::sockets() const {
  std::lock_guard guard{mutex_};
  std::vector<websocket_handle> all;
  for (auto& [id, state] : sockets_)
    all.push_back({id});
  return all;
}

websocket_request scripted_websocket_client::request(websocket_handle socket) const {
  return look(socket, &socket_state::request);
}

std::vector<std::string> scripted_websocket_client::sent(websocket_handle socket) const {
  return look(socket, &socket_state::sent);
}

std::uint64_t scripted_websocket_client::credits(websocket_handle socket) const {
  return look(socket, &socket_state::credits);
}

bool scripted_websocket_client::has_ended(websocket_handle socket) const {
  return look(socket, &socket_state::has_ended);
}

std::optional<std::chrono::steady_clock::time_point>
scripted_websocket_client::last_heard(websocket_handle socket) const {
  return has_ended(socket) ? std::nullopt : look(socket, &socket_state::heard);
}

websocket_handle scripted_websocket_client::open(websocket_request request, websocket_events events) {
  std::lock_guard guard{mutex_};
  websocket_handle handle{sockets_.size() + 1};
  auto& state = sockets_[handle.id];
  state.credits = request.credits;
  state.request = std::move(request);
  state.events = std::move(events);
  ++stats_.opening;
  return handle;
}

void scripted_websocket_client::accept(websocket_handle socket, websocket_opened news) {
  std::unique_lock guard{mutex_};
  auto state = find(socket);
  if (state == nullptr || state->is_open)
    return;
  state->is_open = true;
  state->heard = std::chrono::steady_clock::now();
  --stats_.opening;
  ++stats_.open;
  ++stats_.opened;
  auto opened = state->events.opened;
  guard.unlock();
  opened(std::move(news));
  hand_on(socket);
}

void scripted_websocket_client::deliver(websocket_handle socket, std::vector<std::string> messages) {
  {
    std::lock_guard guard{mutex_};
    if (auto state = find(socket))
      std::move(messages.begin(), messages.end(), std::back_inserter(state->waiting));
  }
  hand_on(socket);
}

void scripted_websocket_client::hand_on(websocket_handle socket) {
  std::unique_lock guard{mutex_};
  auto state = find(socket);
  if (state == nullptr || !state->is_open)
    return;
  std::vector<std::string> batch;
  for (; state->credits > 0 && !state->waiting.empty(); --state->credits) {
    batch.push_back(std::move(state->waiting.front()));
    state->waiting.pop_front();
  }
  if (batch.empty())
    return;
  state->heard = std::chrono::steady_clock::now();
  stats_.messages_received += batch.size();
  auto messages = state->events.messages;
  guard.unlock();
  messages(std::move(batch));
}

void scripted_websocket_client::end(websocket_handle socket, websocket_closed why) {
  std::unique_lock guard{mutex_};
  auto state = find(socket);
  if (state == nullptr)
    return;
  state->has_ended = true;
  --(state->is_open ? stats_.open : stats_.opening);
  ++stats_.closed;
  auto events = std::move(state->events);
  guard.unlock();
  events.closed(std::move(why));
}

void scripted_websocket_client::grant(websocket_handle socket, std::uint32_t messages) {
  {
    std::lock_guard guard{mutex_};
    if (auto state = find(socket))
      state->credits += messages;
  }
  hand_on(socket);
}

void scripted_websocket_client::send(websocket_handle socket, std::string text) {
  std::lock_guard guard{mutex_};
  if (auto state = find(socket)) {
    state->sent.push_back(std::move(text));
    ++stats_.messages_sent;
  }
}

void scripted_websocket_client::close(websocket_handle socket) {
  auto was_open = look(socket, &socket_state::is_open);
  if (was_open)
    end(socket, {.reason = websocket_end::closed, .message = "closed", .code = 1000});
  else
    end(socket, {.reason = websocket_end::cancelled, .message = "closed before it was open"});
}

websocket_client_stats scripted_websocket_client::stats() const {
  std::lock_guard guard{mutex_};
  return stats_;
}

} // namespace lode
