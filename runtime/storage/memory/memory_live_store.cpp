#include <algorithm>
#include <tuple>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;
using standing = state::listener_state;

caf::error no_answer() {
  return store_error(errc::store_unavailable, "injected: the store does not answer");
}

gap_row make_gap(connection_id connection, instant from, std::optional<instant> until, const std::string& reason, bool is_first = false) {
  gap_row out;
  out.connection = connection;
  out.from = from;
  out.until = until;
  out.reason = reason;
  out.is_first = is_first;
  return out;
}

class memory_live_store final : public live_store {
public:
  memory_live_store(std::shared_ptr<state> db, incarnation self) : db_(std::move(db)), self_(self), session_(db_, self) {}

  caf::expected<std::vector<gap_row>> begin_listening(const listening_start& start) override;
  caf::error end_listening(const live_subscription& subscription, instant since, const std::string& reason) override;
  caf::error hand_over_listening(const live_subscription& subscription, int64_t successor, instant until) override;
  caf::expected<std::vector<swept_listener>> sweep(std::span<const sweep_order> orders) override;
  caf::expected<int64_t> prove_health(std::span<const health_proof> proofs) override;
  caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, size_t limit) override;
  caf::expected<std::vector<owed_repair>> owed_repairs(instant now, size_t limit) override;
  caf::expected<std::optional<owed_repair>> owed_repair_of(connection_id connection) override;
  caf::expected<live_counts> count_live() override;
  caf::expected<std::vector<connection_id>> connections_to_recheck(size_t limit) override;
  caf::expected<std::vector<recheck_row>> load_rechecks(connection_id connection, std::chrono::microseconds within,
                                                        size_t limit) override;
  caf::error postpone_rechecks(connection_id connection, const shard_claim& claim, std::span<const recheck_row> rows,
                               std::chrono::microseconds by, const std::string& reason) override;

private:
  caf::error check(connection_id connection, const shard_claim& claim) const;
  caf::error check_start(const listening_start& start) const;
  bool owns(connection_id connection) const {
    auto found = db_->connections.find(connection);
    return found != db_->connections.end() && db_->shards.at(found->second.row.shard).owner == self_;
  }
  state::listener_row* listener_of(const live_subscription& subscription);
  void end_gap(connection_id connection, instant now);
  static bool is_handed_to(const listening_start& start, const state::listener_row& former);
  void add_missed(const listening_start& start, const state::listener_row* former);
  bool waits_for_run(const gap_row& gap, instant now) const;
  static void add(std::vector<owed_repair>& to, const gap_row& gap, const connection_row& connection);

  std::shared_ptr<state> db_;
  incarnation self_;
  memory_session session_;
};

caf::error memory_live_store::check(connection_id connection, const shard_claim& claim) const {
  const auto shard = db_->shards.find(claim.shard);
  if (shard == db_->shards.end() || shard->second.owner != self_ || shard->second.epoch != claim.epoch)
    return store_error(errc::not_owner, "shard " + to_string(claim.shard) + " is not owned by this node");
  auto found = db_->connections.find(connection);
  if (found == db_->connections.end() || found->second.row.shard != claim.shard || found->second.row.state == activity::deleting)
    return store_error(errc::not_found, "there is no connection " + to_string(connection));
  return {};
}

caf::error memory_live_store::check_start(const listening_start& start) const {
  const auto connection = start.subscription.connection;
  if (auto error = check(connection, start.subscription.claim))
    return error;
  const auto& row = db_->connections.at(connection).row;
  if (!db_->is_active(connection))
    return store_error(errc::conflict, "connection " + row.name + " or its tenant is not active");
  if (row.edition != start.edition)
    return store_error(errc::stale_version, "connection " + row.name + " has edition " + std::to_string(row.edition) + ", not "
                                              + std::to_string(start.edition));
  return {};
}

/// Of this subscription, or none.
state::listener_row* memory_live_store::listener_of(const live_subscription& subscription) {
  auto found = db_->listeners.find(subscription.connection);
  return found == db_->listeners.end() || found->second.subscription.id != subscription.id ? nullptr : &found->second;
}

void memory_live_store::end_gap(connection_id connection, instant now) {
  for (auto& [id, gap] : db_->gaps)
    if (gap.row.connection == connection && !gap.row.until)
      std::tie(gap.row.from, gap.row.until) = std::tuple{std::min(gap.row.from, now), std::max(gap.row.from, now)};
}

bool memory_live_store::is_handed_to(const listening_start& start, const state::listener_row& former) {
  return former.standing == standing::handed_over && former.edition == start.edition && former.successor == start.subscription.id;
}

void memory_live_store::add_missed(const listening_start& start, const state::listener_row* former) {
  const auto connection = start.subscription.connection;
  if (former == nullptr || former->edition != start.edition) {
    const auto known = db_->known_until(connection).value_or(instant{});
    db_->add_gap(make_gap(connection, std::min(known, start.now), start.now,
                          former == nullptr ? "nobody listened before" : "the connection was changed", true));
    return;
  }
  if (former->standing == standing::silent || is_handed_to(start, *former))
    return;
  db_->add_gap(make_gap(connection, std::min(former->healthy_until, start.now), std::max(former->healthy_until, start.now),
                        former->standing == standing::listening ? "the listener before ended without a word" : "nobody took over"));
}

caf::expected<std::vector<gap_row>> memory_live_store::begin_listening(const listening_start& start) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check_start(start))
    return error;
  const auto connection = start.subscription.connection;
  auto found = db_->listeners.find(connection);
  const auto* former = found == db_->listeners.end() ? nullptr : &found->second;
  const bool is_repeated = former != nullptr && former->standing == standing::listening
                           && former->subscription.id == start.subscription.id
                           && former->subscription.claim.epoch == start.subscription.claim.epoch;
  if (!is_repeated) {
    end_gap(connection, start.now);
    add_missed(start, former);
    const bool is_handed = former != nullptr && is_handed_to(start, *former);
    const bool is_same = former != nullptr && former->edition == start.edition;
    db_->listeners[connection] = {start.subscription,
                                  start.edition,
                                  is_handed ? former->healthy_until : start.now,
                                  standing::listening,
                                  0,
                                  db_->connections.at(connection).row.source,
                                  start.account,
                                  is_same ? former->swept_until : start.now,
                                  former == nullptr ? 0 : former->sweep_gap,
                                  is_handed ? former->since : start.now};
  }
  std::vector<gap_row> out;
  for (const auto& [id, gap] : db_->gaps)
    if (gap.row.connection == connection && !gap.row.repair && out.size() < most_gaps)
      out.push_back(db_->shown(gap));
  return out;
}

caf::error memory_live_store::end_listening(const live_subscription& subscription, instant since, const std::string& reason) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check(subscription.connection, subscription.claim))
    return error;
  auto* row = listener_of(subscription);
  if (row == nullptr)
    return {};
  if (row->standing == standing::listening) {
    row->standing = standing::silent;
    db_->add_gap(make_gap(subscription.connection, std::min(since, row->healthy_until), std::nullopt, reason));
  } else if (row->standing == standing::silent) {
    for (auto& [id, gap] : db_->gaps)
      if (gap.row.connection == subscription.connection && !gap.row.until)
        gap.row.from = std::min(gap.row.from, since);
  }
  return {};
}

caf::error memory_live_store::hand_over_listening(const live_subscription& subscription, int64_t successor, instant until) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check(subscription.connection, subscription.claim))
    return error;
  if (auto* row = listener_of(subscription); row != nullptr && row->standing == standing::listening) {
    row->standing = standing::handed_over;
    row->successor = successor;
    row->healthy_until = std::max(row->healthy_until, until);
  }
  return {};
}

caf::expected<std::vector<swept_listener>> memory_live_store::sweep(std::span<const sweep_order> orders) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<swept_listener> out;
  for (const auto& order : orders) {
    auto found = db_->listeners.find(order.connection);
    if (found == db_->listeners.end())
      continue;
    auto& row = found->second;
    const auto& connection = db_->connections.at(order.connection).row;
    auto earlier = db_->gaps.find(row.sweep_gap);
    const auto state = earlier == db_->gaps.end() ? gap_state::closed : db_->shown(earlier->second).state;
    const bool is_swept = state == gap_state::closed || state == gap_state::unverified;
    const auto& shard = db_->shards.at(row.subscription.claim.shard);
    if (row.standing == standing::listening && shard.owner == self_ && shard.epoch == row.subscription.claim.epoch
        && connection.state == activity::active && connection.edition == row.edition && is_swept
        && order.until - row.swept_until >= order.every) {
      row.sweep_gap = db_->add_gap(make_gap(order.connection, row.swept_until, order.until, sweep_reason));
      row.swept_until = order.until;
    }
    out.push_back({order.connection, row.swept_until});
  }
  return out;
}

caf::expected<int64_t> memory_live_store::prove_health(std::span<const health_proof> proofs) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  int64_t proven = 0;
  for (const auto& proof : proofs) {
    auto* row = listener_of({proof.connection, {}, proof.subscription});
    if (row == nullptr || row->standing != standing::listening || !owns(proof.connection)
        || db_->shards.at(row->subscription.claim.shard).epoch != row->subscription.claim.epoch)
      continue;
    row->healthy_until = std::max(row->healthy_until, proof.until);
    ++proven;
  }
  return proven;
}

caf::expected<std::vector<gap_row>> memory_live_store::list_gaps(connection_id connection, size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<gap_row> out;
  for (auto gap = db_->gaps.rbegin(); gap != db_->gaps.rend() && out.size() < limit; ++gap)
    if (gap->second.row.connection == connection)
      out.push_back(db_->shown(gap->second));
  return out;
}

/// Of the gaps of one connection.
void memory_live_store::add(std::vector<owed_repair>& to, const gap_row& gap, const connection_row& connection) {
  auto found = std::ranges::find(to, gap.connection, &owed_repair::connection);
  if (found == to.end())
    found = to.insert(found, owed_repair{gap.connection, connection.tenant, connection.shard, {gap.from, *gap.until}, 0, 0, *gap.until});
  found->first_end = std::min(found->first_end, *gap.until);
  found->span = {std::min(found->span.from, gap.from), std::max(found->span.to, *gap.until)};
  found->failures = std::max(found->failures, gap.failures);
  ++found->gaps;
}

bool memory_live_store::waits_for_run(const gap_row& gap, instant now) const {
  const auto connection = gap.connection;
  if (db_->open_run(connection, run_kind::repair) != nullptr)
    return true;
  if (!gap.is_first)
    return false;
  constexpr std::array whole{run_kind::scheduled, run_kind::manual, run_kind::full};
  if (std::ranges::any_of(whole, [&](run_kind kind) {
        return db_->open_run(connection, kind) != nullptr || db_->requested.contains({connection, kind});
      }))
    return true;
  auto due = db_->due.find(connection);
  return due != db_->due.end() && std::ranges::count(whole, due->second.kind) > 0 && due->second.due <= now;
}

caf::expected<std::vector<owed_repair>> memory_live_store::owed_repairs(instant now, size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<owed_repair> out;
  for (const auto& [id, entry] : db_->gaps) {
    if (entry.row.repair || !entry.row.until || !owns(entry.row.connection) || !db_->is_active(entry.row.connection)
        || waits_for_run(entry.row, now))
      continue;
    add(out, db_->shown(entry), db_->connections.at(entry.row.connection).row);
  }
  if (out.size() > limit)
    out.resize(limit);
  return out;
}

caf::expected<std::optional<owed_repair>> memory_live_store::owed_repair_of(connection_id connection) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<owed_repair> out;
  for (const auto& [id, entry] : db_->gaps)
    if (entry.row.connection == connection && !entry.row.repair && entry.row.until)
      add(out, db_->shown(entry), db_->connections.at(connection).row);
  return out.empty() ? std::nullopt : std::optional{out.front()};
}

caf::expected<live_counts> memory_live_store::count_live() {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  return db_->count_live(self_);
}

caf::expected<std::vector<connection_id>> memory_live_store::connections_to_recheck(size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  const auto now = db_->now();
  std::map<connection_id, std::chrono::microseconds> oldest;
  for (const auto& [key, row] : db_->rechecks) {
    const auto& stream = db_->streams.at(key.first);
    if (!stream.is_chosen || row.due > now || !owns(stream.connection) || !db_->is_active(stream.connection))
      continue;
    auto [i, is_new] = oldest.try_emplace(stream.connection, row.due - now);
    i->second = std::min(i->second, std::chrono::microseconds{row.due - now});
  }
  std::vector<std::pair<std::chrono::microseconds, connection_id>> sorted;
  for (const auto& [connection, due] : oldest)
    sorted.emplace_back(due, connection);
  std::ranges::sort(sorted);
  std::vector<connection_id> out;
  for (const auto& [due, connection] : sorted)
    if (out.size() < limit)
      out.push_back(connection);
  return out;
}

caf::expected<std::vector<recheck_row>> memory_live_store::load_rechecks(connection_id connection, std::chrono::microseconds within,
                                                                         size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  const auto now = db_->now();
  std::vector<recheck_row> out;
  for (const auto& [key, row] : db_->rechecks) {
    const auto& stream = db_->streams.at(key.first);
    if (stream.connection == connection && stream.is_chosen && row.due <= now + within)
      out.push_back({key.first, key.second, row.due - now, row.asked, row.attempts, row.reason});
  }
  std::ranges::stable_sort(out, {}, &recheck_row::due_in);
  if (out.size() > limit)
    out.resize(limit);
  return out;
}

caf::error memory_live_store::postpone_rechecks(connection_id connection, const shard_claim& claim, std::span<const recheck_row> rows,
                                                std::chrono::microseconds by, const std::string& reason) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check(connection, claim))
    return error;
  for (const auto& row : rows) {
    auto found = db_->rechecks.find({row.stream, row.key});
    if (found == db_->rechecks.end() || db_->streams.at(row.stream).connection != connection
        || found->second.asked.epoch != row.asked.epoch || found->second.asked.counter != row.asked.counter)
      continue;
    found->second.due = db_->now() + by;
    ++found->second.attempts;
    found->second.reason = reason;
  }
  return {};
}

} // namespace

std::unique_ptr<live_store> memory_database::make_live_store(incarnation self) {
  return std::make_unique<memory_live_store>(state_, self);
}

} // namespace lode
