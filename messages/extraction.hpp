#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/error.hpp"
#include "messages/ids.hpp"
#include "messages/limits.hpp"
#include "messages/storage.hpp"

/// What a page's way is made of: miner -> gate -> HTTP -> miner -> processor -> writer -> miner. These messages stay
/// inside one node. A generation numbers the attempts of one miner: what an older generation asked for is void.
namespace lode {

struct connection_context;  // actors/extraction/connection_context.hpp: plan, configuration, secrets, shard claim
struct record_form;         // runtime/extraction/record_form.hpp: how content hashes are made
struct http_exchange;       // actors/extraction/http_exchange.hpp: what came back for one request

using connection_pointer = std::shared_ptr<const connection_context>;
using form_pointer = std::shared_ptr<const record_form>;
using exchange_pointer = std::shared_ptr<const http_exchange>;

/// The miner's message to itself: fetch the page that its state names. It carries what the durable continuation
/// carries, by reference to the miner's own state.
struct go_on {
  uint64_t generation = 0;
};

/// What came back for a request of this generation: an answer or an error.
struct response_arrived {
  uint64_t generation = 0;
  exchange_pointer exchange;
};

/// A response to turn into hashed records. `version` is what the continuation's row must have when the page commits.
struct process_page {
  continuation_id continuation;
  run_id run;
  uint64_t generation = 0;
  int64_t version = 0;
  fact_order stamp; ///< epoch and counter taken before the request was sent
  connection_pointer connection;
  uint32_t stream = 0; ///< index in the plan
  std::string partition;
  slice_bounds slice;
  std::string state;   ///< wire::continuation_state, not sealed
  uint32_t failures = 0;   ///< failed tries of this page so far
  uint32_t waits = 0;      ///< how often it has waited for a limit in a row
  instant requested_at{};  ///< node clock when the request was sent; for "now" in templates
  exchange_pointer exchange;
  bool is_beside_another_run = false; ///< another run of the connection was open when the request was sent
  run_id pass{}; ///< see continuation_row
  /// Of a connection that listens: see hashed_page. `stamp` is then taken when the response was here.
  std::optional<fact_order> doubt_from{};
};

/// The processor's answer to the miner, sent when the page is on its way to the writer.
struct page_parsed {
  uint64_t generation = 0;
  int64_t version = 0;    ///< of the page after this one
  std::string next_state; ///< wire::continuation_state, not sealed
  bool is_last = false;
  uint64_t body_bytes = 0;
  std::vector<budget_pause> pauses{}; ///< limits that the response says are used up
  std::optional<double> quota_left{}; ///< of limits that outlast the run, 0 to 1
};

/// The response is no page: nothing goes to the writer. disposition_of(reason) says what follows, `after` when.
struct page_unreadable {
  uint64_t generation = 0;
  caf::error reason;
  std::chrono::nanoseconds after{0};
  std::vector<budget_pause> pauses{}; ///< of a wait: the budgets it concerns; none: the credential's, for `after`
};

/// A page on its way to the commit: hashed, not yet compared.
struct hashed_page {
  uint64_t generation = 0;
  tenant_id tenant;
  connection_id connection;
  stream_id stream;
  shard_id shard;
  shard_epoch epoch;
  std::string partition;
  fact_order stamp;
  continuation_move move;
  bool is_beside_another_run = false; ///< the order of its unchanged records counts: see page_comparison
  std::vector<new_continuation> opens;
  slice_bounds completed;
  bool completes_slice = false;
  form_pointer form; ///< of the records' hashes; nothing: as they are, they compare with every stored one
  std::vector<hashed_record> records;
  std::vector<dead_record> dead;
  uint64_t body_bytes = 0;
  std::chrono::steady_clock::time_point handed_on{}; ///< when it was sent to the writer
  run_id pass{};          ///< see continuation_row
  bool is_unsure = false; ///< the API refused to say what there is: its full pass proves nothing
  /// Of a sweep: keys that a full pass which began at `stamp` did not see. What is older than that is deleted.
  std::vector<std::string> unseen{};
  bool is_sweep = false;
  std::optional<slice_anchor> anchor{}; ///< see page_commit
  /// Of a connection that listens: what the store knows from this moment on may be newer than what the page tells, unless their
  /// ordering fields differ. The page's stamp is then the latest moment at which it can have been true. Absent for events: what is
  /// known since their own receipt.
  std::optional<fact_order> doubt_from{};
  bool is_of_events = false; ///< of no continuation: what a listener heard
  std::vector<std::string> doubts{};      ///< keys of which an event says that they changed, not to what
  std::vector<settled_doubt> rechecked{}; ///< keys for whose sake the page was fetched
  std::chrono::microseconds recheck_in{0}; ///< when keys whose truth is open are fetched again
};

/// The page, and with it the next state of its continuation, is in the store.
struct page_committed {
  uint64_t generation = 0;
  int64_t version = 0; ///< the continuation's row now
  continuation_phase phase = continuation_phase::open;
  uint32_t opened = 0; ///< continuations that the page caused
  bool run_ended = false;
  std::string reason{}; ///< why the continuation failed
  uint32_t dead = 0;    ///< records of the page that could not be used
};

/// The page was not written and never will be: start again from the store.
struct page_refused {
  uint64_t generation = 0;
  commit_status status = commit_status::refused_version;
};

// -- a page that may kill the process is in work alone ----------------------------------------------------------------

/// Asks that the sender's page of this continuation be in work with nothing beside it.
struct ask_alone {
  continuation_id continuation;
  int32_t alone_deaths = 0; ///< of its row: the less is known against a page, the sooner is its turn
};
/// The page has left the page path, or never got there.
struct leave_alone {
  bool is_committed = false; ///< with it the store has forgotten by itself that the page was in work
};
/// Only pages of this continuation from now on.
struct hold_pages {
  continuation_id continuation;
};
/// The turn of hold_pages is over: pages of all continuations again, those that have waited first.
struct release_pages {};

// -- timers ---------------------------------------------------------------------------------------------------------

/// Asks the node's timer service for one `timer_fired{token}` after `delay`. Never cancelled: a stale token is ignored.
struct arm_timer {
  std::chrono::nanoseconds delay{0};
  uint64_t token = 0;
};
/// The delay is over.
struct timer_fired {
  uint64_t token = 0;
};

// -- permits --------------------------------------------------------------------------------------------------------

/// Asks the gate for one request. Bytes are reserved until return_permit; the quota is used up when granted.
struct ask_permit {
  uint64_t generation = 0;
  tenant_id tenant;
  connection_pointer connection;
  uint32_t stream = 0;
  uint64_t bytes = 0;        ///< expected size of the response
  bool is_ahead = false;     ///< fetched before its predecessor is committed: dropped first under pressure
};
/// The request may go out now, once.
struct permit_granted {
  uint64_t generation = 0;
  uint64_t bytes = 0; ///< now held by the asker
};
/// The response is here: its true size replaces what was reserved for it, even beyond the budget.
struct correct_permit {
  uint64_t reserved = 0;
  uint64_t actual = 0;
};
/// Gives bytes back: the page was committed, refused, or never requested.
struct return_permit {
  uint64_t bytes = 0;
};
/// What a response to this stream's request said about limits: all requests of these budgets wait.
struct report_quota {
  connection_pointer connection;
  uint32_t stream = 0;
  std::vector<budget_pause> pauses{};
};

// -- credentials ----------------------------------------------------------------------------------------------------

/// Asks for a valid access token; `rejected` names one that the API refused.
struct ask_access_token {
  std::string rejected;
};
/// Valid for a while.
struct access_token {
  std::string value;
};

// -- life of a miner -------------------------------------------------------------------------------------------------

/// The continuation is closed, failed, or no longer this miner's; it has ended.
struct continuation_ended {
  connection_id connection;
  run_id run;
  continuation_id continuation;
  continuation_phase phase = continuation_phase::closed;
  bool run_ended = false;
  std::string reason; ///< for a failed one
  std::optional<double> quota_left{}; ///< of limits that outlast the run, when it ended
};
/// From its miner: a page with records that could not be used is committed.
struct records_died {
  run_id run;
  stream_id stream;
  uint32_t count = 0;
};
/// A page caused continuations: there is more work than the supervisor knows.
struct continuations_opened {
  connection_id connection;
  run_id run;
  uint32_t count = 0;
};
/// The connection cannot go on without a person.
struct connection_failed {
  connection_id connection;
  run_id run;
  caf::error reason;
  std::string stream{}; ///< name of the one that cannot
};

} // namespace lode
