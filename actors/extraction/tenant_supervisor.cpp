#include "actors/extraction/tenant_supervisor.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/credential_keeper.hpp"
#include "actors/extraction/miner.hpp"
#include "actors/extraction/suspicion.hpp"
#include "actors/extraction/sweeper.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/suspension_reason.hpp"

namespace lode {

namespace {

constexpr uint32_t load_batch = 64;
/// Looks for open continuations that the store does not let go on, before their run is left open.
constexpr uint32_t most_last_looks = 3;

/// Nothing for a cancelled run: who writes that into the store tells it, also of one that is mined nowhere.
std::optional<run_event> ending_of(run_phase phase) {
  switch (phase) {
    case run_phase::finished:
      return run_event::finished;
    case run_phase::incomplete:
      return run_event::incomplete;
    case run_phase::open:
      return run_event::left_open;
    case run_phase::cancelled:
      break;
  }
  return std::nullopt;
}

} // namespace

tenant_supervisor_state::tenant_supervisor_state(tenant_supervisor_actor::pointer self, tenant_id tenant,
                                                 services_pointer services, scheduler_actor scheduler,
                                                 shard_region_actor region)
  : self(self),
    tenant(tenant),
    services(std::move(services)),
    scheduler(std::move(scheduler)),
    region(std::move(region)) {
  work_line line{worker::tenant_supervisor, tenant};
  line.actor = self->id();
  shown = enter(this->services->board, std::move(line));
  shown.does(doing::waits);
}

tenant_supervisor_actor::behavior_type tenant_supervisor_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) { child_down(down); });
  self->set_exit_handler([this](caf::exit_msg& exit) {
    stop_miners(std::nullopt, exit.reason);
    for (auto& [side, capture] : captures)
      self->send_exit(capture, exit.reason);
    for (auto& [id, keeper] : credentials)
      self->send_exit(keeper, exit.reason);
    self->quit(std::move(exit.reason));
  });
  return {
    [this](const begin_run& command) { return obey([&](answer done) { begin(command, done); }); },
    [this](const resume_run& command) { return obey([&](answer done) { resume(command.run, done); }); },
    [this](const connection_changed& command) { return obey([&](answer done) { changed(command.connection, done); }); },
    [this](const cancel_run& command) { return obey([&](answer done) { cancel(command, done); }); },
    [this](const listen& command) { return obey([&](answer done) { listen_to(command, done); }); },
    [this](hear_webhook& command) { return hear(command); },
    [this](const successor_listens& command) { successor(command); },
    [this](const replay_dead_letter& command) { return obey([&](answer done) { replay(command, done); }); },
    [this](leave_tenant order) { leave(order); },
    [this](const continuation_ended& report) { ended(report); },
    [this](const continuations_opened& report) { opened(report); },
    [this](const connection_failed& failed) {
      suspend({failed.connection, suspension_reason(failed.reason), failed.run, failed.stream});
    },
    [this](const records_died& report) { died(report); },
    [this](timer_fired fired) {
      if (auto node = delayed.extract(fired.token))
        node.mapped()();
    },
  };
}

template <class Command>
caf::result<void> tenant_supervisor_state::obey(Command act) {
  ++commands;
  if (is_leaving)
    return moves_away();
  auto done = self->make_response_promise<void>();
  act(done);
  return done;
}

// -- work -------------------------------------------------------------------------------------------------------------

void tenant_supervisor_state::open(run_id id, run_kind kind, connection_pointer connection, run_event how) {
  auto [i, is_new] = runs.try_emplace(id);
  if (!is_new)
    return;
  i->second.id = id;
  i->second.kind = kind;
  i->second.connection = std::move(connection);
  const auto& subject = *i->second.connection;
  i->second.shown = enter(services->board, {worker::run, tenant, subject.connection, subject.connection_name});
  i->second.shown.does(doing::waits);
  tell(how, i->second, {}, {});
  count_open_runs(i->second.connection->connection);
  pump(i->second);
}

void tenant_supervisor_state::pump(active_run& run) {
  if (is_leaving) {
    // What ended with its last page has ended; everything else is gone on with elsewhere.
    auto is_over = run.has_ended && run.mining.empty();
    return is_over ? finish(run.id, run.has_failed ? run_phase::incomplete : run_phase::finished) : rest();
  }
  while (!run.ready.empty() && mined < services->miners_per_tenant) {
    auto row = std::move(run.ready.front());
    run.ready.pop_front();
    if (!mine(run, std::move(row)))
      return; // suspended: the run is gone
  }
  if (run.ready.empty() && run.has_more && !run.is_loading)
    return load_more(run);
  auto is_done = run.ready.empty() && run.mining.empty() && !run.has_more && !run.is_loading && run.restarting == 0
                 && run.judging == 0;
  if (!is_done)
    return;
  if (!run.sweeps.empty() && run.last_looks > 0)
    return sweep(run);
  if (run.has_ended)
    return finish(run.id, run.has_failed ? run_phase::incomplete : run_phase::finished);
  look_again(run);
}

void tenant_supervisor_state::look_again(active_run& run) {
  if (run.last_looks == most_last_looks)
    return finish(run.id, run_phase::open);
  ++run.last_looks;
  run.loaded = {};
  run.sweeps.clear(); // they are found again, and nothing else that is open when they begin
  load_more(run);
}

void tenant_supervisor_state::load_more(active_run& run) {
  run.is_loading = true;
  run.has_more = false;
  ++busy;
  self->request(services->keeper, caf::infinite, load_continuations{run.id, run.loaded, load_batch, run.connection})
    .then(
      [this, id = run.id](continuations_loaded& loaded) {
        --busy;
        auto i = runs.find(id);
        if (i == runs.end())
          return rest();
        this->loaded(i->second, std::move(loaded.rows));
      },
      [this, id = run.id](const caf::error& why) {
        --busy;
        auto i = runs.find(id);
        if (i == runs.end())
          return rest();
        if (why == errc::stale_version)
          return changed(i->second.connection->connection);
        if (why != errc::store_unavailable)
          return suspend({i->second.connection->connection, "its open slices cannot be read: " + message_of(why), id});
        later(store_retry, [this, id] {
          if (auto i = runs.find(id); i != runs.end())
            load_more(i->second);
          else
            rest();
        });
      });
}

void tenant_supervisor_state::loaded(active_run& run, std::vector<continuation_row> rows) {
  run.is_loading = false;
  run.has_more = run.has_more || rows.size() == load_batch;
  run.has_ended = run.has_ended || (run.last_looks > 0 && !run.loaded && rows.empty());
  std::set<stream_id> late; // opened by a parent's page after their stream was stopped
  for (auto& row : rows) {
    run.loaded = row.id;
    if (is_stopped(run, row.stream)) {
      late.insert(row.stream);
      continue;
    }
    if (run.last_looks == 0) {
      run.waiting(row).push_back(std::move(row));
      continue;
    }
    // It may be closed or stopped by now, and its miner has gone: only the store can let it go on.
    ++run.restarting;
    restart(run.id, row.id);
  }
  for (auto stream : late)
    stop_stream(run, stream, run.reason);
  pump(run);
}

void tenant_supervisor_state::sweep(active_run& run) {
  while (!run.sweeps.empty() && mined < services->miners_per_tenant) {
    auto row = std::move(run.sweeps.front());
    run.sweeps.pop_front();
    auto stream = run.connection->index_of(row.stream);
    if (stream == run.connection->streams.size())
      return suspend({run.connection->connection,
                      "a full pass belongs to a stream that its source no longer has: cancel its run", run.id});
    miner_job job{services, run.connection, row, static_cast<uint32_t>(stream), tenant_supervisor_actor{self}, {}, {},
                  run.restarts.contains(row.id) ? run.restarts[row.id] : 0};
    adopt(run, self->system().spawn<sweeper>(std::move(job)), std::move(row));
  }
}

bool tenant_supervisor_state::mine(active_run& run, continuation_row row) {
  if (run.mining.count(row.id) > 0 || is_stopped(run, row.stream))
    return true;
  auto stream = run.connection->index_of(row.stream);
  if (stream == run.connection->streams.size()) {
    suspend({run.connection->connection,
             "an open slice belongs to a stream that its source no longer has: reset the connection's state", run.id});
    return false;
  }
  if (standing_of(row) == standing::condemned) {
    suspend({run.connection->connection, reason_for_suspension(*run.connection, stream, row), run.id,
             run.connection->stream(stream).name});
    return false;
  }
  spawn_miner(run, std::move(row), static_cast<uint32_t>(stream));
  return true;
}

void tenant_supervisor_state::spawn_miner(active_run& run, continuation_row row, uint32_t stream) {
  auto miner = services->make_miner(self->system(),
                                    miner_job{services, run.connection, row, stream, tenant_supervisor_actor{self},
                                              credentials_of(run.connection, stream), open_runs[run.connection->connection],
                                              run.restarts.contains(row.id) ? run.restarts[row.id] : 0});
  adopt(run, std::move(miner), std::move(row));
}

void tenant_supervisor_state::adopt(active_run& run, miner_actor miner, continuation_row row) {
  self->monitor(miner);
  run.last_looks = 0;
  auto id = row.id;
  run.mining.emplace(id, child{std::move(miner), std::move(row)});
  ++mined;
}

void tenant_supervisor_state::finish(run_id id, run_phase phase) {
  auto node = runs.extract(id);
  if (!node)
    return;
  const auto& run = node.mapped();
  if (auto event = ending_of(phase))
    tell(*event, run, {}, run.reason);
  count_open_runs(run.connection->connection);
  self->send(scheduler, run_finished{run.connection->connection, id, run.kind, true, phase, run.reason,
                                     run.connection, run.quota_left});
  rest();
}

void tenant_supervisor_state::count_open_runs(connection_id connection) {
  auto& count = open_runs[connection];
  if (!count)
    count = std::make_shared<std::atomic<uint32_t>>(0);
  *count = static_cast<uint32_t>(std::count_if(runs.begin(), runs.end(), [&](const auto& entry) {
    return entry.second.connection->connection == connection;
  }));
}

// -- what miners report -------------------------------------------------------------------------------------------------

void tenant_supervisor_state::ended(const continuation_ended& report) {
  auto i = runs.find(report.run);
  if (i == runs.end())
    return;
  auto child = i->second.mining.extract(report.continuation);
  if (!child)
    return;
  --mined;
  auto& run = i->second;
  run.has_ended = run.has_ended || report.run_ended;
  if (report.quota_left)
    run.quota_left = report.quota_left;
  if (report.phase == continuation_phase::failed) {
    run.has_failed = true;
    run.reason = report.reason;
  }
  pump_all();
}

void tenant_supervisor_state::pump_all() {
  std::vector<run_id> ids;
  for (const auto& [id, run] : runs)
    ids.push_back(id);
  for (auto id : ids)
    if (auto i = runs.find(id); i != runs.end())
      pump(i->second);
}

void tenant_supervisor_state::opened(const continuations_opened& report) {
  auto i = runs.find(report.run);
  if (i == runs.end())
    return;
  LODE_DIE_AT("supervisor.before_children");
  i->second.has_more = true;
  pump(i->second);
}

void tenant_supervisor_state::leave_open(std::optional<connection_id> which, const std::string& reason) {
  stop_miners(which);
  std::erase_if(runs, [&](const auto& entry) {
    const auto& [id, run] = entry;
    auto connection = run.connection->connection;
    if (connection != which.value_or(connection))
      return false;
    tell(run_event::left_open, run, {}, reason);
    self->send(scheduler, run_finished{connection, id, run.kind, true, run_phase::open, reason});
    return true;
  });
  for (const auto& [connection, count] : open_runs)
    count_open_runs(connection);
  pump_all(); // its slots are free
}

void tenant_supervisor_state::stop_miners(std::optional<connection_id> which, const caf::error& reason) {
  for (auto& [id, run] : runs) {
    if (run.connection->connection != which.value_or(run.connection->connection))
      continue;
    for (auto& [continuation, miner] : run.mining)
      self->send_exit(miner.actor, reason);
    mined -= run.mining.size();
    run.mining.clear();
  }
}

credential_keeper_actor tenant_supervisor_state::credentials_of(const connection_pointer& connection, size_t stream) {
  if (!std::holds_alternative<oauth_auth>(connection->stream(stream).requester.authenticator))
    return {};
  auto& keeper = credentials[connection->connection];
  if (!keeper) {
    keeper = self->spawn<credential_keeper>(services, connection, static_cast<uint32_t>(stream));
    self->monitor(keeper);
    keepers.insert(keeper.address());
  }
  return keeper;
}

void tenant_supervisor_state::tell(run_event event, const active_run& run, stream_id stream, const std::string& detail) {
  services->report.happened(event, run.connection->about(run.id, stream), detail);
}

void tenant_supervisor_state::later(std::chrono::nanoseconds delay, std::function<void()> action) {
  if (is_leaving)
    return rest(); // the new owner finds the same in the store
  delayed.emplace(++next_token, std::move(action));
  self->send(services->timers, arm_timer{delay, next_token});
}

void tenant_supervisor_state::rest() {
  if (is_leaving)
    return is_gone() ? self->quit(caf::exit_reason::user_shutdown) : void();
  if (runs.empty() && busy == 0 && delayed.empty() && captures.empty())
    self->send(region, tenant_idle{tenant, commands});
}

} // namespace lode
