// From a change of the world to the queues of those who listen.
#include "tests/simapi/live/hub.hpp"

#include "tests/simapi/simulation.hpp"

#include <algorithm>

namespace simapi {

live_hub::live_hub(simulation& sim) : hooks(sim.config.seed), sim_(sim) {
  sim.world.on_change = [this](const world_change& change) { publish(change); };
}

live_tenant& live_hub::at(uint32_t tenant) {
  auto& found = tenants_[tenant];
  if (found.account.empty())
    found.account = std::to_string(sim_.world.tenants()[tenant].account);
  return found;
}

void live_hub::publish(const world_change& change) {
  auto& whose = at(change.owner->index);
  live_event event{++whose.last, change.owner->index, change.in->kind, change.kind, change.index, change.version, change.at};
  count(whose, &live_counters::events);
  fault_target target{change.owner->name, name_of(change.in->kind), false, false, 0};
  target.is_event = true;
  auto spoiled = sim_.faults.strike(target);
  if (spoiled && spoiled->kind == fault_kind::event_lost)
    count(whose, &live_counters::lost);
  for (const auto& each : schedule_.add(event, spoiled, steady_now()))
    emit(whose, each);
  if (poke && (schedule_.waiting() > 0 || hooks.waiting() > 0))
    poke();
}

void live_hub::emit(live_tenant& whose, const outgoing_event& what) {
  if (sim_.world.tenants()[what.event.tenant].speaks != dialect::graph) {
    count(whose, &live_counters::overflows, hooks.push(what));
    return;
  }
  whose.kept.push_back(what.event);
  while (whose.kept.size() > keep)
    whose.kept.pop_front();
  for (auto* each : whose.connections)
    push(whose, *each, what);
}

void live_hub::push(live_tenant& whose, live_connection& to, const outgoing_event& what) {
  if (to.is_ended || !(to.streams >> static_cast<uint32_t>(what.event.stream) & 1))
    return;
  if (to.waiting.size() >= queue_limit) {
    count(whose, &live_counters::overflows);
    end(whose, to, cut_kind::reset);
    return;
  }
  to.waiting.push_back(what);
  ++queued_;
  wake(to);
}

void live_hub::wake(live_connection& which) {
  if (!which.is_idle)
    return;
  which.is_idle = false;
  which.wake();
}

void live_hub::end(live_tenant& whose, live_connection& which, cut_kind kind) {
  which.is_ended = true;
  queued_ -= which.waiting.size();
  count(whose, &live_counters::dropped, which.waiting.size());
  which.waiting.clear();
  which.cut(kind);
}

void live_hub::run_due() {
  for (const auto& each : schedule_.take_due(steady_now())) {
    std::string entry;
    put(entry, each.event.tenant);
    put(entry, each.event.number);
    sim_.state.append(entry_type::released, entry);
    emit(at(each.event.tenant), each);
  }
  auto now = steady_now();
  std::erase_if(cutters_, [&](const cutter& each) { return each.until > 0 && each.until <= now; });
  for (auto& each : cutters_)
    if (each.next <= now) {
      cut(each);
      each.next = std::max(each.next, now - each.every_ms + 1) + each.every_ms;
    }
}

std::optional<int64_t> live_hub::next_due() const {
  auto first = schedule_.next_due();
  auto take = [&](std::optional<int64_t> other) {
    if (other && (!first || *other < *first))
      first = other;
  };
  take(hooks.next_due());
  for (const auto& each : cutters_)
    take(each.next);
  return first;
}

void live_hub::release(uint32_t tenant, uint64_t number) {
  for (const auto& each : schedule_.take(tenant, number))
    emit(at(tenant), each);
}

size_t live_hub::cut(cutter& by) {
  ++by.rounds;
  size_t done = 0;
  for (auto& [id, each] : connections_) {
    if (each->is_ended || !by.hits(sim_.config.seed, each->who->data->name, id))
      continue;
    auto& whose = at(each->who->data->index);
    count(whose, &live_counters::cut);
    end(whose, *each, by.kind);
    ++done;
  }
  by.cuts += done;
  return done;
}

size_t live_hub::cut_now(cutter by) {
  by.rounds = ++cuts_now_; // so that the same order once more hits others
  return cut(by);
}

uint32_t live_hub::add_cutter(cutter made) {
  made.id = ++last_cutter_;
  made.next = steady_now() + made.every_ms;
  cutters_.push_back(std::move(made));
  if (poke)
    poke();
  return last_cutter_;
}

} // namespace simapi
