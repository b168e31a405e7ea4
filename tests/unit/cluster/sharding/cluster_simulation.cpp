#include "tests/unit/cluster/sharding/cluster_simulation.hpp"

namespace lode {

cluster_simulation::node& cluster_simulation::add(const std::string& name) {
  nodes.push_back({});
  nodes.back().name = name;
  return nodes.back();
}

const cluster_simulation::node* cluster_simulation::owner_of(incarnation self) const {
  for (const auto& each : nodes)
    if (each.runs && each.self == self)
      return &each;
  return nullptr;
}

cluster_simulation::trouble cluster_simulation::trouble_of(const node& which, const std::string& call) {
  if (now < outage_until || now < which.cut_until)
    return trouble::unreachable;
  if (call != "owners" && call != "look" && below(100) < lost_answers_percent)
    return below(2) == 0 ? trouble::answer_lost : trouble::unreachable;
  return trouble::none;
}

caf::actor cluster_simulation::spawn_region(node& which) {
  auto* mine = &which;
  return system.spawn([this, mine](caf::event_based_actor* self) -> caf::behavior {
    return {
      [this, mine](const shards_gained& msg) {
        for (const auto& claim : msg.claims) {
          mine->working[claim.shard.value] = claim.epoch.value;
          ++moves;
        }
      },
      [this, mine, self](const vacate_shards& msg) {
        auto keeper = caf::actor_cast<shard_keeper_actor>(self->current_sender());
        std::map<milliseconds, std::vector<shard_id>> parts;
        for (auto shard : msg.shards)
          parts[longest_page.count() == 0 ? milliseconds{0} : milliseconds{below(static_cast<uint32_t>(longest_page.count()))}]
            .push_back(shard);
        for (auto& [after, shards] : parts)
          self->run_delayed(std::min<milliseconds>(after, msg.patience), [mine, keeper, shards] {
            std::vector<shard_id> vacated;
            for (auto shard : shards)
              if (mine->working.erase(shard.value) > 0)
                vacated.push_back(shard);
            caf::anon_send(keeper, shards_vacated{vacated});
          });
      },
      [mine](const shards_lost& msg) {
        for (auto shard : msg.shards)
          mine->working.erase(shard.value);
      },
      [](const shards_leaving&) {},
    };
  });
}

void cluster_simulation::start(node& which) {
  auto* mine = &which;
  which.self = incarnation{next_incarnation++};
  which.runs = true;
  which.drains = false;
  which.began = which.last_beat = now;
  which.back_at = milliseconds{-1};
  which.is_over = std::make_shared<bool>(false);
  model->join(which.name, which.self);
  which.region = spawn_region(which);
  auto line = std::make_shared<model_store::wire>();
  line->next = [this, mine](const std::string& call) { return trouble_of(*mine, call); };
  line->beaten = [this, mine] { mine->last_beat = now; };
  // A node that lives must have had its whole lease.
  line->buried = [this](incarnation dead) {
    if (const auto* victim = owner_of(dead)) {
      EXPECT_GE((now - victim->last_beat).count(), heartbeat::lease.count()) << victim->name << " at " << now.count();
    }
  };
  auto other = caf::actor_cast<run_keeper_actor>(system.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const shards_gained&) {}, [](const shards_leaving&) {}};
  }));
  which.keeper = system.spawn<shard_keeper>(shard_keeper_parts{
    std::make_unique<model_store>(model, line), which.self, std::chrono::seconds{10}, other,
    caf::actor_cast<shard_region_actor>(which.region), caf::actor_cast<scheduler_actor>(other), [](const shard_table_pointer&) {},
    [this, mine] {
      for (auto& peer : nodes)
        if (&peer != mine && peer.runs && below(100) >= lost_hints_percent)
          caf::anon_send(peer.keeper, shards_freed{});
    },
    [mine](size_t owned) { mine->reported = owned; }});
  which.members = system.spawn<membership>(
    membership_parts{std::make_unique<model_store>(model, line), which.self, which.flaps, which.held.get(),
                     [keeper = which.keeper](const view_pointer& view) { caf::anon_send(keeper, view_seen{view}); }});
  caf::actor_cast<caf::abstract_actor*>(which.members)->attach_functor([over = which.is_over](const caf::error& why) {
    *over = why == errc::not_owner;
  });
}

void cluster_simulation::kill(node& which) {
  if (!std::exchange(which.runs, false))
    return;
  which.flaps = now - which.began < std::chrono::minutes{1} ? which.flaps + 1 : 0;
  which.working.clear();
  for (auto& actor : {caf::actor_cast<caf::actor>(which.members), caf::actor_cast<caf::actor>(which.keeper), which.region})
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  run();
}

void cluster_simulation::set_draining(node& which, bool is_draining) {
  which.drains = is_draining;
  caf::anon_send(which.members, lode::set_draining{is_draining});
}

void cluster_simulation::stop_cleanly(node& which) {
  set_draining(which, true);
  for (int i = 0; i < 400 && which.reported > 0 && which.runs; ++i)
    one_step();
  auto flaps = which.flaps;
  auto self = which.self;
  kill(which);
  which.flaps = flaps; // it left by itself
  if (model->find(self)) {
    EXPECT_FALSE((model_store{model, std::make_shared<model_store::wire>()}.leave(self)));
  }
}

void cluster_simulation::one_step() {
  now += step;
  scheduler.advance_time(step);
  run();
  for (auto& each : nodes) {
    if (each.runs && *each.is_over) { // the process lives on with another life
      kill(each);
      start(each);
    }
    if (!each.runs && each.back_at.count() >= 0 && now >= each.back_at && now >= outage_until)
      start(each);
  }
  run();
  check();
}

void cluster_simulation::run_for(milliseconds span) {
  for (auto end = now + span; now < end && !HasFailure();)
    one_step();
}

void cluster_simulation::check() {
  std::map<std::pair<int64_t, int64_t>, std::string> by_epoch;
  std::map<int64_t, std::string> by_shard;
  for (const auto& each : nodes)
    for (auto [shard, epoch] : each.working) {
      auto [i, is_only] = by_epoch.emplace(std::pair{shard, epoch}, each.name);
      ASSERT_TRUE(is_only) << "shard " << shard << " in epoch " << epoch << ": " << i->second << " and " << each.name << " at "
                           << now.count() << " ms";
      auto [k, is_alone] = by_shard.emplace(shard, each.name);
      ASSERT_TRUE(is_alone || !only_planned) << "shard " << shard << ": " << k->second << " and " << each.name << " at "
                                             << now.count() << " ms";
    }
  for (const auto& shard : model->owners) {
    if (by_shard.count(shard.shard.value)) {
      idle_since.erase(shard.shard.value);
      continue;
    }
    auto since = idle_since.emplace(shard.shard.value, now).first->second;
    longest_idle = std::max(longest_idle, now - since + step);
  }
}

bool cluster_simulation::is_settled() const {
  auto due = place(model->shown(), shard_count).owners;
  for (size_t i = 0; i < shard_count; ++i) {
    const auto& shard = model->owners[i];
    if (shard.owner != due[i] || !owner_of(due[i]))
      return false;
    for (const auto& each : nodes) {
      auto at = each.working.find(shard.shard.value);
      auto works = at != each.working.end();
      if (works != (each.runs && each.self == due[i]) || (works && at->second != shard.epoch.value))
        return false;
    }
  }
  return true;
}

std::optional<std::chrono::milliseconds> cluster_simulation::settle_within(milliseconds limit) {
  for (auto begin = now; now - begin <= limit && !HasFailure(); one_step())
    if (is_settled())
      return now - begin;
  return std::nullopt;
}

} // namespace lode
