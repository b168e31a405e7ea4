#include "actors/extraction/quarantine.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace lode {

quarantine_actor::behavior_type quarantine_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) {
    auto had_turn = !patients.empty() && patients.front().asker == down.source;
    std::erase_if(patients, [&](const patient& each) { return each.asker == down.source; });
    if (had_turn)
      admit_next();
  });
  return {
    [this](const ask_alone& ask) -> caf::result<void> {
      auto asker = self->current_sender();
      self->monitor(asker);
      auto turn = self->make_response_promise<void>();
      patients.push_back({ask.continuation, caf::actor_cast<caf::actor_addr>(asker), turn});
      if (patients.size() == 1)
        admit_next();
      return turn;
    },
    [this](const leave_alone& msg) { leave(msg.continuation); },
  };
}

void quarantine_state::admit_next() {
  if (!patients.empty())
    patients.front().turn.deliver();
}

void quarantine_state::leave(continuation_id continuation) {
  auto i = std::find_if(patients.begin(), patients.end(),
                        [&](const patient& each) { return each.continuation == continuation; });
  if (i == patients.end())
    return;
  auto had_turn = i == patients.begin();
  patients.erase(i);
  if (had_turn)
    admit_next();
}

} // namespace lode
