#include "actors/supervision/timers.hpp"

#include <caf/all.hpp>

namespace lode {

timers_actor::behavior_type timers_state::make_behavior() {
  tick();
  return {
    [this](const arm_timer& ask) {
      if (auto client = self->current_sender())
        slots[current_slot() + ask.delay / slot + 1].push_back({caf::actor_cast<caf::weak_actor_ptr>(client), ask.token});
    },
  };
}

int64_t timers_state::current_slot() const {
  return self->clock().now().time_since_epoch() / slot;
}

void timers_state::tick() {
  self->run_delayed(slot, [this] {
    fire_due();
    tick();
  });
}

void timers_state::fire_due() {
  auto now = current_slot();
  for (auto i = slots.begin(); i != slots.end() && i->first <= now; i = slots.erase(i))
    for (const auto& due : i->second)
      if (auto client = due.client.lock())
        caf::anon_send(caf::actor_cast<timer_client_actor>(client), timer_fired{due.token});
}

} // namespace lode
