#include "actors/streaming/successor.hpp"

#include <caf/all.hpp>

#include <utility>

#include "actors/extraction/connection_context.hpp"

namespace lode {

successor_state::successor_state(successor_actor::pointer self, successor_parts parts) : self(self), parts(std::move(parts)) {}

successor_actor::behavior_type successor_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) {
    for (const auto& [side, one] : made)
      if (auto capture = parts.prepared->take_back(side))
        self->send_exit(capture, exit.reason);
    self->quit(std::move(exit.reason));
  });
  return {
    [this](const shards_coming& msg) { coming(msg); },
    [this](const successor_ready& msg) {
      for (auto i = made.lower_bound({msg.said.connection, 0}); i != made.end() && i->first.first == msg.said.connection; ++i)
        i->second.ready = msg;
      parts.tell_owner(msg);
      arm();
    },
    [this](timer_fired) {
      is_armed = false;
      look();
    },
  };
}

void successor_state::coming(const shards_coming& msg) {
  const std::set<shard_id> now{msg.shards.begin(), msg.shards.end()};
  std::vector<shard_id> fresh;
  for (auto shard : now)
    if (!shards.contains(shard))
      fresh.push_back(shard);
  shards = now;
  std::erase_if(to_load, [&](const live_connection& each) { return !shards.contains(each.shard); });
  for (auto& [side, one] : made)
    one.gone = shards.contains(one.shard) ? std::nullopt : std::optional{one.gone.value_or(self->clock().now())};
  if (!fresh.empty())
    load(std::move(fresh));
  arm();
}

void successor_state::load(std::vector<shard_id> fresh) {
  self->request(parts.keeper, caf::infinite, load_live_connections{std::move(fresh), true})
    .then(
      [this](const live_connections_loaded& loaded) {
        for (const auto& each : loaded.connections)
          if (shards.contains(each.shard))
            to_load.push_back(each);
        load_next();
      },
      [](const caf::error&) {}); // the move leaves a gap then
}

void successor_state::load_next() {
  if (to_load.empty() || std::exchange(is_loading, true))
    return;
  auto next = to_load.front();
  to_load.pop_front();
  self->request(parts.keeper, caf::infinite, load_connection{next.connection, true})
    .then(
      [this](const connection_pointer& connection) {
        is_loading = false;
        prepare(connection);
        load_next();
      },
      [this](const caf::error&) {
        is_loading = false;
        load_next();
      });
}

void successor_state::prepare(const connection_pointer& connection) {
  // Its own by now: the supervisor is about to listen by itself.
  if (!shards.contains(connection->claim.shard))
    return;
  for (uint32_t side = 0; side < connection->live.size(); ++side) {
    if (!connection->live[side])
      continue;
    const prepared_captures::side where{connection->connection, side};
    drop(where);
    auto capture = parts.make_capture(self->system(), connection, side, successor_actor{self});
    parts.prepared->put(where, {connection->edition, connection->source_version}, std::move(capture));
    made[where] = {connection->claim.shard, std::nullopt, std::nullopt};
  }
}

void successor_state::look() {
  const auto now = self->clock().now();
  for (auto i = made.begin(); i != made.end();) {
    const auto& [side, one] = *i++; // may be dropped
    if (one.gone && now - *one.gone >= keeps)
      drop(side);
    else if (!one.gone && one.ready)
      parts.tell_owner(*one.ready);
  }
  arm();
}

void successor_state::arm() {
  if (!made.empty() && !std::exchange(is_armed, true))
    self->send(parts.timers, arm_timer{repeat, 0});
}

void successor_state::drop(prepared_captures::side side) {
  if (made.erase(side) == 0)
    return;
  if (auto capture = parts.prepared->take_back(side))
    self->send_exit(capture, caf::exit_reason::user_shutdown);
}

} // namespace lode
