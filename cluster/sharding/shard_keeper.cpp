#include "cluster/sharding/shard_keeper.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace lode {

namespace {

constexpr std::chrono::milliseconds after_failure{500};

} // namespace

shard_keeper_state::shard_keeper_state(shard_keeper_actor::pointer self, shard_keeper_parts parts)
  : self(self), parts(std::move(parts)), plan(this->parts.self) {}

shard_keeper_actor::behavior_type shard_keeper_state::make_behavior() {
  self->send(self, wake{});
  return {
    [this](wake) { work(); },
    [this](const view_seen& msg) {
      plan.saw(msg.view, self->clock().now());
      work();
    },
    [this](const shards_vacated& msg) {
      plan.vacated(msg.shards);
      if (!std::exchange(is_gathering, true))
        self->run_delayed(std::chrono::seconds{0}, [this] {
          is_gathering = false;
          if (release())
            act();
          show();
          arm();
        });
    },
    [this](shards_freed) {
      next_read = std::min(next_read, plan.read_when_freed(last_read));
      arm();
    },
  };
}

void shard_keeper_state::work() {
  if (read() && release())
    act();
  show();
  arm();
}

bool shard_keeper_state::read() {
  auto now = self->clock().now();
  auto owners = parts.store->owners();
  if (!owners) {
    failed(owners.error());
    return false;
  }
  last_read = now;
  next_read = time_point::max();
  auto seen = plan.read(*owners);
  tell_lost(seen.lost);
  tell_gained(seen.gained);
  if (!seen.released.empty())
    parts.tell_freed();
  return true;
}

void shard_keeper_state::act() {
  // Every round claims what the one before did not; one that gets nothing is the last.
  for (bool goes_on = true; goes_on;) {
    auto step = plan.next(self->clock().now());
    vacate(step.vacate);
    goes_on = !step.claim.empty() && claim(step);
  }
}

bool shard_keeper_state::claim(const shard_plan::step& step) {
  auto claims = parts.store->claim(parts.self, step.view, step.claim);
  if (!claims) {
    failed(claims.error());
    return false;
  }
  auto fresh = plan.claimed(*claims);
  tell_gained(fresh);
  // Others were asked for that somebody else owns: the next reading shows who.
  return fresh.size() == step.claim.size();
}

void shard_keeper_state::vacate(const std::vector<shard_id>& shards) {
  if (shards.empty())
    return;
  self->send(parts.keeper, shards_leaving{shards});
  self->send(parts.scheduler, shards_leaving{shards});
  self->send(parts.region, vacate_shards{shards, parts.drain_timeout, parts.for_successor});
}

bool shard_keeper_state::release() {
  auto shards = plan.to_release();
  if (shards.empty())
    return true;
  if (auto why = parts.store->release(parts.self, shards)) {
    failed(why);
    return false;
  }
  plan.released(shards);
  parts.tell_freed();
  return true;
}

void shard_keeper_state::tell_gained(const std::vector<shard_claim>& claims) {
  if (claims.empty())
    return;
  // In this order: nothing is asked for that cannot be answered yet.
  self->send(parts.keeper, shards_gained{claims});
  self->send(parts.region, shards_gained{claims});
  self->send(parts.scheduler, shards_gained{claims});
}

void shard_keeper_state::tell_lost(const std::vector<shard_id>& shards) {
  if (shards.empty())
    return;
  self->send(parts.keeper, shards_leaving{shards});
  self->send(parts.scheduler, shards_leaving{shards});
  self->send(parts.region, shards_lost{shards});
}

void shard_keeper_state::show() {
  if (reported != plan.owned()) {
    reported = plan.owned();
    parts.report_owned(reported);
  }
  if (auto now = plan.coming(); now != coming) {
    coming = std::move(now);
    parts.tell_coming(coming);
  }
  if (plan.owners().empty() || (shown && shown->owners == plan.owners()))
    return;
  shown = std::make_shared<const shard_table>(shard_table{plan.owners()});
  parts.publish(shown);
}

void shard_keeper_state::failed(const caf::error& why) {
  not_before = self->clock().now() + after_failure;
  next_read = not_before;
  if (why == errc::stale_version) // another view is on its way
    return;
  if (why == errc::conflict) // the store is in doubt until somebody repairs it: what is owned goes on
    return parts.report_trouble(why);
  if (disposition_of(why) == disposition::wait)
    return;
  has_ended = true;
  self->quit(why);
}

void shard_keeper_state::arm() {
  alarm.dispose();
  if (has_ended)
    return;
  auto next = std::max(not_before, std::min(next_read, plan.read_at(last_read)));
  alarm = self->run_delayed(std::max(next - self->clock().now(), time_point::duration{0}), [this] { work(); });
}

} // namespace lode
