#include "actors/scheduling/scheduler.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>

#include "messages/fault_point.hpp"
#include "runtime/storage/shard_hash.hpp"

namespace lode {

scheduler_state::scheduler_state(scheduler_actor::pointer self, timers_actor timers, run_keeper_actor keeper,
                                 shard_region_actor region, scheduler_settings settings, std::function<instant()> now,
                                 std::function<void(int64_t)> report_open)
  : self(self),
    timers(std::move(timers)),
    keeper(std::move(keeper)),
    region(std::move(region)),
    settings(settings),
    now(std::move(now)),
    report_open(std::move(report_open)),
    starts(settings.starts_per_second, settings.tick),
    resumes(settings.resumes_per_second, settings.tick) {}

scheduler_actor::behavior_type scheduler_state::make_behavior() {
  compared = self->clock().now();
  self->send(self, timer_fired{token});
  return {
    [this](wake) { look(); },
    [this](timer_fired fired) {
      if (fired.token != token)
        return;
      look();
      self->send(timers, arm_timer{settings.tick, ++token});
    },
    [this](const run_begun& msg) {
      if (!is_mine(msg.tenant))
        return;
      starting.erase(msg.connection);
      open[msg.run] = {msg.tenant, msg.connection};
      report_open(static_cast<int64_t>(open.size()));
    },
    [this](const run_finished& msg) {
      starting.erase(msg.connection);
      open.erase(msg.run);
      report_open(static_cast<int64_t>(open.size()));
      give_feedback(msg);
    },
    [this](const tenant_lost& msg) { lost(msg); },
    [this](const shards_gained& msg) { gained(msg); },
    [this](const shards_leaving& msg) { leaving(msg); },
  };
}

void scheduler_state::look() {
  if (LODE_FAULT("scheduler.starts_nothing"))
    return;
  if (!unread.empty())
    load_open();
  else if (!unheard.empty())
    load_live({unheard.begin(), unheard.end()});
  else if (self->clock().now() - compared >= settings.compare_every)
    compare();
  resume_some();
  listen_some();
  load_due_runs();
}

void scheduler_state::give_feedback(const run_finished& run) {
  bool is_over = run.phase == run_phase::finished || run.phase == run_phase::incomplete;
  if (!run.context || !is_over || run.kind != run_kind::scheduled)
    return;
  // A word that is lost leaves the interval as it is.
  self->request(keeper, caf::infinite, adjust_pace{run.context, run.run, run.quota_left}).then([] {}, [](const caf::error&) {});
}

void scheduler_state::load_open() {
  if (std::exchange(is_asking, true))
    return;
  std::vector<shard_id> asked{unread.begin(), unread.end()};
  self->request(keeper, caf::infinite, load_open_runs{{}, {}, asked})
    .then(
      [this, asked](open_runs_loaded& loaded) {
        is_asking = false;
        for (auto shard : asked)
          unread.erase(shard);
        resume(std::move(loaded.runs));
        look();
      },
      [this](const caf::error&) { is_asking = false; });
}

void scheduler_state::compare() {
  if (std::exchange(is_asking, true))
    return;
  self->request(keeper, caf::infinite, load_open_runs{})
    .then(
      [this](open_runs_loaded& loaded) {
        is_asking = false;
        compared = self->clock().now();
        resume(std::move(loaded.runs));
        load_live({}); // of sources that got a live side meanwhile
      },
      [this](const caf::error&) { is_asking = false; });
}

/// Those that are not on their way already, latest first.
void scheduler_state::resume(std::vector<open_run> runs) {
  std::set<run_id> known;
  for (const auto& run : to_resume)
    known.insert(run.run);
  std::erase_if(runs, [&](const open_run& run) {
    return !shards.contains(run.shard) || open.contains(run.run) || starting.contains(run.connection) || known.contains(run.run);
  });
  to_resume.insert(to_resume.end(), runs.begin(), runs.end());
  std::sort(to_resume.begin(), to_resume.end(), [](const auto& a, const auto& b) { return a.run > b.run; });
}

void scheduler_state::gained(const shards_gained& msg) {
  for (const auto& claim : msg.claims)
    if (shards.insert(claim.shard).second) {
      unread.insert(claim.shard);
      unheard.insert(claim.shard);
    }
  look();
}

void scheduler_state::leaving(const shards_leaving& msg) {
  for (auto shard : msg.shards) {
    shards.erase(shard);
    unread.erase(shard);
    unheard.erase(shard);
  }
  std::erase_if(to_listen, [&](const live_connection& each) { return !shards.contains(each.shard); });
  std::erase_if(starting, [&](const auto& entry) { return !is_mine(entry.second); });
  std::erase_if(open, [&](const auto& entry) { return !is_mine(entry.second.tenant); });
  std::erase_if(to_resume, [&](const open_run& run) { return !shards.contains(run.shard); });
  std::erase_if(budgets, [&](const auto& entry) { return !is_mine(entry.first); });
  report_open(static_cast<int64_t>(open.size()));
}

bool scheduler_state::is_mine(tenant_id tenant) const {
  return shards.contains(shard_of(tenant));
}

void scheduler_state::resume_some() {
  for (auto n = resumes.room(self->clock().now()); n > 0 && !to_resume.empty(); --n) {
    resumes.take(1);
    auto run = to_resume.front();
    to_resume.pop_front();
    self->send(region, tenant_command{run.tenant, resume_run{run}});
  }
}

void scheduler_state::load_live(std::vector<shard_id> asked) {
  if (std::exchange(is_asking, true))
    return;
  self->request(keeper, caf::infinite, load_live_connections{asked})
    .then(
      [this, asked](const live_connections_loaded& loaded) {
        is_asking = false;
        for (auto shard : asked)
          unheard.erase(shard);
        to_listen.insert(to_listen.end(), loaded.connections.begin(), loaded.connections.end());
        look();
      },
      [this](const caf::error&) { is_asking = false; });
}

/// Within the same rate as runs that are resumed: a socket is no cheaper than a first page.
void scheduler_state::listen_some() {
  for (auto n = resumes.room(self->clock().now()); n > 0 && !to_listen.empty(); --n) {
    resumes.take(1);
    auto next = to_listen.front();
    to_listen.pop_front();
    self->send(region, tenant_command{next.tenant, listen{next.connection}});
  }
}

void scheduler_state::load_due_runs() {
  auto busy = open.size() + starting.size() + to_resume.size();
  if (busy >= settings.max_open_runs || is_asking || !unread.empty() || shards.empty())
    return;
  auto room = std::min(settings.max_open_runs - busy, starts.room(self->clock().now()));
  if (room == 0)
    return;
  is_asking = true;
  // What is starting is still due in the store: it is asked for on top and left out below.
  self->request(keeper, caf::infinite, load_due{now(), static_cast<uint32_t>(room + starting.size())})
    .then(
      [this, room](const due_loaded& loaded) {
        is_asking = false;
        start(loaded.connections, room);
      },
      [this](const caf::error&) { is_asking = false; });
}

void scheduler_state::start(const std::vector<due_connection>& due, size_t room) {
  for (const auto& connection : due) {
    if (room == 0)
      return;
    if (!shards.contains(connection.shard) || !starting.emplace(connection.connection, connection.tenant).second)
      continue;
    --room;
    starts.take(1);
    self->send(region, tenant_command{connection.tenant, begin_run{connection.connection, connection.kind, connection.due}});
  }
}

void scheduler_state::lost(const tenant_lost& msg) {
  if (!is_mine(msg.tenant))
    return;
  std::set<connection_id> running;
  for (const auto& [connection, tenant] : starting)
    if (tenant == msg.tenant)
      running.insert(connection);
  for (const auto& [run, owner] : open)
    if (owner.tenant == msg.tenant)
      running.insert(owner.connection);
  std::erase_if(starting, [&](const auto& entry) { return entry.second == msg.tenant; });
  std::erase_if(open, [&](const auto& entry) { return entry.second.tenant == msg.tenant; });
  report_open(static_cast<int64_t>(open.size()));
  auto wait = budgets.try_emplace(msg.tenant, settings.tenants).first->second.spend(self->clock().now());
  if (wait) {
    self->run_delayed(*wait, [this, tenant = msg.tenant] { resume_tenant(tenant); });
    return;
  }
  for (auto connection : running)
    suspend(connection, "its supervisor failed again and again: " + msg.reason);
}

void scheduler_state::resume_tenant(tenant_id tenant) {
  self->request(keeper, caf::infinite, load_open_runs{tenant, std::nullopt})
    .then([this](open_runs_loaded& loaded) { resume(std::move(loaded.runs)); },
          [this, tenant](const caf::error&) { self->run_delayed(settings.tick, [this, tenant] { resume_tenant(tenant); }); });
}

void scheduler_state::suspend(connection_id connection, const std::string& reason) {
  self->request(keeper, caf::infinite, suspend_connection{connection, reason})
    .then([] {},
          [this, connection, reason](const caf::error& why) {
            if (why == errc::store_unavailable)
              self->run_delayed(settings.tick, [this, connection, reason] { suspend(connection, reason); });
          });
}

} // namespace lode
