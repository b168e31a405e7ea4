#include <algorithm>

#include "runtime/storage/generation_store.hpp"
#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

caf::error no_answer() {
  return store_error(errc::store_unavailable, "injected: the store does not answer");
}

caf::error declared_gone(incarnation self) {
  return store_error(errc::not_owner, "life " + to_string(self) + " of this node was declared gone");
}

/// A shorter life is a flap.
constexpr int64_t long_life = 60;

class memory_membership_store final : public membership_store {
public:
  memory_membership_store(std::shared_ptr<state> db, incarnation self) : db_(std::move(db)), session_(db_, self) {}

  caf::expected<joined_node> join(const node_identity& node) override;

  caf::error enter(incarnation self) override { return move(self, {node_state::joining}, node_state::member); }

  caf::error beat(incarnation self) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (auto* life = alive(self)) {
      ++life->row.beat;
      return {};
    }
    auto own = db_->nodes.find(self);
    for (const auto& [id, other] : db_->nodes)
      if (own != db_->nodes.end() && other.row.name == own->second.row.name && db_->is_alive(id))
        return store_error(errc::conflict, "another process has registered as node \"" + other.row.name
                                             + "\": give each node a name of its own (node.name)");
    return declared_gone(self);
  }

  caf::expected<cluster_view> look() override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    cluster_view out{db_->view, {}};
    for (const auto& [id, life] : db_->nodes)
      if (db_->is_alive(id))
        out.nodes.push_back(life.row);
    std::ranges::sort(out.nodes, {}, &node_row::name);
    return out;
  }

  caf::expected<bool> bury(incarnation dead, int64_t beat, int64_t view) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    auto* life = alive(dead);
    if (!life || view != db_->view || life->row.beat != beat)
      return false;
    end(*life);
    return true;
  }

  caf::error set_draining(incarnation self, bool is_draining) override {
    return is_draining ? move(self, {node_state::joining, node_state::member}, node_state::draining)
                       : move(self, {node_state::draining}, node_state::member);
  }

  caf::error leave(incarnation self) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    auto* life = alive(self);
    if (!life)
      return {};
    end(*life);
    life->has_left = true;
    for (auto& [id, shard] : db_->shards)
      if (shard.owner == self)
        shard.owner = {};
    return {};
  }

  caf::expected<std::vector<shard_owner>> owners() override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    std::vector<shard_owner> out;
    for (const auto& [id, shard] : db_->shards)
      out.push_back({id, shard.owner, shard.epoch});
    return out;
  }

  caf::expected<std::vector<shard_claim>> claim(incarnation self, int64_t view, const std::vector<shard_id>& shards) override;

  caf::error release(incarnation self, const std::vector<shard_id>& shards) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    for (auto id : shards) {
      auto found = db_->shards.find(id);
      if (found == db_->shards.end() || found->second.owner != self)
        continue;
      found->second.owner = {};
      if (auto life = db_->nodes.find(self); life != db_->nodes.end() && is_in(life->second.alone, id))
        life->second.alone = {};
    }
    return {};
  }

private:
  state::node_entry* alive(incarnation self) { return db_->is_alive(self) ? &db_->nodes.at(self) : nullptr; }

  bool is_in(continuation_id continuation, shard_id shard) const {
    auto found = db_->continuations.find(continuation);
    return found != db_->continuations.end() && db_->runs.at(found->second.row.run).shard == shard;
  }

  void end(state::node_entry& life) {
    life.row.state = node_state::gone;
    life.ended = db_->now();
    ++db_->view;
  }

  caf::error move(incarnation self, std::initializer_list<node_state> from, node_state to) {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    auto* life = alive(self);
    if (!life)
      return declared_gone(self);
    if (std::ranges::find(from, life->row.state) != from.end()) {
      life->row.state = to;
      ++db_->view;
    }
    return {};
  }

  /// The lives of this name that came before, oldest first.
  std::vector<state::node_entry*> earlier(const node_identity& node) {
    std::vector<state::node_entry*> out;
    for (auto& [id, life] : db_->nodes)
      if (life.row.name == node.name && id != node.self)
        out.push_back(&life);
    std::ranges::sort(out, {}, &state::node_entry::life);
    return out;
  }

  static int64_t flaps_after(const state::node_entry& last) {
    return last.row.beat >= long_life ? 0 : last.flaps + (last.has_left ? 0 : 1);
  }

  std::shared_ptr<state> db_;
  memory_session session_;
};

caf::expected<joined_node> memory_membership_store::join(const node_identity& node) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (!db_->doubt.empty())
    return doubted_store(db_->doubt);
  auto before = earlier(node);
  if (!db_->nodes.contains(node.self)) {
    for (auto* life : before)
      if (life->row.state != node_state::gone)
        end(*life);
    state::node_entry life;
    life.row = {node.name, node.self, node_state::joining, node.weight, 0, node.address};
    life.life = ++db_->lives;
    life.flaps = before.empty() ? 0 : flaps_after(*before.back());
    db_->nodes.emplace(node.self, life);
  } else if (!db_->is_alive(node.self)) {
    return declared_gone(node.self);
  }
  std::vector<shard_id> theirs;
  for (const auto& [id, shard] : db_->shards)
    if (std::ranges::any_of(before, [&](const auto* life) { return life->row.self == shard.owner; }))
      theirs.push_back(id);
  db_->take_shards(node.self, theirs);
  joined_node out{db_->view, {}, db_->nodes.at(node.self).flaps};
  for (const auto& [id, shard] : db_->shards)
    if (shard.owner == node.self)
      out.claims.push_back({id, shard.epoch});
  return out;
}

caf::expected<std::vector<shard_claim>> memory_membership_store::claim(incarnation self, int64_t view,
                                                                       const std::vector<shard_id>& shards) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (!db_->doubt.empty())
    return doubted_store(db_->doubt);
  auto* life = alive(self);
  if (view != db_->view || !life || life->row.state != node_state::member)
    return store_error(errc::stale_version, "view " + std::to_string(view) + " is over or does not count life " + to_string(self));
  db_->take_shards(self, shards);
  std::vector<shard_claim> out;
  for (auto id : shards)
    if (auto found = db_->shards.find(id); found != db_->shards.end() && found->second.owner == self)
      out.push_back({id, found->second.epoch});
  std::ranges::sort(out, {}, &shard_claim::shard);
  return out;
}

} // namespace

bool state::is_alive(incarnation life) const {
  auto found = nodes.find(life);
  return found != nodes.end() && found->second.row.state != node_state::gone;
}

void state::take_shards(incarnation self, const std::vector<shard_id>& wanted) {
  for (auto id : wanted) {
    auto found = shards.find(id);
    if (found == shards.end() || is_alive(found->second.owner))
      continue;
    if (auto owner = found->second.owner; owner) {
      auto life = nodes.find(owner);
      count_crash(id, life == nodes.end() ? continuation_id{} : life->second.alone);
    }
    found->second.owner = self;
    ++found->second.epoch.value;
    close_empty_runs(id);
  }
}

void state::count_crash(shard_id shard, continuation_id alone) {
  for (auto& [id, entry] : continuations) {
    const auto& run = runs.at(entry.row.run);
    if (entry.phase != continuation_phase::open || run.shard != shard || !is_active(run.summary.connection))
      continue;
    // Without earlier deaths a page was committed since the mark.
    if (entry.row.crash_resumes++ > 0 && id == alone)
      ++entry.row.alone_deaths;
  }
}

void state::close_empty_runs(shard_id shard) {
  for (auto& [id, run] : runs) {
    const auto is_open = [run_of = id](const auto& entry) {
      return entry.second.row.run == run_of && entry.second.phase == continuation_phase::open;
    };
    if (run.shard == shard && run.summary.phase == run_phase::open && std::ranges::none_of(continuations, is_open))
      count_open(id, -run.summary.open, 0, "");
  }
}

std::unique_ptr<membership_store> memory_database::make_membership_store(incarnation self) {
  return std::make_unique<memory_membership_store>(state_, self);
}

} // namespace lode
