#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/storage/change_finder.hpp"
#include "actors/storage/group_outcome.hpp"
#include "messages/actors.hpp"
#include "runtime/storage/page_store.hpp"

namespace lode {

struct page_writer_settings {
  size_t group_pages = 256;
  size_t group_records = 10'000;
  size_t group_bytes = 8 << 20;
  size_t cache_bytes = 128 << 20; ///< memory for what is known of committed records
  /// How long a page waits for others when no group is under way and none of the bounds above is reached.
  std::chrono::nanoseconds group_wait{0};
  /// How long Redis may stay without what was committed.
  std::chrono::nanoseconds redis_wait = std::chrono::seconds{1};
  std::chrono::nanoseconds retry_min = std::chrono::milliseconds{100};
  std::chrono::nanoseconds retry_max = std::chrono::seconds{5};
  /// Of a large page that takes longer than the database allows, alone; of any other page ten times that.
  uint32_t slow_tries = 3;
  size_t large_records = 1'000;
  size_t large_bytes = 1 << 20;
  /// A page that waited so long for its commit is late; at most half the deadline after which a miner calls it lost.
  std::chrono::nanoseconds late = std::chrono::minutes{2};
};

/// What people see of a writer. Called on the writer's thread, when what it tells is known.
struct page_writer_report {
  /// Of one page, as the store has it now.
  std::function<void(const page_counters&)> committed = [](const page_counters&) {};
  /// The same, and whose it is.
  std::function<void(tenant_id, connection_id, int64_t records)> got_on = [](auto, auto, auto) {};
  /// Of each try; `elapsed` since the group was compared.
  std::function<void(group_outcome, std::chrono::nanoseconds elapsed)> group = [](auto, auto) {};
  /// Redis stopped helping, or helps again ("").
  std::function<void(const std::string& why)> redis = [](const std::string&) {};
  /// Of each group that had an outcome, where there is a Redis.
  std::function<void(const shared_facts::use&)> redis_used = [](const shared_facts::use&) {};
};

/// Commits pages in the order in which they arrive. While one group commits, the next one gathers in the mailbox.
///
///   gathering -- full, or its first page has waited group_wait --> committing -- committed, or refused and told --> gathering
///                  committing -- unavailable --> waiting -- backoff --> committing   (same group)
///                  committing -- unknown --> settling -- backoff --> settling ...
///                                                  settling -- commits are gone --> waiting for the end of the node
///                  committing -- timed out --> gathering: half the group; a page alone behind the others, then given up
///
/// Told to hold pages it answers as soon as nothing is pending, and takes only those of one continuation until release_pages.
///
/// A page leaves `pending` only when its outcome is known. A restart loses what was pending: the clients' deadlines notice
/// and read those pages again.
struct page_writer_state {
  static constexpr const char* name = "lode.page-writer";

  /// `redis` may be nothing.
  page_writer_state(page_writer_actor::pointer self, std::shared_ptr<page_store> store, store_health* health,
                    page_writer_settings settings, page_writer_report report,
                    std::unique_ptr<shared_facts> redis = nullptr);
  ~page_writer_state();
  page_writer_actor::behavior_type make_behavior();

  void take(hashed_page&& page, const page_client_actor& client);
  void gather();
  bool is_full() const;
  void commit_group();
  void tell_when_quiet();
  void release();
  size_t group_size() const;
  void conclude(const std::vector<page_commit>& commits, const std::vector<page_outcome>& outcomes);
  void tell(size_t index, const page_outcome& outcome);
  /// The page at the head takes longer than the database allows, alone. Others go first; the last time its continuation
  /// fails instead, so its interval stays owed. Unless it is large, only tries between which others commit count: else the
  /// database is slow in all things, which is an outage.
  void head_timed_out(const std::string& why);
  bool is_large(const hashed_page& page) const;
  void set_aside(connection_id connection);
  void settle();
  void wait(const std::string& why);
  void recovered(size_t answered);
  void tell_redis_later();
  void tell_redis();
  void look_at_redis();
  void wake_up();

  page_writer_actor::pointer self;
  std::shared_ptr<page_store> store;
  change_finder changes;
  store_health* health;
  page_writer_settings settings;
  page_writer_report report;
  std::vector<hashed_page> pending;
  std::vector<page_client_actor> clients;    ///< who waits for each pending page
  std::optional<continuation_id> alone; ///< only its pages, until they are released
  caf::typed_response_promise<void> quiet; ///< of who waits until nothing is pending
  std::vector<std::pair<hashed_page, page_client_actor>> held;
  std::vector<page_commit> unsettled; ///< the group whose outcome is unknown: the first of `pending`
  std::chrono::steady_clock::time_point group_began; ///< of the group at the head, at its latest try
  size_t page_limit;                  ///< halved while a group is too much, or holds a value that the database refuses
  struct tried {
    uint32_t times = 0;
    uint64_t pages_committed = 0; ///< by this writer, at the latest try
  };
  std::map<continuation_id, tried> slow; ///< pages that took too long alone: they stand alone from then on
  uint64_t pages_committed = 0;
  std::chrono::nanoseconds backoff;
  bool is_awake = false;              ///< a wake is on its way
  uint64_t group = 0;                 ///< number of the one that gathers
  std::optional<uint64_t> waiting;    ///< the group whose first page waits for others
  bool is_out = false;                ///< the store does not answer
  bool is_redis_out = false;
  bool is_telling_redis = false;      ///< a timer runs
  bool is_stopping = false;
};
using page_writer = page_writer_actor::stateful_impl<page_writer_state>;

} // namespace lode
