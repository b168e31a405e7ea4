#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "messages/error.hpp"
#include "messages/extraction.hpp"
#include "messages/ids.hpp"
#include "messages/runs.hpp"
#include "messages/storage.hpp"

/// When runs begin and end, and how a tenant is reached. Values that also stand in the store are named as there.
namespace lode {

// -- what a tenant is told (tenant_command carries one of these to wherever its supervisor is) ------------------------

/// Start a run of this connection. What comes of it hears the scheduler: run_begun, then run_finished, or run_finished alone.
struct begin_run {
  connection_id connection;
  run_kind kind = run_kind::scheduled;
  instant due{};
};
/// Go on with a run that is open in the store. One that is under way here already is left alone.
struct resume_run {
  open_run run;
};
/// Paused, resumed, new secrets or configuration: read the connection again and act on its state.
struct connection_changed {
  std::optional<connection_id> connection; ///< absent: every connection of the tenant
};
/// End the run early: what is in flight is dropped, what is committed stays. One that is over is left alone.
struct cancel_run {
  connection_id connection;
  run_id run;
  std::string reason;
};

/// Listen to the connection, where its source and its configuration say so. Listened to already: nothing happens.
struct listen {
  connection_id connection;
};

/// A request that reached some node's port. Told again it does no harm.
struct webhook_arrived {
  std::string method;
  std::string target; ///< path with its query, as received: signatures may cover it
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
/// To the listener of a connection, wherever it is. Done when what it tells is committed; errc::unauthorized: it is not signed
/// with the connection's secret.
struct hear_webhook {
  connection_id connection;
  webhook_arrived request;
};
/// From the node that the tenant moves to: this subscription is confirmed, and what it hears is kept until the present listener has
/// committed all that it heard. Said again and again until the shard has moved.
struct successor_listens {
  connection_id connection;
  int64_t subscription = 0; ///< live_subscription::id
};

/// A record that could not be used is read again, by the source as it is now. Done when that is committed and it is off the list;
/// errc::bad_argument: it cannot be used now either; errc::not_found: it is not on the list, or no longer.
struct replay_dead_letter {
  connection_id connection;
  int64_t dead_letter = 0; ///< dead_letter_row::id
};

/// What a tenant is told, and whom it concerns.
struct tenant_command {
  tenant_id tenant;
  std::variant<begin_run, resume_run, connection_changed, cancel_run, listen, hear_webhook, successor_listens, replay_dead_letter> command;
};

/// The tenant's supervisor has nothing left to do after so many commands; the region lets it end unless it sent more.
struct tenant_idle {
  tenant_id tenant;
  uint64_t commands = 0;
};

// -- what the scheduler hears back --------------------------------------------------------------------------------------

/// A run is durable and its miners start.
struct run_begun {
  connection_id connection;
  run_id run;
  tenant_id tenant;
};
/// `begun == false`: it could not start (suspended, nothing to do, overlap); `reason` says why.
struct run_finished {
  connection_id connection;
  run_id run;
  run_kind kind = run_kind::scheduled;
  bool begun = true;
  run_phase phase = run_phase::finished;
  std::string reason;
  connection_pointer context{};       ///< as it was mined; null when it did not begin
  std::optional<double> quota_left{}; ///< of the API's limits when the run ended, 0 to 1; absent: it does not say
};

/// The tenant's supervisor ended by a defect, and its miners with it: its open runs are nobody's.
struct tenant_lost {
  tenant_id tenant;
  std::string reason;
};

// -- what the run keeper is asked -----------------------------------------------------------------------------------------

/// Connections of this node that are due until then, at most `limit`, the most urgent first.
struct load_due {
  instant until{};
  uint32_t limit = 0;
};
struct due_loaded {
  std::vector<due_connection> connections;
};
/// Plan, configuration and secrets of the connection as they are now.
struct load_connection {
  connection_id connection;
  bool is_coming = false; ///< it may be another node's as yet: then its claim has no epoch, and nothing of it can be committed
};
/// Runs that are open in the store and may be mined: all of the node, or those of one tenant, of one connection, of some shards.
struct load_open_runs {
  std::optional<tenant_id> tenant{};
  std::optional<connection_id> connection{};
  std::vector<shard_id> shards{}; ///< none: all that are this node's
};
struct open_runs_loaded {
  std::vector<open_run> runs;
};
/// Active connections whose source has a live side, of these shards.
struct load_live_connections {
  std::vector<shard_id> shards; ///< none: all of this node's, but only of sources that changed since this was asked last
  bool are_coming = false;      ///< the shards may be other nodes' as yet
};
struct live_connections_loaded {
  std::vector<live_connection> connections;
};
/// Makes a run of the connection durable: slices from its cursors, first continuations, next due time.
struct start_run {
  connection_pointer connection;
  run_kind kind = run_kind::scheduled;
  instant due{}; ///< the due time that is dealt with
};
struct run_started {
  run_id run; ///< 0: there was nothing to read
  uint32_t opened = 0;
};
/// Open continuations of a run, in the order of their ids, behind `after`: at most `limit`.
struct load_continuations {
  run_id run;
  continuation_id after;
  uint32_t limit = 0;
  connection_pointer connection; ///< under which they will be mined; null: only looked at
};
struct continuations_loaded {
  std::vector<continuation_row> rows;
};
/// The continuation as it stands now, its version raised: what an earlier generation has on its way is refused.
struct resume_continuation {
  continuation_id continuation;
  connection_pointer connection; ///< under which it will be mined
};
/// Whose page is in work with nothing beside it, 0 = nobody's: durable before the page is touched.
struct mark_alone {
  continuation_id continuation;
};
/// It needs a person: it starts no run until it is resumed, and people are shown the reason.
struct suspend_connection {
  connection_id connection;
  std::string reason;
  run_id run{};         ///< in which it turned out that a person is needed; 0: in none
  std::string stream{}; ///< name of the one in which it did; "": in none in particular
};
/// A request with this single-use refresh token is about to be sent. Answered when that is durable and no other actor of
/// this node refreshes the same connection; the turn ends with end_refresh, store_secrets or the asker.
struct begin_refresh {
  refresh_token token;
};
struct refresh_begun {
  int64_t unknown = 0; ///< requests that were begun with this token before and whose outcome nobody knows
};
/// The refresh is over without a successor.
struct end_refresh {
  refresh_token token;
  bool is_token_unused = false; ///< known; else it may be used up
};
/// The refresh is over: `secrets` hold the token's successor.
struct store_secrets {
  refresh_token token;
  std::string secrets; ///< JSON object, not sealed; sealed before it is stored
};
struct secrets_stored {
  std::string sealed;
};
/// Moves the due time of the connection; absent: it is due no more.
struct move_due {
  connection_id connection;
  std::optional<instant> due;
  run_kind kind = run_kind::scheduled;
};

/// A run has ended: moves the connection's interval and its next due time where the schedule wants feedback.
struct adjust_pace {
  connection_pointer connection;
  run_id run;
  std::optional<double> quota_left; ///< see run_finished
};
/// What is known so far of one stream in one run: see run_store.
struct load_tally {
  run_id run;
  stream_id stream;
};
/// Ends what is left of a stream in a run: its open slices fail and stay owed.
struct stop_stream {
  run_id run;
  stream_id stream;
  std::string reason;
};

/// Of this connection; errc::not_found when there is none.
struct load_dead_letter {
  connection_id connection;
  int64_t id = 0;
};
/// It was replayed: takes it off the list. One that is not there any more is no error.
struct remove_dead_letter {
  connection_id connection;
  int64_t id = 0;
};
struct dead_letter {
  stream_id stream;
  run_id run; ///< that met it last; 0: an event did
  dead_record record;
};

/// What a sweep works with: see run_store.
struct load_pass {
  run_id run;
  stream_id stream;
};
/// Marks of a pass behind `after`, a bounded number: see run_store.
struct load_marks {
  stream_id stream;
  run_id pass;
  int64_t after = 0;
};
/// Records of a stream that live, in the order of their keys, behind `after`, a bounded number.
struct load_live {
  shard_id shard;
  stream_id stream;
  std::string after;
  bool with_payload = false;
};
struct live_loaded {
  std::vector<live_fact> facts; ///< none: that was all
};

/// Wakes an actor that looks for work by itself.
struct wake {};

} // namespace lode
