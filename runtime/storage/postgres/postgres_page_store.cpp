#include "runtime/storage/postgres/postgres_page_store.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "runtime/storage/postgres/commit_call.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr statement enter_writer{"enter_writer",
                                 "INSERT INTO writer (incarnation, number) VALUES ($1::bigint, $2::bigint) "
                                 "ON CONFLICT (incarnation, number) DO UPDATE SET number = writer.number "
                                 "RETURNING last_group"};

constexpr statement probe_statement{
  "probe", "SELECT u.place, r.deleted, r.hash_high, r.hash_low, r.order_field, r.order_epoch, r.order_counter, r.form "
           "FROM unnest($3::text[]) WITH ORDINALITY AS u(key, place) "
           "JOIN record r ON r.shard = $1::bigint AND r.stream_id = $2::bigint AND r.key = u.key"};

constexpr statement payloads_statement{
  "payloads", "SELECT u.place, r.payload FROM unnest($3::text[]) WITH ORDINALITY AS u(key, place) "
              "JOIN record r ON r.shard = $1::bigint AND r.stream_id = $2::bigint AND r.key = u.key AND NOT r.deleted"};

constexpr statement standings_statement{
  "standings", "SELECT u.place, s.cache_tag, NOT EXISTS (SELECT FROM record r "
               "WHERE r.shard = u.shard AND r.stream_id = u.stream) "
               "FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS u(shard, stream, place) "
               "JOIN stream s ON s.id = u.stream"};

/// Sessions of this writer; a writer's name is its alone.
constexpr statement end_writer{"end_writer", "SELECT pg_terminate_backend(pid, 1500) FROM pg_stat_activity "
                                             "WHERE application_name = $1::text AND pid <> pg_backend_pid() "
                                             "AND datname = current_database()"};

/// A small write of its own: whether the database commits at all.
constexpr statement touch_writer{"touch_writer", "UPDATE writer SET last_group = last_group "
                                                 "WHERE incarnation = $1::bigint AND number = $2::bigint RETURNING 1"};

/// The lock waits for a transaction that still holds the row.
constexpr statement read_evidence{"read_evidence", "SELECT last_group, opened, run_ended, refused FROM writer "
                                                   "WHERE incarnation = $1::bigint AND number = $2::bigint FOR UPDATE"};

/// Whether a life still owns shards.
constexpr statement owns_statement{"owns", "SELECT EXISTS (SELECT FROM shard WHERE owner = $1::bigint)"};

/// Keys of one probe: far below what the statement timeout allows, also when each is read from disk.
constexpr size_t keys_per_probe = 2'000;

class postgres_page_store final : public page_store {
public:
  postgres_page_store(const postgres_settings& settings, int64_t number)
    : settings_(settings),
      number_(number),
      link_(settings, "writer-" + std::to_string(number)) {}

  caf::expected<std::vector<stored_fact>> probe(shard_id shard, stream_id stream,
                                                std::span<const std::string_view> keys) override;
  caf::expected<std::vector<std::string>> payloads(shard_id shard, stream_id stream,
                                                   std::span<const std::string_view> keys) override;
  caf::expected<std::vector<stream_standing>> standings(std::span<const stream_place> streams) override;
  std::vector<page_outcome> commit(std::span<const page_commit> pages) override;
  caf::expected<std::vector<page_outcome>> settle() override;

private:
  caf::error enter();
  caf::error end_other_sessions(postgres_connection& via);
  std::vector<page_outcome> attempt(std::span<const page_commit> pages, bool careful);
  std::vector<page_outcome> after_failure(std::span<const page_commit> pages, bool careful);
  bool can_commit();
  caf::expected<std::vector<page_outcome>> without_evidence(postgres_connection& via);
  caf::error probe_some(shard_id shard, stream_id stream, std::span<const std::string_view> keys,
                        std::span<stored_fact> facts);

  postgres_settings settings_;
  int64_t number_;
  postgres_connection link_;
  bool has_entered_ = false;
  int64_t last_group_ = 0;
  bool is_open_ = false; ///< the outcome of `pending_` is unknown
  std::vector<page_commit> pending_;
};

std::vector<page_outcome> all(size_t count, commit_status status, const std::string& message) {
  page_outcome outcome;
  outcome.status = status;
  outcome.message = message;
  return std::vector<page_outcome>(count, outcome);
}

/// Keys of the changes that a careful commit dead-lettered; `refused` counts changes of the group from 1.
void note_refused(std::vector<page_outcome>& outcomes, std::span<const page_commit> pages,
                  const std::vector<int64_t>& refused) {
  for (auto index : refused) {
    auto left = static_cast<size_t>(index - 1);
    for (size_t i = 0; i < pages.size(); ++i) {
      if (left < pages[i].changes.size()) {
        outcomes[i].dead_lettered.push_back(pages[i].changes[left].key);
        break;
      }
      left -= pages[i].changes.size();
    }
  }
}

std::vector<page_outcome> committed(std::span<const page_commit> pages, const std::vector<int64_t>& opened,
                                    const std::vector<bool>& run_ended, const std::vector<int64_t>& refused) {
  std::vector<page_outcome> out(pages.size());
  size_t next = 0;
  for (size_t i = 0; i < pages.size(); ++i) {
    out[i].status = commit_status::committed;
    out[i].version = pages[i].move.expected_version + (pages[i].move.id ? 1 : 0);
    out[i].run_ended = i < run_ended.size() && run_ended[i];
    for (size_t j = 0; j < pages[i].opens.size() && next < opened.size(); ++j, ++next)
      if (opened[next] != 0)
        out[i].opened.push_back({opened[next]});
  }
  note_refused(out, pages, refused);
  return out;
}

/// Before anything is read, too: what is read then is not overtaken by a commit of an older session.
caf::error postgres_page_store::enter() {
  if (has_entered_)
    return {};
  // A life of this writer that ended with an open outcome may still have a group on its way.
  if (auto error = end_other_sessions(link_))
    return error;
  auto row = link_.execute(enter_writer, parameters{}.add(settings_.self.value).add(number_));
  if (!row)
    return row.error();
  last_group_ = row->number(0, 0);
  has_entered_ = true;
  return {};
}

/// After this nothing that was sent in this writer's name commits any more.
caf::error postgres_page_store::end_other_sessions(postgres_connection& via) {
  auto ended = via.execute(end_writer, parameters{}.add_text(link_.application_name()));
  if (!ended)
    return ended.error();
  for (int row = 0; row < ended->rows(); ++row)
    if (!ended->boolean(row, 0))
      return store_error(errc::store_unavailable, "an earlier database session of this writer does not end");
  return {};
}

caf::expected<std::vector<stored_fact>> postgres_page_store::probe(shard_id shard, stream_id stream,
                                                                   std::span<const std::string_view> keys) {
  if (auto error = enter())
    return error;
  std::vector<stored_fact> out(keys.size());
  // Without keys too the store is asked: the answer says whether it is there.
  for (size_t from = 0; from == 0 || from < keys.size(); from += keys_per_probe) {
    auto count = std::min(keys_per_probe, keys.size() - from);
    if (auto error = probe_some(shard, stream, keys.subspan(from, count), std::span{out}.subspan(from, count)))
      return error;
  }
  return out;
}

caf::error postgres_page_store::probe_some(shard_id shard, stream_id stream, std::span<const std::string_view> keys,
                                           std::span<stored_fact> facts) {
  parameters values;
  values.add(shard.value).add(stream.value).add_texts(keys);
  auto found = link_.execute(probe_statement, values);
  if (!found)
    return found.error();
  for (int row = 0; row < found->rows(); ++row) {
    auto& fact = facts[static_cast<size_t>(found->number(row, 0) - 1)];
    fact.known = true;
    fact.deleted = found->boolean(row, 1);
    fact.hash = {static_cast<uint64_t>(found->number(row, 2)), static_cast<uint64_t>(found->number(row, 3))};
    fact.order = {found->number(row, 4), found->number(row, 5), found->number(row, 6)};
    fact.form = found->number(row, 7);
  }
  return {};
}

caf::expected<std::vector<std::string>> postgres_page_store::payloads(shard_id shard, stream_id stream,
                                                                      std::span<const std::string_view> keys) {
  if (auto error = enter())
    return error;
  std::vector<std::string> out(keys.size());
  for (size_t from = 0; from < keys.size(); from += keys_per_probe) {
    auto some = keys.subspan(from, std::min(keys_per_probe, keys.size() - from));
    auto found = link_.execute(payloads_statement, parameters{}.add(shard.value).add(stream.value).add_texts(some));
    if (!found)
      return found.error();
    for (int row = 0; row < found->rows(); ++row)
      out[from + static_cast<size_t>(found->number(row, 0) - 1)] = found->string(row, 1);
  }
  return out;
}

caf::expected<std::vector<stream_standing>> postgres_page_store::standings(std::span<const stream_place> streams) {
  if (auto error = enter())
    return error;
  std::vector<int64_t> shards;
  std::vector<int64_t> ids;
  for (const auto& place : streams) {
    shards.push_back(place.shard.value);
    ids.push_back(place.stream.value);
  }
  auto found = link_.execute(standings_statement, parameters{}.add(shards).add(ids));
  if (!found)
    return found.error();
  std::vector<stream_standing> out(streams.size());
  for (int row = 0; row < found->rows(); ++row)
    out[static_cast<size_t>(found->number(row, 0) - 1)] = {found->boolean(row, 2), found->number(row, 1)};
  return out;
}

bool postgres_page_store::can_commit() {
  auto done = link_.execute(touch_writer, parameters{}.add(settings_.self.value).add(number_));
  return done && done->rows() == 1;
}

std::vector<page_outcome> postgres_page_store::after_failure(std::span<const page_commit> pages, bool careful) {
  const auto failure = link_.last_failure();
  // LD001: the writer row stands elsewhere, so the evidence has to be read.
  if (failure.is_connection_lost || failure.sqlstate == "LD001") {
    link_.close();
    is_open_ = true;
    pending_.assign(pages.begin(), pages.end());
    for (auto& page : pending_)
      for (auto& change : page.changes)
        change.payload.clear();
    return all(pages.size(), commit_status::unknown, failure.message);
  }
  // 57014: the statement timeout. Of a database that is slow in all things it is an outage.
  if (failure.sqlstate == "57014" && can_commit())
    return all(pages.size(), commit_status::timed_out,
               "not done within store.statement_timeout (" + std::to_string(settings_.statement_timeout.count()) + " ms)");
  if (!failure.is_data_error())
    return all(pages.size(), commit_status::unavailable, failure.message);
  if (pages.size() > 1 || careful)
    return all(pages.size(), commit_status::data_error, failure.message);
  const auto storable = without_unstorable(pages[0]);
  auto outcomes = attempt(std::span{&storable, 1}, true);
  if (outcomes[0].status == commit_status::committed)
    for (const auto& change : pages[0].changes) {
      auto is_same = [&](const record_change& kept) { return kept.key == change.key && kept.hash == change.hash; };
      if (std::none_of(storable.changes.begin(), storable.changes.end(), is_same))
        outcomes[0].dead_lettered.push_back(change.key);
    }
  return outcomes;
}

std::vector<page_outcome> postgres_page_store::attempt(std::span<const page_commit> pages, bool careful) {
  const commit_identity who{settings_.self, number_, last_group_ + 1};
  auto done = link_.execute(commit_statement_for(pages), commit_parameters(who, pages, careful));
  if (!done)
    return after_failure(pages, careful);
  const auto statuses = done->numbers(0, 0);
  const auto is_committed = [](int64_t status) { return status == static_cast<int64_t>(commit_status::committed); };
  if (std::all_of(statuses.begin(), statuses.end(), is_committed)) {
    ++last_group_;
    return committed(pages, done->numbers(0, 2), done->booleans(0, 3), done->numbers(0, 4));
  }
  const auto versions = done->numbers(0, 1);
  std::vector<page_outcome> out(pages.size());
  for (size_t i = 0; i < pages.size(); ++i) {
    out[i].status = static_cast<commit_status>(statuses[i]);
    out[i].version = versions[i];
  }
  return out;
}

std::vector<page_outcome> postgres_page_store::commit(std::span<const page_commit> pages) {
  if (pages.empty())
    return {};
  if (is_open_)
    return all(pages.size(), commit_status::unknown, "the outcome of an earlier group is open: settle() first");
  auto error = link_.connect();
  if (!error)
    error = enter();
  if (error)
    return all(pages.size(), commit_status::unavailable, message_of(error));
  return attempt(pages, false);
}

/// The writer's row was confirmed and is gone: rows go when their life owns nothing any more, else the database lost it.
caf::expected<std::vector<page_outcome>> postgres_page_store::without_evidence(postgres_connection& via) {
  auto owns = via.execute(owns_statement, parameters{}.add(settings_.self.value));
  if (!owns)
    return owns.error();
  if (owns->boolean(0, 0))
    return store_error(errc::conflict, "PostgreSQL had confirmed " + std::to_string(last_group_) + " commits of writer "
                                         + std::to_string(number_) + " of life " + to_string(settings_.self)
                                         + " and does not know this writer now, although its life owns shards");
  is_open_ = false;
  has_entered_ = false;
  const auto pages = std::exchange(pending_, {});
  return all(pages.size(), commit_status::refused_fence, "another life of this node has taken over");
}

caf::expected<std::vector<page_outcome>> postgres_page_store::settle() {
  if (!is_open_)
    return std::vector<page_outcome>{};
  postgres_connection second{settings_, "settle-" + std::to_string(number_)};
  if (auto error = end_other_sessions(second))
    return error;
  auto evidence = second.execute(read_evidence, parameters{}.add(settings_.self.value).add(number_));
  if (!evidence)
    return evidence.error();
  if (evidence->rows() == 0)
    return without_evidence(second);
  if (evidence->number(0, 0) < last_group_)
    return store_error(errc::conflict, "PostgreSQL had confirmed " + std::to_string(last_group_) + " commits of writer "
                                         + std::to_string(number_) + " of life " + to_string(settings_.self)
                                         + " and shows " + std::to_string(evidence->number(0, 0)) + " now");
  is_open_ = false;
  const auto pages = std::exchange(pending_, {});
  const auto last = evidence->number(0, 0);
  const bool is_committed = last == last_group_ + 1;
  last_group_ = last;
  if (!is_committed)
    return all(pages.size(), commit_status::again, "");
  return committed(pages, evidence->numbers(0, 1), evidence->booleans(0, 2), evidence->numbers(0, 3));
}

} // namespace

std::unique_ptr<page_store> make_postgres_page_store(const postgres_settings& settings, int64_t number) {
  return std::make_unique<postgres_page_store>(settings, number);
}

} // namespace lode
