#include "runtime/node/history_recorder.hpp"

#include <utility>

#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

/// The end of the step that `now` is in.
std::chrono::system_clock::time_point end_of_step(instant now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  return std::chrono::system_clock::time_point{(seconds / node_history::finest + 1) * node_history::finest};
}

} // namespace

history_recorder::history_recorder(std::shared_ptr<node_control> node, std::function<std::vector<incarnation>()> nodes,
                                   std::function<caf::expected<backlog>()> ask_store, std::shared_ptr<history_log> log)
  : node_(std::move(node)), nodes_(std::move(nodes)), ask_store_(std::move(ask_store)), log_(std::move(log)), thread_([this] { work(); }) {}

history_recorder::~history_recorder() {
  {
    std::lock_guard lock{mutex_};
    is_stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void history_recorder::work() {
  std::unique_lock lock{mutex_};
  while (!is_stopping_) {
    const auto end = end_of_step(wall_clock());
    if (stopped_.wait_until(lock, end, [this] { return is_stopping_; }))
      return;
    lock.unlock();
    record(std::chrono::time_point_cast<std::chrono::microseconds>(end));
    lock.lock();
  }
}

void history_recorder::record(instant end) {
  auto found = node_->survey(std::nullopt);
  if (found.reports.empty())
    found.reports.push_back(node_->report(std::nullopt)); // this node has no links
  const auto now = wall_clock();
  const auto since = std::exchange(recorded_, now);
  history_step step;
  // Over the time that has really passed: a survey takes up to a second.
  if (auto sums = counter_.count(found.reports, nodes_(), now); sums && since && now > *since)
    step = step_of(*sums, std::chrono::duration<double>(now - *since).count());
  if (auto known = ask_store_()) {
    step.lateness = known->lateness;
    step.queue = known->queue;
  }
  log_->put(end, step);
}

} // namespace lode
