#include "actors/scheduling/shared_quota.hpp"

#include <utility>

namespace lode {

namespace {

constexpr std::chrono::milliseconds look_again{250};
/// A budget that nobody used for so long, and for a span of its own, is forgotten.
constexpr std::chrono::hours memory{24};
constexpr std::chrono::seconds shortest_join_pause{10};
constexpr std::chrono::minutes longest_join_pause{5};

} // namespace

shared_quota::shared_quota(bool has_redis, uint32_t nodes, time_point now)
  : has_redis_(has_redis),
    nodes_(std::max(1u, nodes)),
    enough_since_(now),
    start_(nodes_ > 1 ? now + settle : now),
    share_from_(start_) {
  if (nodes_ > 1)
    gone_.push_back({start_, 1}); // it may take the place of one that had another share
}

shared_quota::budget& shared_quota::find(const std::string& name, const turn_rule& rule, time_point now) {
  const auto from = std::max(now, share_from_);
  auto [i, is_new] = budgets_.try_emplace(name, budget{rule, timetable{from}, {}});
  if (is_new)
    i->second.own.skip(rule, rule.requests / nodes_, gone_within(rule.span, now), from);
  i->second.used = now;
  return i->second;
}

shared_quota::time_point shared_quota::earliest(const std::string& name, const turn_rule& rule, time_point now) {
  auto& b = find(name, rule, now);
  if (phase_ == phase::divided)
    return std::min(b.own.next(rule, rule.requests / nodes_, now), now + look_again);
  forget_stale(b, now);
  return b.turns.empty() ? now + look_again : b.turns.front().from;
}

void shared_quota::spend(const std::string& name, const turn_rule& rule, time_point now) {
  auto& b = find(name, rule, now);
  ++b.spent;
  if (phase_ == phase::divided)
    b.own.take(rule, rule.requests / nodes_, now);
  else if (!b.turns.empty())
    b.turns.pop_front();
}

void shared_quota::pause(const std::string& name, time_point until) {
  if (has_redis_)
    pauses_[name] = std::max(pauses_[name], until);
}

void shared_quota::set_nodes(uint32_t live, time_point now) {
  live = std::max(1u, live);
  if (live < nodes_ && now - enough_since_ < settle)
    return;
  enough_since_ = now;
  if (live == nodes_)
    return;
  const auto gone = live < nodes_ ? nodes_ - live : 0;
  const auto was_alone = std::exchange(nodes_, live) == 1;
  std::erase_if(gone_, [now, last = memory + longest_span()](const auto& each) { return now - each.known > last; });
  if (gone > 0) {
    gone_.push_back({now, gone});
    give_up_until(now);
  }
  change_pace(gone + (was_alone ? 0 : 1), now); // what one alone used before fits whatever begins now
}

void shared_quota::change_pace(uint32_t turns, time_point now) {
  for (auto& [name, b] : budgets_)
    b.own.skip(b.rule, b.rule.requests / nodes_, turns, now);
}

uint32_t shared_quota::gone_within(std::chrono::nanoseconds span, time_point now) const {
  uint32_t out = 0;
  for (const auto& each : gone_)
    out += now - each.known < span ? each.nodes : 0;
  return out;
}

std::optional<lease_turns> shared_quota::order(const std::function<size_t(const std::string&)>& waiting, time_point now) {
  if (!has_redis_)
    return std::nullopt;
  being_told_.clear();
  std::erase_if(pauses_, [now](const auto& entry) { return entry.second <= now; });
  lease_turns out;
  out.nodes = nodes_;
  out.not_after = order_ends_ = now + order_holds;
  if (phase_ != phase::joined && (!is_redis_there_ || now < start_ || now < may_join_))
    return out;
  out.step = phase_ == phase::joined ? lease_step::go_on : lease_step::join;
  if (phase_ == phase::divided)
    phase_ = phase::joining;
  std::erase_if(budgets_, [now](const auto& entry) { return now - entry.second.used > memory + entry.second.rule.span; });
  for (auto& [name, b] : budgets_) {
    forget_stale(b, now);
    auto use = waiting(name) + std::exchange(b.spent, 0);
    if (use > b.turns.size())
      out.wanted.push_back({name, b.rule.requests, b.rule.span, b.rule.grace, static_cast<uint32_t>(use - b.turns.size()),
                            nodes_ - 1 + gone_within(b.rule.span, now)});
  }
  for (const auto& [name, until] : pauses_)
    out.pauses.push_back({name, until});
  being_told_ = out.pauses;
  return out;
}

void shared_quota::leased(const turns_leased& answer) {
  is_redis_there_ = true;
  if (phase_ == phase::divided)
    return;
  phase_ = phase::joined;
  join_pause_ = {};
  for (const auto& told : std::exchange(being_told_, {}))
    if (auto i = pauses_.find(told.budget); i != pauses_.end() && i->second <= told.until)
      pauses_.erase(i);
  for (const auto& slice : answer.slices)
    keep(slice);
}

void shared_quota::keep(const turn_slice& slice) {
  auto i = budgets_.find(slice.budget);
  if (i == budgets_.end())
    return;
  auto from = slice.first;
  for (uint32_t n = 0; n < slice.count; ++n, from += slice.spacing)
    i->second.turns.push_back({from, from + slice.usable});
}

void shared_quota::failed(time_point now) {
  is_redis_there_ = false;
  if (phase_ == phase::divided)
    return;
  const auto was_joining = std::exchange(phase_, phase::divided) == phase::joining;
  share_from_ = nodes_ > 1 ? order_ends_ + turn_lease::presence + turn_lease::lookahead : now;
  for (auto& [name, b] : budgets_)
    b.turns.clear();
  give_up_until(share_from_);
  if (was_joining)
    put_off_joining();
}

/// Doubling goes on until the slowest budget gets its turn between two attempts.
void shared_quota::put_off_joining() {
  const auto most = std::max<std::chrono::nanoseconds>(longest_join_pause, 2 * longest_spacing());
  join_pause_ = std::clamp<std::chrono::nanoseconds>(2 * join_pause_, shortest_join_pause, most);
  may_join_ = share_from_ + join_pause_;
}

std::chrono::nanoseconds shared_quota::longest_span() const {
  std::chrono::nanoseconds longest{0};
  for (const auto& [name, b] : budgets_)
    longest = std::max(longest, b.rule.span);
  return longest;
}

std::chrono::nanoseconds shared_quota::longest_spacing() const {
  std::chrono::nanoseconds longest{0};
  for (const auto& [name, b] : budgets_)
    if (auto share = b.rule.requests / nodes_; share > 0)
      longest = std::max(longest, b.rule.span / share);
  return longest;
}

void shared_quota::give_up_until(time_point when) {
  for (auto& [name, b] : budgets_)
    b.own.give_up_until(when);
}

void shared_quota::forget_stale(budget& b, time_point now) {
  while (!b.turns.empty() && b.turns.front().until < now)
    b.turns.pop_front();
}

} // namespace lode
