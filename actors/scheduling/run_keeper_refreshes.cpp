// The turns of token refreshes, and a stop that waits for them.
#include <caf/all.hpp>

#include "actors/scheduling/run_keeper.hpp"

namespace lode {

namespace {

/// How long a stop waits for the token refreshes that are under way.
constexpr auto refresh_patience = std::chrono::seconds{10};

} // namespace

void run_keeper_state::wait_for_refreshes() {
  self->set_down_handler([this](const caf::down_msg& down) {
    turns.forget(down.source);
    if (stopping && turns.empty())
      self->quit(*stopping);
  });
  self->set_exit_handler([this](caf::exit_msg& exit) {
    if (turns.empty() || stopping)
      return self->quit(std::move(exit.reason));
    stopping = std::move(exit.reason);
    self->run_delayed(refresh_patience, [this] { self->quit(*stopping); });
  });
}

caf::result<refresh_begun> run_keeper_state::enter(const begin_refresh& ask) {
  auto asker = caf::actor_cast<caf::actor_addr>(self->current_sender());
  self->monitor(self->current_sender());
  auto begun = self->make_response_promise<refresh_begun>();
  turns.enter(ask.token.connection, asker, [this, ask, asker, begun] { begin(ask, asker, begun); });
  return begun;
}

void run_keeper_state::begin(const begin_refresh& ask, const caf::actor_addr& asker, begun_promise begun) {
  auto unknown = stopping ? caf::expected<int64_t>{caf::make_error(errc::store_unavailable, "the node is stopping")}
                          : parts.runs->begin_refresh(ask.token);
  if (unknown)
    return begun.deliver(refresh_begun{*unknown});
  begun.deliver(unknown.error());
  leave(ask.token.connection, asker);
}

caf::error run_keeper_state::end(const end_refresh& ask) {
  auto error = ask.is_token_unused ? parts.runs->forget_refresh(ask.token) : caf::error{};
  if (error != errc::store_unavailable)
    leave(ask.token.connection, caf::actor_cast<caf::actor_addr>(self->current_sender()));
  return error;
}

caf::expected<secrets_stored> run_keeper_state::end(const store_secrets& ask) {
  auto stored = store(ask);
  if (stored || stored.error() != errc::store_unavailable)
    leave(ask.token.connection, caf::actor_cast<caf::actor_addr>(self->current_sender()));
  return stored;
}

caf::expected<secrets_stored> run_keeper_state::store(const store_secrets& ask) {
  auto sealed = parts.seal_secrets(ask.secrets);
  if (!sealed)
    return sealed.error();
  if (auto error = parts.runs->store_successor(ask.token, *sealed))
    return error;
  return secrets_stored{std::move(*sealed)};
}

void run_keeper_state::leave(connection_id connection, const caf::actor_addr& asker) {
  self->demonitor(asker);
  turns.leave(connection, asker);
  if (stopping && turns.empty())
    self->quit(*stopping);
}

} // namespace lode
