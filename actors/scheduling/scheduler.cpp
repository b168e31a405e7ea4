#include "actors/scheduling/scheduler.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>

#include "messages/fault_point.hpp"

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
    [](const shards_gained&) {},
    [](const shards_leaving&) {},
  };
}

void scheduler_state::look() {
  if (LODE_FAULT("scheduler.starts_nothing"))
    return;
  if (!is_recovered)
    return load_open();
  resume_some();
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
  self->request(keeper, caf::infinite, load_open_runs{})
    .then(
      [this](open_runs_loaded& loaded) {
        is_asking = false;
        is_recovered = true;
        std::sort(loaded.runs.begin(), loaded.runs.end(), [](const auto& a, const auto& b) { return a.run > b.run; });
        to_resume.assign(loaded.runs.begin(), loaded.runs.end());
        look();
      },
      [this](const caf::error&) { is_asking = false; });
}

void scheduler_state::resume_some() {
  for (auto n = resumes.room(self->clock().now()); n > 0 && !to_resume.empty(); --n) {
    resumes.take(1);
    auto run = to_resume.front();
    to_resume.pop_front();
    self->send(region, tenant_command{run.tenant, resume_run{run}});
  }
}

void scheduler_state::load_due_runs() {
  auto busy = open.size() + starting.size() + to_resume.size();
  if (busy >= settings.max_open_runs || is_asking)
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
    if (!starting.emplace(connection.connection, connection.tenant).second)
      continue;
    --room;
    starts.take(1);
    self->send(region, tenant_command{connection.tenant, begin_run{connection.connection, connection.kind, connection.due}});
  }
}

void scheduler_state::lost(const tenant_lost& msg) {
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
    .then([this](const open_runs_loaded& loaded) { to_resume.insert(to_resume.end(), loaded.runs.begin(), loaded.runs.end()); },
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
