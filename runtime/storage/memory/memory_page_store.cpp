#include <algorithm>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

std::vector<page_outcome> all(size_t count, commit_status status, const std::string& message) {
  page_outcome outcome;
  outcome.status = status;
  outcome.message = message;
  return std::vector<page_outcome>(count, outcome);
}

class memory_page_store final : public page_store {
public:
  memory_page_store(std::shared_ptr<state> db, incarnation self, int64_t number)
    : db_(std::move(db)), self_(self), number_(number), session_(db_, self) {}

  caf::expected<std::vector<stored_fact>> probe(shard_id, stream_id stream,
                                                std::span<const std::string_view> keys) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    std::vector<stored_fact> out(keys.size());
    auto rows = db_->records.find(stream);
    for (size_t i = 0; i < keys.size() && rows != db_->records.end(); ++i)
      if (auto row = rows->second.find(std::string{keys[i]}); row != rows->second.end())
        out[i] = {true, row->second.deleted, row->second.hash, row->second.order, row->second.form};
    return out;
  }

  caf::expected<std::vector<std::string>> payloads(shard_id, stream_id stream,
                                                   std::span<const std::string_view> keys) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    std::vector<std::string> out(keys.size());
    auto rows = db_->records.find(stream);
    for (size_t i = 0; i < keys.size() && rows != db_->records.end(); ++i)
      if (auto row = rows->second.find(std::string{keys[i]}); row != rows->second.end() && !row->second.deleted)
        out[i] = row->second.payload;
    return out;
  }

  caf::expected<std::vector<stream_standing>> standings(std::span<const stream_place> streams) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    std::vector<stream_standing> out(streams.size());
    for (size_t i = 0; i < streams.size(); ++i) {
      auto rows = db_->records.find(streams[i].stream);
      auto stream = db_->streams.find(streams[i].stream);
      if (stream != db_->streams.end())
        out[i] = {rows == db_->records.end() || rows->second.empty(), stream->second.cache_tag};
    }
    return out;
  }

  std::vector<page_outcome> commit(std::span<const page_commit> pages) override {
    std::lock_guard lock{db_->mutex};
    if (pages.empty())
      return {};
    if (is_open_)
      return all(pages.size(), commit_status::unknown, "the outcome of an earlier group is open: settle() first");
    auto fault = memory_fault::unavailable;
    const bool fails = !db_->faults.empty();
    if (fails) {
      fault = db_->faults.front();
      db_->faults.pop_front();
    }
    if (fails && fault == memory_fault::unavailable)
      return all(pages.size(), commit_status::unavailable, "injected: the store does not answer");
    if (fails && fault == memory_fault::timed_out)
      return all(pages.size(), commit_status::timed_out, "injected: not done in time");
    if (!fails)
      return attempt(pages);
    is_open_ = true;
    settled_ = fault == memory_fault::unknown_committed ? attempt(pages)
                                                        : all(pages.size(), commit_status::again, "");
    if (settled_.front().status != commit_status::committed)
      settled_ = all(pages.size(), commit_status::again, "");
    return all(pages.size(), commit_status::unknown, "injected: the connection broke");
  }

  caf::expected<std::vector<page_outcome>> settle() override {
    std::lock_guard lock{db_->mutex};
    if (!is_open_)
      return std::vector<page_outcome>{};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    is_open_ = false;
    return std::move(settled_);
  }

private:
  std::vector<page_outcome> attempt(std::span<const page_commit> pages);
  bool refuse(std::span<const page_commit> pages, std::vector<page_outcome>& outcomes) const;
  commit_status check(const page_commit& page, std::map<continuation_id, std::pair<int64_t, bool>>& moved,
                      int64_t& version) const;
  page_outcome write(const page_commit& page);
  void write_changes(const page_commit& page, page_outcome& outcome, page_counters& counters);

  std::shared_ptr<state> db_;
  incarnation self_;
  int64_t number_;
  memory_session session_;
  bool is_open_ = false;
  std::vector<page_outcome> settled_;
};

/// `moved`: how far and whether to its end earlier pages of the group move a continuation.
commit_status memory_page_store::check(const page_commit& page,
                                       std::map<continuation_id, std::pair<int64_t, bool>>& moved,
                                       int64_t& version) const {
  auto shard = db_->shards.find(page.shard);
  if (shard == db_->shards.end() || shard->second.owner != self_ || shard->second.epoch != page.epoch)
    return commit_status::refused_fence;
  auto stream = db_->streams.find(page.stream);
  if (stream == db_->streams.end())
    return commit_status::refused_version;
  const auto& home = stream->second;
  if (home.shard != page.shard || home.tenant != page.tenant || home.connection != page.connection)
    return commit_status::refused_fence;
  if (!page.move.id)
    return db_->is_active(page.connection) ? commit_status::committed : commit_status::refused_version;
  auto found = db_->continuations.find(page.move.id);
  if (found == db_->continuations.end())
    return commit_status::refused_version;
  const auto& entry = found->second;
  version = entry.row.version;
  auto& [steps, has_ended] = moved[page.move.id];
  const bool fits = entry.phase == continuation_phase::open && entry.row.run == page.move.run
                    && entry.row.stream == page.stream && page.move.expected_version == version + steps && !has_ended;
  // One of an earlier generation takes no place among those of this one.
  const bool is_of_now = page.move.expected_version >= version;
  steps += is_of_now ? 1 : 0;
  has_ended = has_ended || (is_of_now && page.move.phase != continuation_phase::open);
  return fits ? commit_status::committed : commit_status::refused_version;
}

bool memory_page_store::refuse(std::span<const page_commit> pages, std::vector<page_outcome>& outcomes) const {
  std::map<continuation_id, std::pair<int64_t, bool>> moved;
  bool is_refused = false;
  for (size_t i = 0; i < pages.size(); ++i) {
    outcomes[i].status = check(pages[i], moved, outcomes[i].version);
    is_refused = is_refused || outcomes[i].status != commit_status::committed;
  }
  for (auto& outcome : outcomes)
    if (is_refused && outcome.status == commit_status::committed)
      outcome.status = commit_status::again;
  return is_refused;
}

std::vector<page_outcome> memory_page_store::attempt(std::span<const page_commit> pages) {
  std::vector<page_outcome> out(pages.size());
  if (refuse(pages, out))
    return out;
  if (pages.size() > 1 && db_->is_poison)
    for (const auto& page : pages)
      if (std::any_of(page.changes.begin(), page.changes.end(), db_->is_poison))
        return all(pages.size(), commit_status::data_error, "injected: poison");
  for (size_t i = 0; i < pages.size(); ++i)
    out[i] = write(pages[i]);
  ++db_->commits;
  db_->writers[{self_, number_}].last_group += 1;
  return out;
}

void memory_page_store::write_changes(const page_commit& page, page_outcome& outcome, page_counters& counters) {
  for (const auto& change : page.changes) {
    if (db_->is_poison && db_->is_poison(change)) {
      counters.inserted -= change.kind == change_kind::inserted ? 1 : 0;
      counters.updated -= change.kind == change_kind::updated ? 1 : 0;
      ++counters.dead;
      outcome.dead_lettered.push_back(change.key);
      db_->bury(page, {change.key, change.payload, "injected: poison", change.order});
      continue;
    }
    if (change.kind == change_kind::reformed) {
      auto& row = db_->records[page.stream][change.key];
      row.hash = change.hash;
      row.form = page.form;
      continue;
    }
    const bool is_deletion = change.hash == content_hash{};
    db_->records[page.stream][change.key] = {change.payload, change.hash, change.order, is_deletion, page.form};
    if (change.kind != change_kind::reordered)
      db_->feed[page.shard].push_back({page.shard, ++db_->shards[page.shard].feed_seq, page.tenant, page.connection,
                                       page.stream, change.kind, change.key, change.hash, change.order});
  }
  if (!page.changes.empty())
    db_->streams.at(page.stream).cache_tag = page.cache_tag;
}

page_outcome memory_page_store::write(const page_commit& page) {
  page_outcome out;
  out.status = commit_status::committed;
  auto counters = page.counters;
  write_changes(page, out, counters);
  for (const auto& dead : page.dead)
    db_->bury(page, dead);
  if (page.pass && !page.marks.empty())
    db_->marks[{page.stream, page.pass}].push_back(page.marks);
  if (page.completes_slice)
    db_->close_interval(page.stream, page.partition, page.completed);
  db_->move_anchor(page);
  db_->note_rechecks(page);
  out.opened = db_->open_continuations(page.move.run, page.opens);
  if (!page.move.id)
    return out;
  auto& entry = db_->continuations.at(page.move.id);
  out.version = ++entry.row.version;
  entry.phase = page.move.phase;
  entry.row.state = page.move.phase == continuation_phase::open ? page.move.state : std::string{};
  entry.row.crash_resumes = entry.row.alone_deaths = 0;
  entry.reason = page.move.reason;
  for (auto counter : {&page_counters::pages, &page_counters::records, &page_counters::inserted,
                       &page_counters::updated, &page_counters::unchanged, &page_counters::refused_older,
                       &page_counters::dead, &page_counters::bytes, &page_counters::deleted})
    entry.counters.*counter += counters.*counter;
  db_->end_sweep(entry);
  const int64_t ends = page.move.phase == continuation_phase::open ? 0 : 1;
  const int64_t fails = page.move.phase == continuation_phase::failed ? 1 : 0;
  const auto opens = static_cast<int64_t>(out.opened.size());
  if (ends > 0 || opens > 0)
    out.run_ended = db_->count_open(page.move.run, opens - ends, fails, fails > 0 ? page.move.reason : "");
  return out;
}

} // namespace

std::unique_ptr<page_store> memory_database::make_page_store(incarnation self, int64_t number) {
  return std::make_unique<memory_page_store>(state_, self, number);
}

} // namespace lode
