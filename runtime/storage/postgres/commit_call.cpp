#include "runtime/storage/postgres/commit_call.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "runtime/storage/key_marks.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

using texts = std::vector<std::string_view>;
using numbers = std::vector<int64_t>;

int64_t micros(instant at) {
  return at.time_since_epoch().count();
}

template <class Range, class Read>
numbers column(const Range& rows, Read read) {
  numbers out;
  out.reserve(rows.size());
  for (const auto& row : rows)
    out.push_back(static_cast<int64_t>(read(row)));
  return out;
}

template <class Range, class Read>
texts text_column(const Range& rows, Read read) {
  texts out;
  out.reserve(rows.size());
  for (const auto& row : rows)
    out.push_back(read(row));
  return out;
}

void add_pages(parameters& out, std::span<const page_commit> pages) {
  auto add = [&](auto read) { out.add(column(pages, read)); };
  add([](const page_commit& page) { return page.tenant.value; });
  add([](const page_commit& page) { return page.connection.value; });
  add([](const page_commit& page) { return page.stream.value; });
  add([](const page_commit& page) { return page.shard.value; });
  add([](const page_commit& page) { return page.epoch.value; });
  out.add_texts(text_column(pages, [](const page_commit& page) { return std::string_view{page.partition}; }));
  add([](const page_commit& page) { return page.move.id.value; });
  add([](const page_commit& page) { return page.move.run.value; });
  add([](const page_commit& page) { return page.move.expected_version; });
  add([](const page_commit& page) { return page.move.phase; });
  out.add_byte_strings(text_column(pages, [](const page_commit& page) { return std::string_view{page.move.state}; }));
  std::vector<std::string> reasons; // one that the database does not take would cost the group
  for (const auto& page : pages)
    reasons.push_back(storable_reason(page.move.reason));
  out.add_texts(texts{reasons.begin(), reasons.end()});
  std::vector<uint8_t> completes;
  for (const auto& page : pages)
    completes.push_back(page.completes_slice ? 1 : 0);
  out.add_bools(completes);
  add([](const page_commit& page) { return micros(page.completed.from); });
  add([](const page_commit& page) { return micros(page.completed.to); });
  add([](const page_commit& page) { return page.cache_tag; });
  add([](const page_commit& page) { return page.form; });
  for (auto counter : {&page_counters::pages, &page_counters::records, &page_counters::inserted,
                       &page_counters::updated, &page_counters::unchanged, &page_counters::refused_older,
                       &page_counters::dead, &page_counters::bytes})
    add([counter](const page_commit& page) { return page.counters.*counter; });
}

/// Where each page's changes stand among all, counted from 1, and their operations in the feed.
void add_entries(parameters& out, std::span<const page_commit> pages) {
  numbers first, last;
  std::vector<std::string> operations;
  int64_t count = 0;
  for (const auto& page : pages) {
    first.push_back(count + 1);
    last.push_back(count += static_cast<int64_t>(page.changes.size()));
    auto& word = operations.emplace_back();
    for (const auto& change : page.changes)
      word += change.kind == change_kind::inserted ? 'i' : change.kind == change_kind::updated ? 'u' : 'd';
  }
  out.add(first).add(last).add_texts(texts{operations.begin(), operations.end()});
}

/// A row of a page beside the page's number, counted from 1.
template <class Row>
struct row_of_page {
  int64_t page;
  const Row* row;
};

template <class Row>
std::vector<row_of_page<Row>> rows_of(std::span<const page_commit> pages, std::vector<Row> page_commit::*member) {
  std::vector<row_of_page<Row>> out;
  for (size_t i = 0; i < pages.size(); ++i)
    for (const auto& row : pages[i].*member)
      out.push_back({static_cast<int64_t>(i) + 1, &row});
  return out;
}

void add_opens(parameters& out, std::span<const page_commit> pages) {
  const auto rows = rows_of(pages, &page_commit::opens);
  out.add(column(rows, [](const auto& at) { return at.page; }));
  out.add(column(rows, [](const auto& at) { return at.row->stream.value; }));
  out.add_texts(text_column(rows, [](const auto& at) { return std::string_view{at.row->partition}; }));
  out.add(column(rows, [](const auto& at) { return micros(at.row->slice.from); }));
  out.add(column(rows, [](const auto& at) { return micros(at.row->slice.to); }));
  out.add_byte_strings(text_column(rows, [](const auto& at) { return std::string_view{at.row->state}; }));
}

struct key_of_stream {
  int64_t stream;
  std::string_view key;
  friend bool operator==(const key_of_stream&, const key_of_stream&) = default;
};

struct hash_key_of_stream {
  size_t operator()(const key_of_stream& x) const noexcept {
    return std::hash<std::string_view>{}(x.key) ^ std::hash<int64_t>{}(x.stream) * 31;
  }
};

/// What becomes of a row, as lode_commit_v1 takes it; only a live record is inserted without a look. One statement may touch a key once, so the last change of each writes;
/// all of them go into the feed. What is only hashed in another form has a statement of its own.
enum row_write : int64_t { nothing, upsert, insert };

numbers row_writes(std::span<const page_commit> pages, const std::vector<row_of_page<record_change>>& rows) {
  numbers out(rows.size(), nothing);
  std::unordered_map<key_of_stream, size_t, hash_key_of_stream> last;
  last.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& change = *rows[i].row;
    if (change.kind == change_kind::reformed)
      continue;
    auto [entry, is_only] = last.try_emplace({pages[static_cast<size_t>(rows[i].page - 1)].stream.value, change.key}, i);
    out[std::exchange(entry->second, i)] = nothing;
    out[i] = is_only && change.is_first && change.kind == change_kind::inserted ? insert : upsert;
  }
  return out;
}

void add_changes(parameters& out, std::span<const page_commit> pages) {
  const auto rows = rows_of(pages, &page_commit::changes);
  out.add(column(rows, [](const auto& at) { return at.page; }));
  out.add(column(rows, [](const auto& at) { return at.row->kind; }));
  out.add(row_writes(pages, rows));
  out.add_texts(text_column(rows, [](const auto& at) { return std::string_view{at.row->key}; }));
  out.add_texts(text_column(rows, [](const auto& at) { return std::string_view{at.row->payload}; }));
  out.add(column(rows, [](const auto& at) { return at.row->hash.high; }));
  out.add(column(rows, [](const auto& at) { return at.row->hash.low; }));
  out.add(column(rows, [](const auto& at) { return at.row->order.field; }));
  out.add(column(rows, [](const auto& at) { return at.row->order.epoch; }));
  out.add(column(rows, [](const auto& at) { return at.row->order.counter; }));
}

void add_dead(parameters& out, std::span<const page_commit> pages) {
  const auto rows = rows_of(pages, &page_commit::dead);
  out.add(column(rows, [](const auto& at) { return at.page; }));
  out.add_texts(text_column(rows, [](const auto& at) { return std::string_view{at.row->key}; }));
  out.add_texts(text_column(rows, [](const auto& at) { return std::string_view{at.row->payload}; }));
  out.add_texts(text_column(rows, [](const auto& at) { return std::string_view{at.row->reason}; }));
  out.add(column(rows, [](const auto& at) { return at.row->order.field; }));
  out.add(column(rows, [](const auto& at) { return at.row->order.epoch; }));
  out.add(column(rows, [](const auto& at) { return at.row->order.counter; }));
}

std::string numbered_parameters(int count) {
  std::string out;
  for (int i = 1; i <= count; ++i)
    out += (i == 1 ? "$" : ", $") + std::to_string(i);
  return out;
}

// Identity 4, pages 28, opened continuations 6, changes 10, dead records 7.
const std::string commit_text = "SELECT out_status, out_version, out_opened, out_run_ended, out_refused "
                                "FROM lode_commit_v1(" + numbered_parameters(55) + ")";

/// The same, and in its transaction what full passes leave: deleted by page 1, marks 3 (0020_deletes.sql), what newest-first slices
/// leave: anchors 7 (0050_anchors.sql), and doubts: raised 6, settled 4 (0080_live.sql).
const std::string noting_text = "SELECT out_status, out_version, out_opened, out_run_ended, out_refused, "
                                "lode_note_deletes(out_status, $11, $56, $57, $58, $59), "
                                "lode_note_anchors(out_status, $60, $61, $62, $63, $64, $65, $66), "
                                "lode_note_rechecks(out_status, $6, $7, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76) "
                                "FROM lode_commit_v1(" + numbered_parameters(55) + ")";

bool leaves_notes(std::span<const page_commit> pages) {
  return std::any_of(pages.begin(), pages.end(), [](const page_commit& page) {
    return page.pass || page.counters.deleted > 0 || page.anchor || !page.rechecks.empty() || !page.rechecked.empty();
  });
}

/// Only a slice that was read proves something: no other page moves an anchor, whatever it carries.
bool leaves_anchor(const page_commit& page) {
  return page.anchor && page.move.phase == continuation_phase::closed;
}

void add_anchors(parameters& out, std::span<const page_commit> pages) {
  std::vector<const page_commit*> leaving;
  for (const auto& page : pages)
    if (leaves_anchor(page))
      leaving.push_back(&page);
  auto add = [&](auto read) { out.add(column(leaving, read)); };
  add([](const page_commit* page) { return page->stream.value; });
  out.add_texts(text_column(leaving, [](const page_commit* page) { return std::string_view{page->partition}; }));
  add([](const page_commit* page) { return page->anchor->position; });
  add([](const page_commit* page) { return micros(page->anchor->known_until); });
  add([](const page_commit* page) { return page->move.run.value; });
  add([](const page_commit* page) { return page->anchor->edition; });
  out.add_texts(text_column(leaving, [](const page_commit* page) { return std::string_view{page->anchor->source_version}; }));
}

void add_rechecks(parameters& out, std::span<const page_commit> pages) {
  const auto raised = rows_of(pages, &page_commit::rechecks);
  out.add(column(raised, [](const auto& at) { return at.page; }));
  out.add_texts(text_column(raised, [](const auto& at) { return std::string_view{at.row->key}; }));
  out.add(column(raised, [](const auto& at) { return at.row->due_in.count(); }));
  out.add(column(raised, [](const auto& at) { return at.row->asked.field; }));
  out.add(column(raised, [](const auto& at) { return at.row->asked.epoch; }));
  out.add(column(raised, [](const auto& at) { return at.row->asked.counter; }));
  const auto settled = rows_of(pages, &page_commit::rechecked);
  out.add(column(settled, [](const auto& at) { return at.page; }));
  out.add_texts(text_column(settled, [](const auto& at) { return std::string_view{at.row->key}; }));
  out.add(column(settled, [](const auto& at) { return at.row->asked.epoch; }));
  out.add(column(settled, [](const auto& at) { return at.row->asked.counter; }));
}

void add_notes(parameters& out, std::span<const page_commit> pages) {
  out.add(column(pages, [](const page_commit& page) { return page.counters.deleted; }));
  numbers streams, passes;
  std::vector<std::string> keys;
  for (const auto& page : pages)
    if (page.pass && !page.marks.empty()) {
      streams.push_back(page.stream.value);
      passes.push_back(page.pass.value);
      keys.push_back(pack_marks(page.marks));
    }
  out.add(streams).add(passes).add_byte_strings(texts{keys.begin(), keys.end()});
  add_anchors(out, pages);
  add_rechecks(out, pages);
}

constexpr size_t dead_payload_limit = 65536;

} // namespace

const statement& commit_statement_for(std::span<const page_commit> pages) {
  static const statement plain{"commit", commit_text.c_str()};
  static const statement noting{"commit_and_note", noting_text.c_str()};
  return leaves_notes(pages) ? noting : plain;
}

parameters commit_parameters(const commit_identity& who, std::span<const page_commit> pages, bool careful) {
  parameters out;
  out.add(who.self.value).add(who.writer).add(who.group).add(careful);
  add_pages(out, pages);
  add_entries(out, pages);
  add_opens(out, pages);
  add_changes(out, pages);
  add_dead(out, pages);
  if (leaves_notes(pages))
    add_notes(out, pages);
  return out;
}

page_commit without_unstorable(page_commit page) {
  std::vector<record_change> kept;
  for (auto& change : page.changes) {
    std::string reason;
    if (change.key.size() > max_key_bytes)
      reason = "the key has " + std::to_string(change.key.size()) + " bytes, at most " + std::to_string(max_key_bytes)
               + " are possible";
    else if (!is_storable_text(change.key))
      reason = "the key is not UTF-8 or contains U+0000";
    else if (!is_storable_text(change.payload))
      reason = "the record is not UTF-8 or contains a raw U+0000";
    if (reason.empty()) {
      kept.push_back(std::move(change));
      continue;
    }
    page.counters.inserted -= change.kind == change_kind::inserted ? 1 : 0;
    page.counters.updated -= change.kind == change_kind::updated ? 1 : 0;
    ++page.counters.dead;
    page.dead.push_back({std::move(change.key), std::move(change.payload), std::move(reason), change.order});
  }
  page.changes = std::move(kept);
  // What can't be a key is no record's.
  const auto is_no_key = [](const auto& doubt) { return doubt.key.size() > max_key_bytes || !is_storable_text(doubt.key); };
  std::erase_if(page.rechecks, is_no_key);
  std::erase_if(page.rechecked, is_no_key);
  for (auto& dead : page.dead) {
    dead.key = storable_text(dead.key, max_key_bytes);
    dead.payload = storable_text(dead.payload, dead_payload_limit);
    dead.reason = storable_reason(dead.reason);
  }
  return page;
}

} // namespace lode
