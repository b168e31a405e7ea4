#include "actors/streaming/gap_keeper.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <vector>

#include "actors/extraction/connection_context.hpp"

namespace lode {

namespace {

caf::result<void> done_or(caf::error&& error) {
  if (error)
    return std::move(error);
  return caf::unit;
}

} // namespace

gap_keeper_state::gap_keeper_state(gap_keeper_actor::pointer self, gap_keeper_parts parts) : self(self), parts(std::move(parts)) {}

gap_keeper_actor::behavior_type gap_keeper_state::make_behavior() {
  self->run_delayed(interval, [this] { self->send(self, wake{}); });
  return {
    [this](const begin_listening& ask) {
      captures[ask.subscription.connection] = {caf::actor_cast<caf::weak_actor_ptr>(self->current_sender()),
                                               settles_within(*ask.connection)};
      return begin(ask);
    },
    [this](const end_listening& ask) {
      proofs.erase(ask.subscription.connection);
      return done_or(parts.gaps->end_listening(ask.subscription, ask.since, ask.reason));
    },
    [this](const hand_over_listening& ask) {
      proofs.erase(ask.subscription.connection);
      return done_or(parts.gaps->hand_over_listening(ask.subscription, parts.now()));
    },
    [this](const health_proof& proof) { proofs.insert_or_assign(proof.connection, proof); },
    [this](const postpone_rechecks& ask) {
      return done_or(parts.gaps->postpone_rechecks(ask.connection, ask.claim, ask.rows, ask.by));
    },
    [this](wake) { work(); },
  };
}

caf::result<gaps_owed> gap_keeper_state::begin(const begin_listening& ask) {
  auto owed = parts.gaps->begin_listening({ask.subscription, ask.connection->edition, ask.now});
  if (!owed)
    return owed.error();
  return gaps_owed{owed->size()};
}

void gap_keeper_state::work() {
  self->run_delayed(interval, [this] { self->send(self, wake{}); });
  parts.tick();
  prove();
  // Where nobody listens there is next to nothing to be found, and asking has its price.
  if (captures.empty() && ++idle_rounds % 30 != 1)
    return;
  request_repairs();
  if (auto counts = parts.gaps->count_live()) {
    parts.report(*counts);
    if (counts->rechecks > 0)
      order_rechecks();
  }
}

void gap_keeper_state::prove() {
  if (proofs.empty())
    return;
  std::vector<health_proof> all;
  for (const auto& [connection, proof] : proofs)
    all.push_back(proof);
  if (parts.gaps->prove_health(all))
    proofs.clear();
}

void gap_keeper_state::request_repairs() {
  const auto now = parts.now();
  auto owed = parts.gaps->owed_repairs(now, repairs_at_once);
  if (!owed)
    return;
  std::erase_if(not_before, [&](const auto& entry) {
    return std::none_of(owed->begin(), owed->end(), [&](const auto& repair) { return repair.connection == entry.first; });
  });
  bool is_any = false;
  for (const auto& repair : *owed) {
    auto wait = std::min<std::chrono::nanoseconds>(first_retry * (1 << std::min(repair.failures, 10)), longest_retry);
    auto [i, is_new] = not_before.try_emplace(repair.connection, repair.failures > 0 ? now + std::chrono::ceil<std::chrono::microseconds>(wait) : now);
    if (now < i->second || !is_ripe(repair, now))
      continue;
    auto asked = parts.runs->request_run(repair.connection, run_kind::repair, now);
    is_any |= asked && asked->answer == request_answer::accepted;
    i->second = now + std::chrono::ceil<std::chrono::microseconds>(wait);
  }
  if (is_any)
    parts.look_for_work();
}

bool gap_keeper_state::is_ripe(const owed_repair& repair, instant now) const {
  auto known = captures.find(repair.connection);
  auto settles = known == captures.end() ? std::chrono::microseconds{std::chrono::minutes{1}} : known->second.settles;
  return now >= repair.span.to + settles || (repair.gaps > 1 && now >= repair.span.from + settles + longest_delay);
}

void gap_keeper_state::order_rechecks() {
  auto due = parts.gaps->connections_to_recheck(repairs_at_once);
  if (!due)
    return;
  for (auto connection : *due) {
    auto i = captures.find(connection);
    if (i == captures.end())
      continue;
    auto alive = i->second.actor.lock();
    if (!alive) {
      captures.erase(i);
      continue;
    }
    if (auto rows = parts.gaps->load_rechecks(connection, std::chrono::microseconds{0}, rechecks_at_once); rows && !rows->empty())
      self->send(caf::actor_cast<capture_actor>(alive), recheck_keys{std::move(*rows)});
  }
}

} // namespace lode
