#pragma once

#include "tests/simapi/settings.hpp"

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace simapi {

/// One state of a record: when it was changed and which content it got. `content` with `raw_flag` set means text given by a test.
struct version {
  int64_t updated_at;
  uint32_t content;

  bool operator==(const version&) const = default;
};

/// What exists only for records that were changed: all versions, and which of them were served (ascending).
struct history {
  std::vector<version> versions;
  std::vector<uint32_t> served;
  std::vector<uint32_t> deletes_sent; // versions after which it was deleted and an event has told so (ascending)
};

/// A record. Its text is made when needed (`world::append_text`).
struct record {
  uint64_t number;
  uint64_t parent; // comments: number of the post
  int64_t created_at;
  version current;
  uint32_t version_number = 0;
  bool deleted = false;
  bool first_served = false; // meaningful while there is no history
  bool uncertain = false;    // the program died while it sent the latest version
  uint64_t touched = 0;      // sequence of the last change or first serving of a version
  std::unique_ptr<history> past;
};

/// Records, comma-separated, as a page shows them; with the versions it shows.
struct page_block {
  std::string text;
  std::vector<std::pair<uint32_t, uint32_t>> shown; // (index in the stream, version)
  bool marked = false;                              // everything shown is known to have been served
};

/// Where a record stands in its stream's order.
struct order_key {
  int64_t major;
  uint64_t minor;

  auto operator<=>(const order_key&) const = default;
};

/// One kind of record of one tenant.
struct stream {
  stream_kind kind;
  std::vector<record> records; // ascending by number; deleted ones stay
  std::vector<uint32_t> order; // live records, ascending by order_key
  std::unordered_map<uint64_t, std::shared_ptr<page_block>> pages; // valid until the next change
};

struct tenant {
  uint32_t index;
  std::string name;
  dialect speaks;
  uint64_t account; // the number that graph paths name
  std::vector<stream> streams;

  stream* find(stream_kind kind);
};

enum class change_kind : uint8_t { created, updated, deleted };

/// One change of one record, told at the moment at which it is made.
struct world_change {
  tenant* owner;
  stream* in;
  uint32_t index;   // in stream::records
  uint32_t version; // that it has now; deleted: that it had last
  change_kind kind;
  int64_t at;
};

/// Which part of a stream's order a page shows.
struct page_range {
  order_key lower, upper; // inclusive
  bool descending = false;
  bool has_after = false;
  order_key after{}; // the last record that was seen
  uint64_t offset = 0;
  uint32_t limit = 0;
};

struct page_selection {
  size_t begin = 0; // in stream::order
  size_t count = 0;
  size_t total = 0; // records within the bounds
  bool more = false;
  order_key first{}, last{}; // of what is shown, if anything is
};

/// All tenants and their records, and what was served of them. Deterministic: the same settings and the same calls in the same order
/// give the same world. Not synchronised.
class world {
public:
  static constexpr uint32_t raw_flag = 0x80000000;

  explicit world(const settings& from);

  std::deque<tenant>& tenants() { return tenants_; }
  tenant* find(const std::string& name);
  tenant* find_account(uint64_t account);

  /// The record with this key, deleted or not; nullptr if there never was one.
  record* find(stream& in, const std::string& key);
  record* find_number(stream& in, uint64_t number);

  order_key key_of(const stream& in, const record& of) const;
  std::string key_text(const tenant& owner, const stream& in, const record& of) const;

  page_selection select(const stream& from, const page_range& range) const;

  /// The text of a selection, from the cache if nothing has changed.
  std::shared_ptr<page_block> render(const tenant& owner, stream& from, const page_selection& what, bool descending);

  void append_text(std::string& out, const tenant& owner, const stream& in, const record& of, const version& which) const;

  // Changes. `now` is the record's new update time.
  // `raw`, if any, is the record's exact text.
  record& insert(tenant& owner, stream& in, uint64_t parent, int64_t now, uint64_t number = 0, const std::string* raw = nullptr);
  void edit(tenant& owner, stream& in, record& what, int64_t now, const std::string* raw = nullptr);
  void revert(tenant& owner, stream& in, record& what, uint32_t to_version, int64_t now);
  void erase(tenant& owner, stream& in, record& what, int64_t now);
  void restore(tenant& owner, stream& in, record& what, int64_t now, const std::string* raw = nullptr);
  /// Gives the post of a comment a new update time. Returns whether there is a live post.
  bool touch_parent(tenant& owner, uint64_t post, int64_t now);

  /// Notes that a version was sent. `certain` is false if it is only known that it may have been.
  void mark_served(stream& in, uint32_t index, uint32_t version, bool certain = true);
  /// Notes that an event told that the record was deleted, having had this version.
  void mark_delete_sent(stream& in, uint32_t index, uint32_t version);
  bool was_served(const stream& in, uint32_t index, uint32_t version) const;
  std::vector<uint32_t> served_versions(const record& of) const;
  version version_of(const record& of, uint32_t number) const;

  /// Called with each change, if set.
  std::function<void(const world_change&)> on_change;

  /// Grows with each change and each first serving of a version.
  uint64_t sequence() const { return sequence_; }
  uint64_t records_deleted() const { return deleted_; }
  uint64_t parents_touched() const { return parents_touched_; }

private:
  void fill(tenant& owner, stream& target, uint32_t count);
  void fill_comments(tenant& owner, stream& target, uint32_t mean);
  void sort_order(stream& in);
  void tell(tenant& owner, stream& in, const record& what, change_kind kind, int64_t now) const;
  history& keep_history(record& what);
  void add_version(stream& in, record& what, version next);
  void leave_order(stream& in, const record& what);
  void enter_order(stream& in, const record& what);
  void forget_pages(stream& in);
  void bury(tenant& owner, stream& in, record& what, int64_t now);
  uint32_t keep_raw(const std::string& text);

  settings settings_;
  std::deque<tenant> tenants_;
  std::unordered_map<std::string, tenant*> by_name_;
  std::unordered_map<uint64_t, tenant*> by_account_;
  std::vector<std::string> raw_texts_;
  uint64_t sequence_ = 0;
  uint64_t deleted_ = 0;
  uint64_t parents_touched_ = 0;
  size_t cached_bytes_ = 0;
};

} // namespace simapi
