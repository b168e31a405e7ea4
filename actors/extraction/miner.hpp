#pragma once

#include <caf/expected.hpp>

#include <atomic>
#include <memory>
#include <optional>

#include "actors/extraction/commit_window.hpp"
#include "actors/extraction/mining_services.hpp"
#include "actors/extraction/voided_pages.hpp"
#include "messages/actors.hpp"
#include "messages/wire/continuation.pb.h"
#include "runtime/http/http_client.hpp"

namespace lode {

/// What a miner is made for: one continuation of one connection.
struct miner_job {
  services_pointer services;
  connection_pointer connection;
  continuation_row row;
  uint32_t stream = 0; ///< index in the plan
  tenant_supervisor_actor supervisor;
  credential_keeper_actor credentials; ///< null unless the stream authenticates with OAuth
  /// Runs of the connection that are open at the moment; the supervisor counts. Null counts as one.
  std::shared_ptr<const std::atomic<uint32_t>> open_runs;
  uint32_t restarts = 0; ///< of its continuation's miner, after defects
};

/// Its line on the board.
work_line line_of(const miner_job& job, worker who, uint64_t actor);

/// Fetches one continuation page by page:
///
///   starting -> idle -> permit -> (token ->) (leaseless ->) fetching -> (quarantined ->) parsing -> idle ..., the commits
///   following behind
///   any -- page refused, lost, or deadline over --> resuming: a new generation, read from the store
///   any -- finish_page --> what is in flight commits, nothing else is asked for; then it ends, the continuation stays open
///
/// The commits follow within the window. A continuation that was open through a death of the process fetches nothing ahead
/// until it has passed what may have been in work then: so its row stands at the very page, should that page have been the
/// cause. The page of a suspect waits for its turn in the quarantine until one of them is committed.
///
/// A page that the store refuses voids what was fetched ahead, whose bytes stay booked while it lies in a mailbox. Trouble of
/// the API is waited out within the source's rules, trouble of the store is the writer's affair. Quits with an error only on
/// a defect; ends with its supervisor.
///
/// In files by topic: the page path in miner.cpp, what goes wrong in miner_failures.cpp, deadline and end in miner_end.cpp.
struct miner_state {
  static constexpr const char* name = "lode.miner";
  enum class step : uint8_t { starting, idle, permit, token, leaseless, fetching, quarantined, parsing, pausing, resuming, draining };

  miner_state(miner_actor::pointer self, miner_job job);
  miner_actor::behavior_type make_behavior();

  // the page path
  void begin(const continuation_row& row);
  void ask();
  void authorize();
  void token_refused(caf::error why);
  void fetch(std::string access_token);
  /// Of the page that `state` names.
  caf::expected<http_request> request_of_page() const;
  /// Another node may have taken over by now: waits until this one knows better. Uses up no retries.
  void wait_for_lease();
  void hand_on(exchange_pointer exchange);
  void no_answer(const http_error& error);
  /// The manifest makes none of this page.
  void no_request(const caf::error& why);
  /// The page that may end the process is here: not touched before nothing else is in work.
  void parse_alone(exchange_pointer exchange);
  void leave_quarantine(bool is_committed = false);
  void parse(exchange_pointer exchange);
  void parsed(page_parsed& page);
  void unreadable(page_unreadable page);
  void committed(const page_committed& page);
  /// Pages whose commit is known leave the window. The writer's word may overtake the processor's, so both lead here.
  void leave_window();

  // what goes wrong
  void try_again(const page_unreadable& page);
  void wait_for_limit(page_unreadable& page);
  void retry(std::chrono::nanoseconds after);
  void pause(step then, std::chrono::nanoseconds after);
  void give_up(const caf::error& reason);
  void suspend(const caf::error& reason);
  void refresh_token_once(const caf::error& reason);
  void refused();
  void resume_from_store();
  /// Nothing that was fetched counts any more; what was handed on stays booked until somebody has spoken of it.
  void void_pages();
  void give_back(uint64_t bytes);
  void watch();
  void timer(uint64_t token);
  /// The tenant moves to another node.
  void finish_page();
  /// Ends when it is to and nothing is in flight any more.
  bool finish();
  /// Drops what it is doing: nothing of it is needed any more.
  void stop(caf::error reason);
  void end(continuation_phase phase, bool run_ended, const std::string& reason);

  std::string path() const;
  /// People: metrics.
  void fetched(fetch_result result) const;
  /// People: metrics and log lines.
  void tell(run_event event, const std::string& detail) const;
  /// People: what it waits for.
  void fails(wait_reason why, const caf::error& reason);
  void report_call(const caf::error& reason) const;

  miner_actor::pointer self;
  miner_job job;
  step at = step::starting;
  uint64_t generation = 0;
  int64_t version = 0;                ///< that the row must have when the next page commits
  wire::continuation_state state;     ///< of the next page
  fact_order stamp;
  instant requested_at{};
  bool is_beside_another_run = false; ///< when the page in flight was requested
  caf::actor_clock::time_point sent; ///< when the page in flight was requested
  uint64_t estimate = 0;              ///< moving average of the stream's pages
  uint64_t reserved = 0;              ///< for the page in flight; its true size once it is here
  commit_window ahead;                ///< parsed, not yet committed
  voided_pages voided;                ///< of earlier generations, handed on and not answered for
  uint32_t failures = 0;
  uint32_t waits = 0;
  std::string access_token;
  bool is_token_rejected = false;
  bool is_finishing = false;
  std::optional<counted_wait> lease_wait;
  std::optional<request_handle> in_flight;
  bool has_timed_out = false;     ///< the page in flight
  exchange_pointer being_read;    ///< by the processor, for people, should it be no page
  activity_board::entry shown;
  std::optional<double> quota_left;   ///< as the latest page that says so left it
  uint64_t timer_token = 0;           ///< of the pause
  uint64_t watch_token = 0;           ///< of the deadline
  caf::actor_clock::time_point last_progress;
};
using miner = miner_actor::stateful_impl<miner_state>;

} // namespace lode
