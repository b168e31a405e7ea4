#include "actors/storage/page_writer.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <span>
#include <utility>

#include "messages/fault_point.hpp"

namespace lode {

namespace {

/// Records that a commit of the page may write.
size_t rows_of(const hashed_page& page) {
  return page.records.size() + page.unseen.size();
}

/// The page becomes the failure of its continuation: a commit that is small.
void give_up(hashed_page& page, const std::string& why) {
  page.move.reason = "a page of " + std::to_string(rows_of(page)) + " records (" + std::to_string(page.body_bytes)
                     + " bytes) is too large to commit: " + why + "; lower the page size of the source";
  page.move.phase = continuation_phase::failed;
  page.move.state.clear();
  page.records.clear();
  page.unseen.clear();
  page.dead.clear();
  page.opens.clear();
  page.completes_slice = false;
  page.anchor.reset();
}

} // namespace

page_writer_state::page_writer_state(page_writer_actor::pointer self, std::shared_ptr<page_store> store,
                                     store_health* health, page_writer_settings settings, page_writer_report report,
                                     std::unique_ptr<shared_facts> redis)
  : self(self),
    store(std::move(store)),
    changes(*this->store, settings.cache_bytes, std::move(redis)),
    health(health),
    settings(settings),
    report(std::move(report)),
    page_limit(settings.group_pages),
    backoff(settings.retry_min) {}

page_writer_state::~page_writer_state() {
  changes.tell_redis();
  if (is_out)
    health->outage_ends();
}

page_writer_actor::behavior_type page_writer_state::make_behavior() {
  // Told to stop, it first commits what has arrived; not in an outage, which may last.
  self->set_exit_handler([this](caf::exit_msg& exit) {
    is_stopping = true;
    if (pending.empty() || is_out)
      self->quit(std::move(exit.reason));
    else
      wake_up();
  });
  return {
    [this](hashed_page& page, const page_client_actor& client) {
      if (alone && page.move.id != *alone)
        held.emplace_back(std::move(page), client);
      else
        take(std::move(page), client);
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

void page_writer_state::take(hashed_page&& page, const page_client_actor& client) {
  pending.push_back(std::move(page));
  clients.push_back(client);
  if (!is_out)
    gather();
}

void page_writer_state::gather() {
  if (is_awake)
    return;
  // What came while another group committed has waited already.
  auto rest = settings.group_wait - (self->clock().now() - pending.front().handed_on);
  if (rest.count() <= 0 || is_full() || is_stopping)
    return wake_up();
  if (std::exchange(waiting, group) == group)
    return;
  self->run_delayed(rest, [this, mine = group] {
    if (mine == group)
      wake_up();
  });
}

bool page_writer_state::is_full() const {
  size_t records = 0;
  size_t bytes = 0;
  for (const auto& page : pending) {
    records += rows_of(page);
    bytes += page.body_bytes;
  }
  return pending.size() >= page_limit || records >= settings.group_records || bytes >= settings.group_bytes;
}

void page_writer_state::tell_when_quiet() {
  if (pending.empty() && quiet.pending())
    quiet.deliver();
}

void page_writer_state::release() {
  alone.reset();
  for (auto& [page, client] : std::exchange(held, {}))
    take(std::move(page), client);
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
    records += rows_of(page);
    bytes += page.body_bytes;
    bool is_slow = slow.count(page.move.id) > 0;
    if (count > 0 && (is_slow || records > settings.group_records || bytes > settings.group_bytes))
      break;
    ++count;
    if (is_slow)
      break;
  }
  return count;
}

void page_writer_state::commit_group() {
  ++group;
  group_began = std::chrono::steady_clock::now();
  auto commits = changes.compare(std::span{pending}.first(group_size()));
  if (!commits)
    return wait(message_of(commits.error()));
  LODE_DIE_AT("writer.before_commit");
  auto outcomes = store->commit(*commits);
  LODE_DIE_AT("writer.after_commit");
  conclude(*commits, outcomes);
}

void page_writer_state::conclude(const std::vector<page_commit>& commits, const std::vector<page_outcome>& outcomes) {
  if (auto outcome = outcome_of(outcomes))
    report.group(*outcome, std::chrono::steady_clock::now() - group_began);
  switch (outcomes.front().status) {
    case commit_status::unavailable:
      return wait(outcomes.front().message);
    case commit_status::unknown:
      changes.forget();
      unsettled = commits;
      return settle();
    case commit_status::data_error:
      // The culprit is found by halving; a page that stands alone never ends so.
      page_limit = std::max<size_t>(1, commits.size() / 2);
      recovered(commits.size());
      return wake_up();
    case commit_status::timed_out:
      if (commits.size() == 1)
        return head_timed_out(outcomes.front().message);
      page_limit = commits.size() / 2;
      return wake_up();
    default:
      break;
  }
  recovered(commits.size());
  size_t left = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    if (outcome.status == commit_status::again) {
      std::swap(pending[left], pending[i]);
      std::swap(clients[left++], clients[i]);
      continue;
    }
    tell(i, outcome);
    if (outcome.status == commit_status::committed) {
      auto counters = counters_after(commits[i], outcome);
      report.got_on(commits[i].tenant, commits[i].connection, counters.records);
      report.committed(counters);
    }
  }
  changes.conclude(commits, outcomes);
  look_at_redis();
  tell_redis_later();
  auto first_done = static_cast<ptrdiff_t>(left);
  auto end_of_group = static_cast<ptrdiff_t>(outcomes.size());
  pending.erase(pending.begin() + first_done, pending.begin() + end_of_group);
  clients.erase(clients.begin() + first_done, clients.begin() + end_of_group);
  if (left == 0)
    page_limit = std::min(settings.group_pages, page_limit * 2);
  if (!pending.empty())
    gather();
}

bool page_writer_state::is_large(const hashed_page& page) const {
  return rows_of(page) >= settings.large_records || page.body_bytes >= settings.large_bytes;
}

void page_writer_state::head_timed_out(const std::string& why) {
  auto& page = pending.front();
  auto& earlier = slow[page.move.id];
  bool is_alone_slow = std::exchange(earlier.pages_committed, pages_committed) != pages_committed || is_large(page);
  // What belongs to no continuation cannot fail; a failure is small, so it is the database that is slow.
  bool can_fail = page.move.id && page.move.phase != continuation_phase::failed;
  if (!is_alone_slow || !can_fail) {
    set_aside(page.connection);
    return wait(why);
  }
  recovered(1);
  auto most = is_large(page) ? settings.slow_tries : 10 * settings.slow_tries;
  if (++earlier.times >= most)
    give_up(page, why);
  else
    set_aside(page.connection);
  wake_up();
}

void page_writer_state::set_aside(connection_id connection) {
  std::vector<hashed_page> pages;
  std::vector<page_client_actor> waiting;
  for (bool is_turn_of_slow : {false, true})
    for (size_t i = 0; i < pending.size(); ++i)
      if ((pending[i].connection == connection) == is_turn_of_slow) {
        pages.push_back(std::move(pending[i]));
        waiting.push_back(std::move(clients[i]));
      }
  pending = std::move(pages);
  clients = std::move(waiting);
}

void page_writer_state::tell(size_t index, const page_outcome& outcome) {
  const auto& page = pending[index];
  slow.erase(page.move.id);
  pages_committed += outcome.status == commit_status::committed ? 1 : 0;
  if (outcome.status == commit_status::committed)
    self->send(clients[index],
               page_committed{page.generation, outcome.version, page.move.phase,
                              static_cast<uint32_t>(outcome.opened.size()), outcome.run_ended, page.move.reason,
                              static_cast<uint32_t>(page.dead.size() + outcome.dead_lettered.size())});
  else
    self->send(clients[index], page_refused{page.generation, outcome.status});
}

void page_writer_state::settle() {
  auto outcomes = store->settle();
  if (!outcomes) {
    if (outcomes.error() == errc::conflict)
      health->found_back(message_of(outcomes.error()));
    return wait(message_of(outcomes.error()));
  }
  auto commits = std::exchange(unsettled, {});
  conclude(commits, *outcomes);
}

void page_writer_state::wait(const std::string& why) {
  changes.forget();
  if (std::exchange(is_out, true))
    health->explain(why);
  else
    health->outage_begins(why);
  // A group that is too much for a struggling database must not be tried at the same size for ever.
  page_limit = std::max<size_t>(1, page_limit / 2);
  is_awake = true;
  self->run_delayed(backoff, [this] { self->send(self, wake{}); });
  backoff = std::min(backoff * 2, settings.retry_max);
}

void page_writer_state::tell_redis_later() {
  if (!changes.has_news() || std::exchange(is_telling_redis, true))
    return;
  self->run_delayed(settings.redis_wait, [this] { tell_redis(); });
}

/// What gathered in a second takes Redis a tenth of one: told at once, every page would wait for it.
void page_writer_state::tell_redis() {
  is_telling_redis = changes.tell_redis_some();
  look_at_redis();
  if (is_telling_redis)
    self->run_delayed(std::chrono::nanoseconds{0}, [this] { tell_redis(); }); // behind the pages that have come
  else
    tell_redis_later(); // what it did not take, and what came meanwhile
}

void page_writer_state::look_at_redis() {
  if (const auto use = changes.take_redis_use(); use.calls > 0)
    report.redis_used(use);
  const auto why = changes.trouble();
  if (std::exchange(is_redis_out, !why.empty()) == why.empty())
    report.redis(why);
}

void page_writer_state::recovered(size_t answered) {
  auto now = self->clock().now();
  auto is_late = [&](const hashed_page& page) { return now - page.handed_on >= settings.late; };
  auto pages = std::span{pending}.first(answered);
  if (std::any_of(pages.begin(), pages.end(), is_late))
    health->answered_late(now);
  backoff = settings.retry_min;
  if (std::exchange(is_out, false))
    health->outage_ends();
}

} // namespace lode
