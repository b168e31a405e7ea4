#include <algorithm>
#include <tuple>

#include "runtime/storage/memory/memory_state.hpp"

namespace lode {

namespace {

bool reads_everything(run_kind kind) {
  return kind != run_kind::backfill && kind != run_kind::repair;
}

/// Of two doubts the one with the later logical time is the later.
bool is_later(const fact_order& doubt, const fact_order& than) {
  return std::tie(doubt.epoch, doubt.counter) > std::tie(than.epoch, than.counter);
}

} // namespace

std::optional<instant> memory_database::state::known_until(connection_id connection) const {
  const auto edition = connections.at(connection).row.edition;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const auto& row = run->second.summary;
    if (row.connection != connection || row.phase != run_phase::finished || !reads_everything(row.kind)
        || run->second.edition != edition)
      continue;
    if (std::ranges::any_of(continuations, [&](const auto& each) { return each.second.row.run == row.run && !each.second.row.is_sweep; }))
      return row.started;
  }
  return std::nullopt;
}

gap_row memory_database::state::shown(const gap_entry& gap) const {
  auto out = gap.row;
  if (!out.repair && out.is_first)
    out.from = std::min(std::max(out.from, known_until(out.connection).value_or(instant{})), *out.until);
  auto run = runs.find(out.repair);
  if (run != runs.end() && run->second.summary.phase == run_phase::open)
    out.state = gap_state::repairing;
  else if (run != runs.end() && run->second.summary.phase == run_phase::finished)
    out.state = std::ranges::any_of(out.unswept, [&](stream_id id) { return streams.contains(id) && streams.at(id).is_chosen; })
                  ? gap_state::unverified
                  : gap_state::closed;
  return out;
}

live_counts memory_database::state::count_live(std::optional<incarnation> owner) const {
  const auto counts = [&](connection_id connection) {
    return !owner || shards.at(connections.at(connection).row.shard).owner == *owner;
  };
  live_counts out;
  for (const auto& [connection, row] : listeners)
    if (counts(connection))
      ++(is_listening(row) ? out.listening : out.silent);
  for (const auto& [id, entry] : gaps) {
    const auto gap = shown(entry);
    if (!counts(gap.connection) || gap.state == gap_state::closed)
      continue;
    if (gap.state == gap_state::unverified) {
      ++out.unverified;
      continue;
    }
    ++(gap.state == gap_state::owed ? out.owed : out.repairing);
    if (!gap.is_first)
      out.oldest = std::min(out.oldest.value_or(gap.from), gap.from);
  }
  for (const auto& [key, row] : rechecks)
    out.rechecks += counts(streams.at(key.first).connection) ? 1 : 0;
  return out;
}

bool memory_database::state::has_read(connection_id connection, run_id before) const {
  return std::ranges::any_of(continuations, [&](const auto& each) {
    const auto& [id, entry] = each;
    return entry.row.run < before && runs.at(entry.row.run).summary.connection == connection && entry.counters.records > 0;
  });
}

void memory_database::state::plan_repair(run_id run, const run_start& start) {
  auto& row = runs.at(run);
  row.edition = start.edition;
  const auto& connection = connections.at(start.connection).row;
  if (row.summary.phase != run_phase::open || connection.edition != start.edition
      || sources.at(connection.source).version != start.source_version)
    return;
  for (auto& [id, gap] : gaps) {
    auto now = shown(gap);
    if (now.connection != start.connection || now.repair || !now.until)
      continue;
    const bool reads_its_end = start.repairs && *now.until <= start.repairs->to;
    const bool reads_its_begin = start.kind == run_kind::repair ? start.repairs && start.repairs->from <= now.from
                                                                : now.is_first && reads_everything(start.kind);
    if (reads_its_begin && reads_its_end) {
      gap.row.from = now.from;
      gap.row.repair = run;
      const bool had_nothing = now.is_first && (now.from == *now.until || !has_read(start.connection, run));
      gap.row.unswept = had_nothing ? std::vector<stream_id>{} : start.hears_deletes;
      gap.edition = start.edition;
      gap.source_version = start.source_version;
    }
  }
}

void memory_database::state::return_gaps(const run_summary& run) {
  for (auto& [id, gap] : gaps) {
    if (gap.row.repair != run.run)
      continue;
    const auto& connection = connections.at(gap.row.connection).row;
    if (run.phase == run_phase::finished && connection.edition == gap.edition
        && sources.at(connection.source).version == gap.source_version)
      continue;
    gap.row.repair = {};
    gap.row.unswept.clear();
    ++gap.row.failures;
  }
}

void memory_database::state::note_rechecks(const page_commit& page) {
  for (const auto& settled : page.rechecked)
    if (auto found = rechecks.find({page.stream, settled.key}); found != rechecks.end() && !is_later(found->second.asked, settled.asked))
      rechecks.erase(found);
  for (const auto& raised : page.rechecks) {
    const auto due = now() + raised.due_in;
    auto [at, is_new] = rechecks.try_emplace({page.stream, raised.key}, recheck_entry{due, raised.asked, 0});
    auto& row = at->second;
    if (!is_new && !is_later(row.asked, raised.asked)) {
      row.due = std::max(row.due, due);
      row.asked = raised.asked;
    }
  }
}

} // namespace lode
