#include "actors/storage/page_writer.hpp"

#include <caf/all.hpp>

#include <span>
#include <utility>

#include "actors/storage/page_comparison.hpp"
#include "messages/fault_point.hpp"

namespace lode {

page_writer_state::page_writer_state(page_writer_actor::pointer self, std::shared_ptr<page_store> store,
                                     store_health* health, page_writer_settings settings, page_writer_report report)
  : self(self),
    store(std::move(store)),
    health(health),
    settings(settings),
    report(std::move(report)),
    page_limit(settings.group_pages),
    backoff(settings.retry_min) {}

page_writer_state::~page_writer_state() {
  if (is_out)
    health->outage_ends();
}

page_writer_actor::behavior_type page_writer_state::make_behavior() {
  // Told to stop, it first commits what has arrived; not in an outage, which may last.
  self->set_exit_handler([this](caf::exit_msg& exit) {
    is_stopping = true;
    if (pending.empty() || is_out)
      self->quit(std::move(exit.reason));
  });
  return {
    [this](hashed_page& page, const miner_actor& miner) {
      if (alone && page.move.id != *alone)
        held.emplace_back(std::move(page), miner);
      else
        take(std::move(page), miner);
    },
    [this](hold_pages msg) -> caf::result<void> {
      alone = msg.continuation;
      quiet = self->make_response_promise<void>();
      auto answer = quiet;
      tell_when_quiet();
      return answer;
    },
    [this](release_pages) { release(); },
    [this](wake) {
      is_awake = false;
      if (!unsettled.empty())
        settle();
      else if (!pending.empty())
        commit_group();
      tell_when_quiet();
      if (is_stopping && (pending.empty() || is_out))
        self->quit(caf::exit_reason::user_shutdown);
    },
  };
}

void page_writer_state::take(hashed_page&& page, const miner_actor& miner) {
  pending.push_back(std::move(page));
  miners.push_back(miner);
  if (!is_out)
    wake_up();
}

void page_writer_state::tell_when_quiet() {
  if (pending.empty() && quiet.pending())
    quiet.deliver();
}

void page_writer_state::release() {
  alone.reset();
  for (auto& [page, miner] : std::exchange(held, {}))
    take(std::move(page), miner);
}

void page_writer_state::wake_up() {
  if (!std::exchange(is_awake, true))
    self->send(self, wake{});
}

size_t page_writer_state::group_size() const {
  size_t count = 0;
  size_t records = 0;
  size_t bytes = 0;
  while (count < pending.size() && count < page_limit) {
    const auto& page = pending[count];
    records += page.records.size();
    bytes += page.body_bytes;
    if (count > 0 && (records > settings.group_records || bytes > settings.group_bytes))
      break;
    ++count;
  }
  return count;
}

caf::expected<std::vector<page_commit>> page_writer_state::compare(size_t count) {
  auto pages = std::span{pending}.first(count);
  page_comparison comparison;
  for (const auto& [stream, keys] : page_comparison::keys_of(pages)) {
    auto facts = store->probe(stream.first, stream.second, keys);
    if (!facts)
      return facts.error();
    comparison.learn(stream, keys, *facts);
  }
  std::vector<page_commit> commits;
  commits.reserve(count);
  for (const auto& page : pages)
    commits.push_back(comparison.compare(page));
  return commits;
}

void page_writer_state::commit_group() {
  auto began = std::chrono::steady_clock::now();
  auto commits = compare(group_size());
  if (!commits)
    return wait(message_of(commits.error()));
  LODE_DIE_AT("writer.before_commit");
  auto outcomes = store->commit(*commits);
  LODE_DIE_AT("writer.after_commit");
  report.group(std::chrono::steady_clock::now() - began, commits->size());
  conclude(*commits, outcomes);
}

void page_writer_state::conclude(const std::vector<page_commit>& commits, const std::vector<page_outcome>& outcomes) {
  switch (outcomes.front().status) {
    case commit_status::unavailable:
      return wait(outcomes.front().message);
    case commit_status::unknown:
      unsettled = commits;
      return settle();
    case commit_status::data_error:
      // The culprit is found by halving; a page that stands alone never ends so.
      page_limit = std::max<size_t>(1, commits.size() / 2);
      recovered();
      return wake_up();
    default:
      break;
  }
  recovered();
  size_t left = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    if (outcome.status == commit_status::again) {
      std::swap(pending[left], pending[i]);
      std::swap(miners[left++], miners[i]);
      continue;
    }
    tell(i, outcome);
    if (outcome.status == commit_status::committed)
      report.committed(commits[i].counters);
  }
  auto first_done = static_cast<ptrdiff_t>(left);
  auto end_of_group = static_cast<ptrdiff_t>(outcomes.size());
  pending.erase(pending.begin() + first_done, pending.begin() + end_of_group);
  miners.erase(miners.begin() + first_done, miners.begin() + end_of_group);
  if (left == 0)
    page_limit = std::min(settings.group_pages, page_limit * 2);
  if (!pending.empty())
    wake_up();
}

void page_writer_state::tell(size_t index, const page_outcome& outcome) {
  const auto& page = pending[index];
  if (outcome.status == commit_status::committed)
    self->send(miners[index], page_committed{page.generation, outcome.version, page.move.phase,
                                             static_cast<uint32_t>(outcome.opened.size()), outcome.run_ended});
  else
    self->send(miners[index], page_refused{page.generation, outcome.status});
}

void page_writer_state::settle() {
  auto outcomes = store->settle();
  if (!outcomes)
    return wait(message_of(outcomes.error()));
  auto commits = std::exchange(unsettled, {});
  conclude(commits, *outcomes);
}

void page_writer_state::wait(const std::string& why) {
  if (!std::exchange(is_out, true)) {
    health->outage_begins();
    report.outage(why);
  }
  // A group that is too much for a struggling database must not be tried at the same size for ever.
  page_limit = std::max<size_t>(1, page_limit / 2);
  is_awake = true;
  self->run_delayed(backoff, [this] { self->send(self, wake{}); });
  backoff = std::min(backoff * 2, settings.retry_max);
}

void page_writer_state::recovered() {
  backoff = settings.retry_min;
  if (std::exchange(is_out, false))
    health->outage_ends();
}

} // namespace lode
