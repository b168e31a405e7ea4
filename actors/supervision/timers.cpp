#include "actors/supervision/timers.hpp"

#include <caf/all.hpp>

namespace lode {

timers_actor::behavior_type timers_state::make_behavior() {
  return {
    [this](const arm_timer& ask) {
      if (auto client = self->current_sender())
        slots[current_slot() + ask.delay / slot + 1].push_back({caf::actor_cast<caf::weak_actor_ptr>(client), ask.token});
      wake_up();
    },
  };
}

int64_t timers_state::current_slot() const {
  return self->clock().now().time_since_epoch() / slot;
}

void timers_state::wake_up() {
  if (slots.empty() || slots.begin()->first >= armed_for)
    return;
  waker.dispose();
  armed_for = slots.begin()->first;
  waker = self->run_delayed(time_point{armed_for * slot} - self->clock().now(), [this] {
    armed_for = never;
    fire_due();
    wake_up();
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
