#include "actors/extraction/quarantine.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

#include "messages/fault_point.hpp"

namespace lode {

namespace {

constexpr uint64_t patience_over = 1;
constexpr uint64_t store_retry = 2;

} // namespace

quarantine_state::quarantine_state(quarantine_actor::pointer self, quarantine_parts parts)
  : self(self), parts(std::move(parts)) {}

quarantine_state::~quarantine_state() {
  store_answers();
}

quarantine_actor::behavior_type quarantine_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) { leave(down.source, false); });
  self->send(parts.timers, arm_timer{parts.patience, patience_over});
  clear();
  return {
    [this](const ask_alone& ask) -> caf::result<void> {
      auto asker = self->current_sender();
      self->monitor(asker);
      auto turn = self->make_response_promise<void>();
      waiting.push_back({ask, caf::actor_cast<caf::actor_addr>(asker), turn});
      admit();
      return turn;
    },
    [this](leave_alone msg) { leave(caf::actor_cast<caf::actor_addr>(self->current_sender()), msg.is_committed); },
    [this](timer_fired fired) { timer(fired.token); },
  };
}

void quarantine_state::admit() {
  if (at != step::open)
    return;
  // Whom fewest deaths speak against comes first: it is most likely innocent, and its page is then safe in the store.
  auto next = std::min_element(waiting.begin(), waiting.end(), [](const patient& left, const patient& right) {
    return left.ask.alone_deaths < right.ask.alone_deaths;
  });
  if (next == waiting.end() || (next->ask.alone_deaths > 0 && !is_patience_over))
    return;
  current = std::move(*next);
  waiting.erase(next);
  hush();
}

void quarantine_state::hush() {
  at = step::hushing;
  loud = parts.processors.size() + parts.writers.size();
  hold(parts.processors);
  hold(parts.writers);
}

template <class Handle>
void quarantine_state::hold(const std::vector<Handle>& actors) {
  // One of them ended: the node's tree ends with it and is built anew.
  for (const auto& actor : actors)
    self->request(actor, caf::infinite, hold_pages{current->ask.continuation})
      .then(
        [this] {
          if (--loud == 0)
            mark();
        },
        [this](caf::error& why) { self->quit(std::move(why)); });
}

void quarantine_state::mark() {
  if (!current)
    return clear();
  at = step::marking;
  tell_store(current->ask.continuation, [this](caf::error why) {
    if (!why)
      return begin_turn();
    if (auto refused = std::exchange(current, std::nullopt))
      refused->turn.deliver(std::move(why));
    clear();
  });
}

void quarantine_state::begin_turn() {
  if (!current)
    return clear();
  LODE_DIE_AT("quarantine.after_mark");
  at = step::alone;
  current->turn.deliver();
}

void quarantine_state::leave(const caf::actor_addr& asker, bool is_committed) {
  self->demonitor(asker);
  std::erase_if(waiting, [&](const patient& each) { return each.asker == asker; });
  if (!current || current->asker != asker)
    return;
  current.reset();
  if (at == step::alone)
    is_committed ? release() : clear();
}

void quarantine_state::clear() {
  at = step::clearing;
  tell_store({}, [this](const caf::error&) { release(); });
}

template <class Then>
void quarantine_state::tell_store(continuation_id alone, Then then) {
  // Before what else the keeper has to do: everybody waits for this.
  self->request<caf::message_priority::high>(parts.keeper, caf::infinite, mark_alone{alone})
    .then([this, then] { store_answers(), then(caf::error{}); },
          [this, then](caf::error& why) {
            if (why == errc::store_unavailable)
              return wait_for_store(message_of(why));
            store_answers();
            then(std::move(why));
          });
}

void quarantine_state::release() {
  at = step::open;
  for (const auto& processor : parts.processors)
    self->send(processor, release_pages{});
  for (const auto& writer : parts.writers)
    self->send(writer, release_pages{});
  admit();
}

void quarantine_state::timer(uint64_t token) {
  if (token == patience_over) {
    is_patience_over = true;
    admit();
  } else if (at == step::marking) {
    mark();
  } else if (at == step::clearing) {
    clear();
  }
}

void quarantine_state::wait_for_store(std::string why) {
  if (std::exchange(is_store_away, true))
    parts.health->explain(std::move(why));
  else
    parts.health->outage_begins(why);
  self->send(parts.timers, arm_timer{std::chrono::seconds{1}, store_retry});
}

void quarantine_state::store_answers() {
  if (std::exchange(is_store_away, false))
    parts.health->outage_ends();
}

} // namespace lode
