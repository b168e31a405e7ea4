#include <caf/all.hpp>

#include <algorithm>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/replayer.hpp"
#include "actors/extraction/tenant_supervisor.hpp"
#include "runtime/storage/shard_hash.hpp"

/// What a supervisor is told from outside: commands, and to leave.
namespace lode {

caf::error tenant_supervisor_state::moves_away() {
  return caf::make_error(errc::not_owner, "the tenant moves to another node");
}

void tenant_supervisor_state::begin(const begin_run& command, answer done) {
  ++busy;
  self->request(services->keeper, caf::infinite, load_connection{command.connection})
    .then([this, command, done](connection_pointer& connection) { start(command, std::move(connection), done); },
          [this, command, done](const caf::error& why) mutable {
            --busy;
            done.deliver(why);
            self->send(scheduler, run_finished{command.connection, {}, command.kind, false, run_phase::incomplete,
                                               message_of(why)});
            refused(command.connection, why);
            rest();
          });
}

void tenant_supervisor_state::start(const begin_run& command, connection_pointer connection, answer done) {
  if (is_leaving) {
    --busy;
    done.deliver(moves_away());
    return rest();
  }
  self->request(services->keeper, caf::infinite, start_run{connection, command.kind, command.due})
    .then(
      [this, command, connection, done](const run_started& started) mutable {
        --busy;
        done.deliver();
        if (!started.run) {
          self->send(scheduler, run_finished{command.connection, {}, command.kind, false, run_phase::finished,
                                             "there was nothing to read"});
          return rest();
        }
        if (is_leaving)
          return rest();
        self->send(scheduler, run_begun{command.connection, started.run, tenant});
        open(started.run, command.kind, connection, run_event::begun);
      },
      [this, command, done](const caf::error& why) mutable {
        --busy;
        // The run was started, but what it would be mined with has changed meanwhile.
        if (why == errc::stale_version)
          done.deliver();
        else
          done.deliver(why);
        self->send(scheduler,
                   run_finished{command.connection, {}, command.kind, false, run_phase::incomplete, message_of(why)});
        if (why == errc::stale_version)
          return changed(command.connection);
        // A start whose answer was lost, this one's or an earlier one's, left a run that nobody here knows.
        if (why == errc::conflict || why == errc::store_unavailable)
          return resume_open(command.connection);
        refused(command.connection, why);
        rest();
      });
}

void tenant_supervisor_state::resume(const open_run& run, answer done) {
  if (run.tenant != tenant || is_leaving)
    return done.deliver(moves_away());
  if (runs.count(run.run) > 0) {
    done.deliver();
    return self->send(scheduler, run_begun{run.connection, run.run, tenant}); // else it would not be told again
  }
  ++busy;
  self->request(services->keeper, caf::infinite, load_connection{run.connection})
    .then(
      [this, run, done](connection_pointer& connection) mutable {
        --busy;
        done.deliver();
        if (is_leaving)
          return rest();
        self->send(scheduler, run_begun{run.connection, run.run, tenant});
        open(run.run, run.kind, std::move(connection), run_event::resumed);
      },
      [this, run, done](const caf::error& why) mutable {
        --busy;
        if (why == errc::store_unavailable)
          return later(store_retry, [this, run, done] { resume(run, done); });
        done.deliver(why);
        self->send(scheduler, run_finished{run.connection, run.run, run.kind, false, run_phase::open, message_of(why)});
        refused(run.connection, why, run.run);
        rest();
      });
}

void tenant_supervisor_state::listen_to(const listen& command, answer done) {
  if (captures.lower_bound({command.connection, 0}) != captures.upper_bound({command.connection, UINT32_MAX}))
    return done.deliver();
  ++busy;
  self->request(services->keeper, caf::infinite, load_connection{command.connection})
    .then(
      [this, done](const connection_pointer& connection) mutable {
        --busy;
        done.deliver();
        if (!is_leaving)
          capture(connection);
        rest();
      },
      [this, command, done](const caf::error& why) mutable {
        --busy;
        if (why == errc::store_unavailable)
          return later(store_retry, [this, command, done] { listen_to(command, done); });
        done.deliver(why);
        rest();
      });
}


void tenant_supervisor_state::listen_to_all() {
  ++busy;
  self->request(services->keeper, caf::infinite, load_live_connections{{shard_of(tenant)}})
    .then(
      [this](const live_connections_loaded& loaded) {
        --busy;
        for (const auto& each : loaded.connections)
          if (each.tenant == tenant && !is_leaving)
            listen_to({each.connection}, {});
        rest();
      },
      [this](const caf::error&) {
        --busy;
        later(store_retry, [this] { listen_to_all(); });
      });
}

void tenant_supervisor_state::capture(const connection_pointer& connection) {
  for (uint32_t side = 0; side < connection->live.size(); ++side)
    if (connection->live[side] && !captures.contains({connection->connection, side})) {
      auto actor = services->make_capture(self->system(), connection, side, tenant_supervisor_actor{self},
                                          credentials_of(connection, connection->plan->live[side].streams.front()));
      self->monitor(actor);
      captures.emplace(std::pair{connection->connection, side}, std::move(actor));
    }
}

capture_actor tenant_supervisor_state::capture_of(connection_id connection) const {
  auto i = captures.lower_bound({connection, 0});
  return i != captures.end() && i->first.first == connection ? i->second : capture_actor{};
}

caf::result<void> tenant_supervisor_state::hear(hear_webhook& command) {
  ++commands;
  if (is_leaving)
    return moves_away();
  auto capture = capture_of(command.connection);
  if (!capture)
    return caf::make_error(errc::not_found, "connection " + to_string(command.connection) + " is not listened to");
  return self->delegate(capture, std::move(command.request));
}

void tenant_supervisor_state::successor(const successor_listens& command) {
  ++commands;
  if (auto capture = capture_of(command.connection))
    self->send(capture, command);
}

void tenant_supervisor_state::replay(const replay_dead_letter& command, answer done) {
  ++busy;
  auto reader = self->system().spawn<replayer>(services, tenant_supervisor_actor{self});
  self->request(reader, caf::infinite, command)
    .then(
      [this, done]() mutable {
        --busy;
        done.deliver();
        rest();
      },
      [this, done](const caf::error& why) mutable {
        --busy;
        done.deliver(why);
        rest();
      });
}

void tenant_supervisor_state::stop_listening(std::optional<connection_id> which) {
  std::erase_if(captures, [&](const auto& entry) {
    if (entry.first.first != which.value_or(entry.first.first))
      return false;
    self->demonitor(entry.second);
    self->send_exit(entry.second, caf::exit_reason::user_shutdown);
    return true;
  });
}

void tenant_supervisor_state::changed(std::optional<connection_id> connection, answer done) {
  leave_open(connection, "the connection was changed");
  stop_listening(connection);
  if (connection)
    listen_to({*connection}, {});
  else
    listen_to_all();
  std::erase_if(credentials, [&](const auto& entry) {
    if (entry.first != connection.value_or(entry.first))
      return false;
    self->send_exit(entry.second, caf::exit_reason::user_shutdown);
    return true;
  });
  resume_open(connection, done);
}

void tenant_supervisor_state::resume_open(std::optional<connection_id> connection, answer done) {
  ++busy;
  self->request(services->keeper, caf::infinite, load_open_runs{tenant, connection})
    .then(
      [this, done](const open_runs_loaded& loaded) mutable {
        --busy;
        done.deliver();
        for (const auto& run : loaded.runs)
          resume(run);
        rest();
      },
      [this, connection, done](const caf::error&) {
        --busy;
        later(store_retry, [this, connection, done] { resume_open(connection, done); });
      });
}

void tenant_supervisor_state::cancel(const cancel_run& command, answer done) {
  ++busy;
  self->request(services->keeper, caf::infinite, command)
    .then(
      [this, command, done]() mutable {
        --busy;
        done.deliver();
        if (auto i = runs.find(command.run); i != runs.end()) {
          for (auto& [id, miner] : i->second.mining)
            self->send_exit(miner.actor, caf::exit_reason::user_shutdown);
          mined -= i->second.mining.size();
          i->second.mining.clear();
          i->second.reason = command.reason;
          finish(command.run, run_phase::cancelled);
          pump_all(); // its slots are free
        }
        rest();
      },
      [this, done](const caf::error& why) mutable {
        --busy;
        done.deliver(why);
        rest();
      });
}

// -- its end ----------------------------------------------------------------------------------------------------------

void tenant_supervisor_state::leave(leave_tenant order) {
  if (std::exchange(is_leaving, true))
    return;
  delayed.clear();
  for (auto& [id, run] : runs)
    for (auto& [continuation, miner] : run.mining)
      self->send(miner.actor, finish_page{});
  for (auto& [side, capture] : captures)
    self->send(capture, order);
  for (auto& [id, keeper] : credentials) // it stays until a successor is stored
    self->send_exit(keeper, caf::exit_reason::user_shutdown);
  rest();
}

bool tenant_supervisor_state::is_gone() const {
  return mined == 0 && busy == 0 && keepers.empty() && captures.empty();
}

} // namespace lode
