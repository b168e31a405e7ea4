#include "actors/supervision/activity_board.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lode {

namespace {

constexpr uint64_t is_unnamed = uint64_t{1} << 63;

} // namespace

activity_board::activity_board(std::function<instant()> now) : now_(std::move(now)) {}

activity_board::entry activity_board::enter(work_line line) {
  const auto key = line.actor != 0 ? line.actor : is_unnamed | ++unnamed_;
  change_running(line, 1);
  line.step = doing::starting;
  line.since = now_();
  auto& place = shard_of(line.tenant);
  std::lock_guard lock{place.mutex};
  auto& known = place.tenants[line.tenant];
  if (line.who == worker::run)
    known.done.try_emplace(line.connection);
  return {*this, place, known.lines.insert_or_assign(key, std::move(line)).first->second, key};
}

void activity_board::entry::does(doing step, std::optional<instant> until, std::string detail) {
  if (!line_)
    return;
  const auto now = board_->now_();
  std::lock_guard lock{place_->mutex};
  line_->step = step;
  line_->since = now;
  line_->until = until;
  line_->detail = std::move(detail);
}

void activity_board::entry::fails(wait_reason why, std::string text) {
  if (!line_)
    return;
  const auto now = board_->now_();
  is_troubled_ = true;
  std::lock_guard lock{place_->mutex};
  if (line_->attempts++ == 0)
    line_->trouble_since = now;
  line_->trouble = why;
  line_->trouble_text = std::move(text);
}

void activity_board::entry::gets_on() {
  if (!line_ || !std::exchange(is_troubled_, false))
    return;
  std::lock_guard lock{place_->mutex};
  line_->trouble = wait_reason::none;
  line_->trouble_text.clear();
  line_->attempts = 0;
}

void activity_board::entry::swap(entry& other) noexcept {
  std::swap(board_, other.board_);
  std::swap(place_, other.place_);
  std::swap(line_, other.line_);
  std::swap(key_, other.key_);
  std::swap(is_troubled_, other.is_troubled_);
}

void activity_board::entry::leave() {
  if (!line_)
    return;
  std::lock_guard lock{place_->mutex};
  board_->change_running(*line_, -1);
  if (line_->who == worker::run)
    place_->left.insert(line_->connection);
  auto i = place_->tenants.find(line_->tenant);
  i->second.lines.erase(key_);
  line_ = nullptr;
  if (i->second.lines.empty())
    place_->tenants.erase(i);
}

void activity_board::change_running(const work_line& line, int64_t by) {
  if (line.kind.empty()) {
    running_[static_cast<size_t>(line.who)] += by;
    return;
  }
  std::lock_guard lock{kinds_mutex_};
  kinds_[{line.who, line.kind}].running += by;
}

void activity_board::restarted(worker who, const std::string& kind) {
  if (kind.empty()) {
    ++restarts_[static_cast<size_t>(who)];
    return;
  }
  std::lock_guard lock{kinds_mutex_};
  ++kinds_[{who, kind}].restarts;
}

std::map<std::string, activity_board::count> activity_board::counts() const {
  std::map<std::string, count> out;
  for (size_t i = 0; i < workers; ++i) {
    const auto who = static_cast<worker>(i);
    if (count found{who, running_[i], restarts_[i]}; found.running != 0 || found.restarts != 0)
      out[actor_name_of({.who = who})] = found;
  }
  std::lock_guard lock{kinds_mutex_};
  for (const auto& [key, found] : kinds_)
    out[actor_name_of({.who = key.first, .kind = key.second})] = {key.first, found.running, found.restarts};
  out.erase(""); // runs are no actors
  return out;
}

void activity_board::held_back(tenant_id tenant, uint64_t actor, doing why, std::chrono::nanoseconds wait, std::string detail) {
  const auto until = now_() + std::chrono::ceil<std::chrono::microseconds>(wait);
  auto& place = shard_of(tenant);
  std::lock_guard lock{place.mutex};
  auto known = place.tenants.find(tenant);
  if (known == place.tenants.end())
    return;
  auto line = known->second.lines.find(actor);
  if (line == known->second.lines.end())
    return;
  // By now it may do something else, or ask for something else, of which the gate says more.
  auto& x = line->second;
  if (x.step != doing::permit && x.step != doing::quota && x.step != doing::bytes)
    return;
  x.step = why;
  x.until = wait.count() > 0 ? std::optional{until} : std::nullopt;
  x.detail = std::move(detail);
}

void activity_board::committed(tenant_id tenant, connection_id connection, int64_t records) {
  const auto now = now_();
  auto& place = shard_of(tenant);
  std::lock_guard lock{place.mutex};
  auto known = place.tenants.find(tenant);
  if (known == place.tenants.end())
    return; // it is nobody's here any more
  auto& done = known->second.done[connection];
  done.records += records;
  done.last_commit = now;
}

std::vector<work_line> activity_board::of(tenant_id tenant) const {
  std::vector<work_line> out;
  {
    auto& place = shard_of(tenant);
    std::lock_guard lock{place.mutex};
    if (auto known = place.tenants.find(tenant); known != place.tenants.end())
      for (const auto& [key, line] : known->second.lines)
        if (line.who != worker::run)
          out.push_back(line);
  }
  // What listens stands right below its capture.
  std::stable_sort(out.begin(), out.end(), [](const work_line& a, const work_line& b) {
    return std::tie(a.connection, a.side, a.who) < std::tie(b.connection, b.side, b.who);
  });
  return out;
}

std::vector<connection_id> activity_board::take_left() {
  std::vector<connection_id> out;
  for (auto& place : *shards_) {
    std::lock_guard lock{place.mutex};
    out.insert(out.end(), place.left.begin(), place.left.end());
    place.left.clear();
  }
  return out;
}

void activity_board::visit(const std::function<void(const connection_work&)>& look) const {
  std::map<connection_id, connection_work> found;
  for (const auto& place : *shards_) {
    std::lock_guard lock{place.mutex};
    for (const auto& [tenant, known] : place.tenants) {
      found.clear();
      for (const auto& [key, line] : known.lines)
        if (line.connection)
          found[line.connection].parts.push_back(&line);
      for (auto& [connection, work] : found) {
        work.tenant = tenant;
        work.connection = connection;
        if (auto done = known.done.find(connection); done != known.done.end()) {
          work.records = done->second.records;
          work.last_commit = done->second.last_commit;
        }
        look(work);
      }
    }
  }
}

} // namespace lode
