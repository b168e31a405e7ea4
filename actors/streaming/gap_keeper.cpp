#include "actors/streaming/gap_keeper.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <vector>

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/webhook.hpp"

namespace lode {

namespace {

caf::result<void> done_or(caf::error&& error) {
  if (error)
    return std::move(error);
  return caf::unit;
}

/// Of the live side that is listened to; null: it is none.
const webhook_settings* webhook_of(const connection_context& connection) {
  for (size_t side = 0; side < connection.live.size(); ++side)
    if (connection.live[side])
      if (const auto* hook = std::get_if<webhook_settings>(&connection.plan->live[side].typed))
        return hook;
  return nullptr;
}

std::optional<std::chrono::microseconds> sweep_interval(const connection_context& connection) {
  const auto* hook = webhook_of(connection);
  return hook && hook->sweep_every ? std::optional<std::chrono::microseconds>{*hook->sweep_every} : std::nullopt;
}

} // namespace

gap_keeper_state::gap_keeper_state(gap_keeper_actor::pointer self, gap_keeper_parts parts) : self(self), parts(std::move(parts)) {}

gap_keeper_actor::behavior_type gap_keeper_state::make_behavior() {
  self->run_delayed(interval, [this] { self->send(self, wake{}); });
  return {
    [this](const begin_listening& ask) {
      captures[ask.subscription.connection] = {caf::actor_cast<caf::weak_actor_ptr>(self->current_sender()),
                                               settles_within(*ask.connection), sweep_interval(*ask.connection), {}};
      return begin(ask);
    },
    [this](const end_listening& ask) {
      proofs.erase(ask.subscription.connection);
      return done_or(parts.gaps->end_listening(ask.subscription, ask.since, ask.reason));
    },
    [this](const hand_over_listening& ask) {
      proofs.erase(ask.subscription.connection);
      return done_or(parts.gaps->hand_over_listening(ask.subscription, ask.successor, ask.until));
    },
    [this](const health_proof& proof) { proofs.insert_or_assign(proof.connection, proof); },
    [this](const postpone_rechecks& ask) {
      return done_or(parts.gaps->postpone_rechecks(ask.connection, ask.claim, ask.rows, ask.by, ask.reason));
    },
    [this](wake) { work(); },
  };
}

caf::result<gaps_owed> gap_keeper_state::begin(const begin_listening& ask) {
  listening_start start{ask.subscription, ask.connection->edition, ask.now, {}};
  if (const auto* hook = webhook_of(*ask.connection)) {
    auto account = account_of(*hook, ask.connection->config, parts.now());
    if (!account)
      return account.error();
    start.account = std::move(*account);
  }
  auto owed = parts.gaps->begin_listening(start);
  if (!owed)
    return owed.error();
  return gaps_owed{owed->size()};
}

void gap_keeper_state::work() {
  self->run_delayed(interval, [this] { self->send(self, wake{}); });
  parts.tick();
  prove();
  std::erase_if(captures, [](const auto& entry) { return !entry.second.actor.lock(); });
  // Where nobody listens there is next to nothing to be found, and asking has its price.
  if (captures.empty() && ++idle_rounds % 30 != 1)
    return;
  sweep();
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
  std::erase_if(retries, [&](const auto& entry) {
    return std::none_of(owed->begin(), owed->end(), [&](const auto& repair) { return repair.connection == entry.first; });
  });
  bool is_any = false;
  for (const auto& repair : *owed) {
    const auto wait = std::min<std::chrono::microseconds>(first_retry * (1 << std::clamp(repair.failures - 1, 0, 10)), longest_retry);
    auto& retry = retries.try_emplace(repair.connection, repair_retry{0, now}).first->second;
    if (repair.failures > retry.failures)
      retry.not_before = now + wait;
    retry.failures = repair.failures;
    if (now < retry.not_before || !is_ripe(repair, now))
      continue;
    auto asked = parts.runs->request_run(repair.connection, run_kind::repair, now);
    is_any |= asked && asked->answer == request_answer::accepted;
    retry.not_before = now + wait;
  }
  if (is_any)
    parts.look_for_work();
}

bool gap_keeper_state::is_ripe(const owed_repair& repair, instant now) const {
  auto known = captures.find(repair.connection);
  auto settles = known == captures.end() ? std::chrono::microseconds{std::chrono::minutes{1}} : known->second.settles;
  return now >= repair.span.to + settles || (repair.gaps > 1 && now >= repair.first_end + settles + longest_delay);
}

/// A loss of a webhook shows nowhere: now and then all that came since the last time is read again.
void gap_keeper_state::sweep() {
  const auto now = parts.now();
  std::vector<sweep_order> orders;
  for (const auto& [connection, known] : captures)
    if (known.sweep_every && now >= known.next_sweep)
      orders.push_back({connection, *known.sweep_every, now - known.settles});
  if (orders.empty())
    return;
  auto swept = parts.gaps->sweep(orders);
  if (!swept)
    return;
  for (const auto& each : *swept)
    if (auto known = captures.find(each.connection); known != captures.end() && known->second.sweep_every)
      known->second.next_sweep = each.until + *known->second.sweep_every + known->second.settles;
}

void gap_keeper_state::order_rechecks() {
  for (auto connection : connections_to_recheck()) {
    auto alive = captures.at(connection).actor.lock();
    if (!alive)
      continue;
    if (auto rows = parts.gaps->load_rechecks(connection, std::chrono::microseconds{0}, rechecks_at_once); rows && !rows->empty())
      self->send(caf::actor_cast<capture_actor>(alive), recheck_keys{std::move(*rows)});
  }
}

/// Those that nobody listens to at the moment keep no others waiting.
std::vector<connection_id> gap_keeper_state::connections_to_recheck() {
  for (size_t limit = repairs_at_once;; limit *= 4) {
    auto due = parts.gaps->connections_to_recheck(limit);
    if (!due)
      return {};
    const auto is_all = due->size() < limit;
    std::erase_if(*due, [&](auto connection) { return !captures.contains(connection); });
    if (!is_all && due->size() < repairs_at_once)
      continue;
    due->resize(std::min(due->size(), repairs_at_once));
    return std::move(*due);
  }
}

} // namespace lode
