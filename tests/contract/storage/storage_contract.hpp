#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "runtime/storage/admin_store.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/generation_store.hpp"
#include "runtime/storage/live_store.hpp"
#include "runtime/storage/membership_store.hpp"
#include "runtime/storage/page_store.hpp"
#include "runtime/storage/run_store.hpp"
#include "runtime/storage/sink_store.hpp"
#include "runtime/storage/standing_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/upkeep_store.hpp"

namespace lode::test {

/// One implementation of the three stores, and the ways in which a test makes it fail.
class storage_backend {
public:
  virtual ~storage_backend() = default;
  virtual std::unique_ptr<page_store> make_page_store(incarnation self, int64_t number) = 0;
  virtual std::unique_ptr<run_store> make_run_store(incarnation self) = 0;
  virtual std::unique_ptr<catalog_store> make_catalog_store() = 0;
  virtual std::unique_ptr<admin_store> make_admin_store() = 0;
  virtual std::unique_ptr<upkeep_store> make_upkeep_store() = 0;
  /// A tool's, which is no life of a node.
  virtual std::unique_ptr<generation_store> make_generation_store() = 0;
  virtual std::unique_ptr<membership_store> make_membership_store(incarnation self) = 0;
  virtual std::unique_ptr<live_store> make_live_store(incarnation self) = 0;
  virtual std::unique_ptr<standing_store> make_standing_store(incarnation self) = 0;
  virtual std::unique_ptr<sink_store> make_sink_store(incarnation self) = 0;

  /// A page store whose next commit loses its reply, done or not, when break_next_commit says so.
  virtual std::unique_ptr<page_store> make_breakable_page_store(incarnation self, int64_t number) = 0;
  virtual void break_next_commit(bool is_done) = 0;
  /// From now on the store refuses records with this key as data.
  virtual void poison(const std::string& key) = 0;
  /// Closes a continuation without telling its run, which no operation does: the run stays open with nothing to do.
  virtual void close_behind_its_run(continuation_id continuation) = 0;
  /// Removes a shard's feed up to a position, as its time does.
  virtual void trim_feed(shard_id shard, int64_t upto) = 0;
  /// Counts all rows in all tables that name the tenant or what it has now; also after it is gone.
  virtual std::function<int64_t()> row_counter(tenant_id tenant) = 0;
  virtual int64_t dead_letters(stream_id stream) = 0;
  /// What is told by the owners of the shards, by connection.
  virtual std::vector<told_standing> standings() = 0;
  /// Of a connection, latest first.
  virtual std::vector<call_error> call_errors(connection_id connection) = 0;
};

struct backend_factory {
  const char* name;
  std::unique_ptr<storage_backend> (*make)();
  friend void PrintTo(const backend_factory& factory, std::ostream* out) { *out << factory.name; }
};

backend_factory memory_backend();
backend_factory postgres_backend();

instant at_day(int day);

/// One tenant with a connection of two streams on a node "n1" that owns all shards, and a run with one continuation.
class storage_contract : public testing::TestWithParam<backend_factory> {
protected:
  storage_contract();

  static constexpr incarnation first_life{1001};
  static constexpr incarnation second_life{1002};
  static constexpr incarnation third_life{1003};
  static constexpr incarnation fourth_life{1004};

  connection_row connect(const std::string& tenant, const std::string& name = "shop");
  shard_claim claim_of(shard_id shard) const;
  run_start start_of(const connection_row& connection, run_kind kind = run_kind::scheduled) const;
  /// Of a life of node "n1" that makes itself the owner of all that nobody alive owns.
  caf::expected<std::vector<shard_claim>> claim_all(incarnation self, const std::string& name = "n1");
  /// Claims all shards for another life of the node, as after a crash.
  void claim_again(incarnation self);

  /// A page of the run's continuation without changes.
  page_commit page(int64_t version, continuation_phase phase = continuation_phase::open) const;
  page_commit page_of(const connection_row& connection, run_id run, continuation_id id, int64_t version,
                      continuation_phase phase = continuation_phase::open) const;
  page_commit page_with(int64_t version, std::vector<record_change> changes) const;

  /// Edits one cursor from where it stands.
  caf::expected<int64_t> set_cursor(stream_id stream, const std::string& partition, std::optional<instant> known_up_to);

  std::vector<page_outcome> commit(const std::vector<page_commit>& pages) { return pages_->commit(pages); }
  commit_status commit_one(const page_commit& page) { return pages_->commit({&page, 1}).front().status; }

  stored_fact fact(const std::string& key);
  std::vector<stored_record> records(bool with_deleted = false);
  std::vector<feed_entry> feed();
  /// The feed as "kind key hash" words.
  std::vector<std::string> feed_words();

  std::unique_ptr<storage_backend> backend_;
  std::unique_ptr<run_store> runs_;
  std::unique_ptr<catalog_store> catalog_;
  std::unique_ptr<page_store> pages_;
  std::vector<shard_claim> claims_;
  source_row source_;
  connection_row connection_;
  stream_id posts_;
  stream_id comments_;
  run_id run_;
  continuation_id continuation_;
};

record_change insert(const std::string& key, uint64_t content, int64_t counter = 1);
record_change update(const std::string& key, uint64_t content, int64_t counter = 1);
record_change removal(const std::string& key, int64_t counter = 1);

std::vector<commit_status> statuses(const std::vector<page_outcome>& outcomes);

} // namespace lode::test
