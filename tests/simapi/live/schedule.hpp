#pragma once

#include "tests/simapi/faults.hpp"
#include "tests/simapi/live/event.hpp"

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace simapi {

using outgoing_events = std::vector<outgoing_event>;

/// Which messages are sent, when, and in which order: the faults of events are decided here. Pure; `now` is any clock in milliseconds.
class delivery_schedule {
public:
  /// Takes an event with the fault that it got. Answers what is sent at once: nothing, the event, others that were held behind it.
  outgoing_events add(const live_event& event, const std::optional<fault>& spoiled, int64_t now);

  /// What is due by now.
  outgoing_events take_due(int64_t now);

  /// Takes one copy of this event, if one waits (a journal says that it was let go).
  outgoing_events take(uint32_t tenant, uint64_t number);

  /// When the next one is due.
  std::optional<int64_t> next_due() const;

  size_t waiting() const { return delayed_.size(); }

private:
  struct delayed {
    outgoing_event what;
    uint32_t behind; // later events of the tenant that still have to pass; 0 = it waits for its time
  };
  using place = std::multimap<int64_t, delayed>::iterator;

  void delay(const outgoing_event& what, int64_t due, uint32_t behind);
  void let_pass(uint32_t tenant, outgoing_events& out);
  void remove(place which);

  std::multimap<int64_t, delayed> delayed_; // by when they are due
  std::unordered_map<uint32_t, std::vector<place>> held_; // by tenant: those with `behind`, oldest first
};

/// How long to wait before the next attempt, `attempts` having failed: doubled each time, up to `most`, half of it at random by `hash`.
int64_t retry_delay(uint32_t attempts, int64_t first, int64_t most, uint64_t hash);

} // namespace simapi
