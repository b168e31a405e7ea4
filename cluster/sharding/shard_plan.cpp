#include "cluster/sharding/shard_plan.hpp"

#include <algorithm>
#include <utility>

namespace lode {

namespace {

constexpr std::chrono::milliseconds between_hints{100};

size_t index_of(shard_id shard) {
  return static_cast<size_t>(shard.value);
}
shard_id id_of(size_t shard) {
  return {static_cast<int64_t>(shard)};
}

} // namespace

void shard_plan::saw(view_pointer view, time_point now) {
  view_ = std::move(view);
  alive_.clear();
  is_draining_ = false;
  decltype(members_) members;
  for (const auto& node : view_->nodes) {
    alive_.push_back(node.self.value);
    is_draining_ |= node.self == self_ && node.state == node_state::draining;
    if (node.state == node_state::member)
      members.emplace_back(node.name, node.self, node.weight);
  }
  std::sort(alive_.begin(), alive_.end());
  // Quiet is what placement depends on: a drained node that leaves makes nobody wait.
  if (std::exchange(members_, members) != members) {
    if (!restless_since_)
      restless_since_ = now;
    act_at_ = std::min(now + heartbeat::quiet, *restless_since_ + longest_unrest);
  }
  if (is_alone())
    act_at_ = now;
}

shard_plan::difference shard_plan::read(const std::vector<shard_owner>& owners) {
  learn_size(owners.size());
  difference result;
  for (size_t i = 0; i < owners.size(); ++i) {
    const auto& shown = owners[i];
    auto& mine = holdings_[i];
    owners_[i] = shown.owner;
    auto is_ours = shown.owner == self_;
    if (mine.state != standing::others && !(is_ours && shown.epoch == mine.epoch)) {
      (mine.state == standing::releasing ? result.released : result.lost).push_back(shown.shard);
      give_up(i);
    }
    if (is_ours && mine.state == standing::others) {
      hold(i, shown.epoch);
      result.gained.push_back({shown.shard, shown.epoch});
    }
  }
  return result;
}

shard_plan::step shard_plan::next(time_point now) {
  step result;
  if (!may_act(now))
    return result;
  place_shards();
  restless_since_.reset();
  result.view = view_->number;
  auto room = is_draining_ ? holdings_.size() : leaving_at_once;
  for (size_t i = 0; i < holdings_.size(); ++i) {
    if (result.claim.size() < claimed_at_once && may_claim(i))
      result.claim.push_back(id_of(i));
    if (leaving_ < room && must_leave(i)) {
      holdings_[i].state = standing::leaving;
      ++leaving_;
      result.vacate.push_back(id_of(i));
    }
  }
  return result;
}

std::vector<shard_claim> shard_plan::claimed(const std::vector<shard_claim>& claims) {
  std::vector<shard_claim> result;
  for (const auto& claim : claims) {
    auto i = index_of(claim.shard);
    if (holdings_[i].state != standing::others)
      continue;
    hold(i, claim.epoch);
    owners_[i] = self_;
    result.push_back(claim);
  }
  return result;
}

void shard_plan::vacated(const std::vector<shard_id>& shards) {
  for (auto shard : shards) {
    auto i = index_of(shard);
    if (i >= holdings_.size() || holdings_[i].state != standing::leaving)
      continue; // lost meanwhile
    holdings_[i].state = standing::releasing;
    --leaving_;
    ++releasing_;
  }
}

std::vector<shard_id> shard_plan::to_release() const {
  std::vector<shard_id> result;
  for (size_t i = 0; releasing_ > 0 && i < holdings_.size(); ++i)
    if (holdings_[i].state == standing::releasing)
      result.push_back(id_of(i));
  return result;
}

void shard_plan::released(const std::vector<shard_id>& shards) {
  for (auto shard : shards) {
    auto i = index_of(shard);
    give_up(i);
    owners_[i] = {};
  }
}

std::vector<shard_id> shard_plan::coming() const {
  std::vector<shard_id> result;
  for (size_t i = 0; i < due_.size(); ++i)
    if (due_[i] == self_ && holdings_[i].state == standing::others && is_alive(owners_[i]))
      result.push_back(id_of(i));
  return result;
}

shard_plan::time_point shard_plan::read_at(time_point last) const {
  auto wait = read_settled;
  if (!due_.empty() && owners_ != due_)
    wait = read_others_unsettled;
  if (awaits_some() || leaving_ + releasing_ > 0)
    wait = read_unsettled;
  auto result = last + wait;
  auto is_to_be_placed = view_ && !holdings_.empty() && placed_ != view_->number && (takes_part() || is_draining_);
  return is_to_be_placed ? std::min(result, std::max(act_at_, last)) : result;
}

shard_plan::time_point shard_plan::read_when_freed(time_point last) const {
  return last + (awaits_some() ? between_hints : read_others_unsettled);
}

bool shard_plan::may_act(time_point now) const {
  if (!view_ || holdings_.empty() || now < act_at_)
    return false;
  return takes_part() || is_draining_;
}

bool shard_plan::takes_part() const {
  return view_ && std::any_of(view_->nodes.begin(), view_->nodes.end(), [&](const auto& node) {
           return node.self == self_ && node.state == node_state::member;
         });
}

bool shard_plan::is_alone() const {
  return view_ && view_->nodes.size() == 1 && view_->nodes.front().self == self_;
}

bool shard_plan::is_alive(incarnation node) const {
  return std::binary_search(alive_.begin(), alive_.end(), node.value);
}

bool shard_plan::may_claim(size_t shard) const {
  return due_[shard] == self_ && holdings_[shard].state == standing::others && !is_alive(owners_[shard]);
}

bool shard_plan::must_leave(size_t shard) const {
  return holdings_[shard].state == standing::held && due_[shard] != self_ && due_[shard] != incarnation{};
}

bool shard_plan::awaits_some() const {
  for (size_t i = 0; i < due_.size(); ++i)
    if ((due_[i] == self_ && holdings_[i].state == standing::others) || must_leave(i))
      return true;
  return false;
}

void shard_plan::give_up(size_t shard) {
  auto& mine = holdings_[shard];
  owned_ -= mine.state != standing::others;
  leaving_ -= mine.state == standing::leaving;
  releasing_ -= mine.state == standing::releasing;
  mine = {};
}

void shard_plan::hold(size_t shard, shard_epoch epoch) {
  holdings_[shard] = {standing::held, epoch};
  ++owned_;
}

void shard_plan::learn_size(size_t shards) {
  if (holdings_.size() == shards)
    return;
  holdings_.assign(shards, {});
  owners_.assign(shards, {});
  due_.clear();
  placed_ = -1;
  owned_ = leaving_ = releasing_ = 0;
}

void shard_plan::place_shards() {
  if (placed_ == view_->number)
    return;
  due_ = place(*view_, holdings_.size()).owners;
  placed_ = view_->number;
}

} // namespace lode
