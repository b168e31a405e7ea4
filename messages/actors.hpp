#pragma once

#include <caf/typed_actor.hpp>

#include "messages/cluster.hpp"
#include "messages/extraction.hpp"
#include "messages/node_status.hpp"
#include "messages/scheduling.hpp"
#include "messages/streaming.hpp"
#include "messages/turns.hpp"

/// Every actor of Lode and all that it can be told. This file is the architecture: a page goes scheduler -> shard region
/// -> tenant supervisor -> miner -> fetch gate -> (HTTP) -> miner -> processor -> page writer -> miner. What a message means
/// stands at its struct; here stands who sends it, and what this actor answers.
namespace lode {

/// Whoever arms timers.
using timer_client_actor = caf::typed_actor<
  // The delay is over. A token that is not the latest one means nothing.
  caf::result<void>(timer_fired)>;

/// TIMERS: the one timer service of a node; holds a single CAF timer whatever the number of clients.
using timers_actor = caf::typed_actor<
  // Fires once, to the sender, 0 to 50 ms late.
  caf::result<void>(arm_timer)>;

/// Whoever asks for permits.
using permit_client_actor = caf::typed_actor<
  // The request may go out now; its bytes are reserved.
  caf::result<void>(permit_granted)>;

/// FETCH GATE: one per node; lets a request out when its quota and the node's budget of bytes in flight allow it.
using fetch_gate_actor = caf::typed_actor<
  // Answers with permit_granted, at once or later, tenants in turn.
  caf::result<void>(ask_permit),
  // The sender holds as many bytes as its response really has.
  caf::result<void>(correct_permit),
  // Bytes of the sender are free again.
  caf::result<void>(return_permit),
  // A response said: not before. Holds back all requests of the budgets it names, whoever asks.
  caf::result<void>(report_quota)>;

/// TURN LEASER: detached, one per node where there is Redis; gets slices of the budgets that nodes share.
using turn_leaser_actor = caf::typed_actor<
  // Fails when Redis does not answer; whether it carried the order out, before `not_after`, is then open.
  caf::result<turns_leased>(lease_turns)>;

/// CREDENTIAL KEEPER: one per connection with OAuth; the only one that refreshes its token.
using credential_keeper_actor = caf::typed_actor<
  // A token that is valid for a while. Fails with errc::unauthorized when a person must re-authorise.
  caf::result<access_token>(ask_access_token),
  caf::result<void>(response_arrived)>;

/// QUARANTINE: one per node; lets a page that may kill the process be in work with nothing beside it, one at a time.
using quarantine_actor = caf::typed_actor<
  // From the miner that has the page. Answers when nothing else is in work and the store knows that this page now is;
  // errc::not_found: its continuation is no longer open. The turn ends with leave_alone or with the asker.
  caf::result<void>(ask_alone),
  // The page of the sender is committed, refused or unreadable: everything goes on.
  caf::result<void>(leave_alone),
  caf::result<void>(timer_fired)>;

/// MINER: reads one continuation (run, partition, slice) page by page until it is closed. Ends by itself.
using miner_actor = caf::typed_actor<
  // The continuation: sent by the miner to itself.
  caf::result<void>(go_on),
  caf::result<void>(permit_granted),
  caf::result<void>(response_arrived),
  caf::result<void>(page_parsed),
  caf::result<void>(page_unreadable),
  caf::result<void>(page_committed),
  caf::result<void>(page_refused),
  // From its supervisor: the tenant moves to another node.
  caf::result<void>(finish_page),
  caf::result<void>(timer_fired)>;

/// Whoever waits for the commit of pages.
using page_client_actor = caf::typed_actor<
  caf::result<void>(page_committed),
  caf::result<void>(page_refused)>;

/// CAPTURE: the live side of one connection. Owns its listener, keeps the gap ledger and knows what is not committed yet.
using capture_actor = caf::typed_actor<
  // From its listener.
  caf::result<void>(listening_began),
  caf::result<void>(still_listening),
  caf::result<void>(listening_ended),
  caf::result<void>(messages_heard),
  // From the processor, then one of the others from the writer for each page.
  caf::result<void>(messages_processed),
  caf::result<void>(page_committed),
  caf::result<void>(page_refused),
  // From the gap keeper: fetched one after the other; while some are, others wait.
  caf::result<void>(recheck_keys),
  // From its supervisor. A request's answer comes when what it tells is committed.
  caf::result<void>(webhook_arrived),
  caf::result<void>(successor_listens),
  caf::result<void>(take_over),
  // From its supervisor: what was heard commits, nothing more is; then it ends.
  caf::result<void>(leave_tenant),
  caf::result<void>(timer_fired)>;

/// RECHECKER: fetches records whose truth is open, one after the other. Ends by itself.
using rechecker_actor = caf::typed_actor<
  caf::result<void>(permit_granted),
  caf::result<void>(response_arrived),
  caf::result<void>(page_committed),
  caf::result<void>(page_refused),
  caf::result<void>(timer_fired)>;

/// REPLAYER: reads one dead letter again, by the source as it is now, and takes it off the list when that is committed. Ends by itself.
using replayer_actor = caf::typed_actor<
  caf::result<void>(replay_dead_letter),
  caf::result<void>(page_committed),
  caf::result<void>(page_refused),
  caf::result<void>(timer_fired)>;

/// PROCESSOR: stateless worker, one per core. Judges, parses, selects, keys and hashes; compares nothing.
using processor_actor = caf::typed_actor<
  // Hands the hashed page to the shard's writer, then tells the miner page_parsed; or tells it page_unreadable.
  caf::result<void>(process_page, miner_actor),
  // Hands a page of each stream that the messages tell of to the shard's writer, then tells the capture messages_processed.
  caf::result<void>(process_messages, capture_actor),
  // Answers when nothing is in work; pages of other continuations wait from then on, in their order.
  caf::result<void>(hold_pages),
  // Takes up what has waited.
  caf::result<void>(release_pages)>;

/// PAGE WRITER: detached, owns one database connection; each shard belongs to exactly one writer of its node. Compares in
/// commit order, groups pages, commits.
using page_writer_actor = caf::typed_actor<
  // Ends in page_committed or page_refused.
  caf::result<void>(hashed_page, page_client_actor),
  // Answers when nothing is pending, in an outage after it; pages of other continuations wait until release_pages.
  caf::result<void>(hold_pages),
  // Takes up what has waited, in its order.
  caf::result<void>(release_pages),
  // To itself: commit what has gathered.
  caf::result<void>(wake)>;

/// RUN KEEPER: detached, owns one database connection; the durable life of runs, for supervisors and the scheduler.
/// All fail with errc::store_unavailable while the database does not answer.
using run_keeper_actor = caf::typed_actor<
  caf::result<due_loaded>(load_due),
  caf::result<void>(move_due),
  // Plan, configuration and secrets of an active connection; errc::conflict when it is paused, suspended or deleting.
  caf::result<connection_pointer>(load_connection),
  caf::result<open_runs_loaded>(load_open_runs),
  caf::result<live_connections_loaded>(load_live_connections),
  // errc::conflict: a run of this connection is open; its due time was moved on, and with overlap policy queue another run
  // is due as soon as that one ends. These three fail with errc::stale_version when the connection they name was changed
  // since it was loaded: pages read under it must not commit.
  caf::result<run_started>(start_run),
  caf::result<continuations_loaded>(load_continuations),
  // errc::not_found: no longer open, or its connection or tenant is not active.
  caf::result<continuation_row>(resume_continuation),
  // errc::not_found: no longer open.
  caf::result<void>(mark_alone),
  caf::result<void>(cancel_run),
  caf::result<void>(suspend_connection),
  // Single-use refresh tokens: errc::unauthorized when this one must not be used again, errc::stale_version when the
  // connection has other secrets by now.
  caf::result<refresh_begun>(begin_refresh),
  caf::result<void>(end_refresh),
  caf::result<secrets_stored>(store_secrets),
  // Feedback: within the owner's bounds, once per run; without bounds nothing moves.
  caf::result<void>(adjust_pace),
  caf::result<stream_tally>(load_tally),
  caf::result<void>(stop_stream),
  caf::result<dead_letter>(load_dead_letter),
  caf::result<void>(remove_dead_letter),
  // For a sweep: the pass, its marks, and what lives, each a bounded part in order.
  caf::result<pass_standing>(load_pass),
  caf::result<pass_marks>(load_marks),
  caf::result<live_loaded>(load_live),
  // From the shard keeper: connections of these shards may be loaded, or may no longer.
  caf::result<void>(shards_gained),
  caf::result<void>(shards_leaving),
  // Durable: the command with this id is carried out by whoever gets is_new; anyone else gets what became of it.
  // errc::not_owner: the shard is not this node's.
  caf::result<command_standing>(take_command),
  caf::result<void>(settle_command)>;

/// Whoever owns a listener.
using listener_owner_actor = caf::typed_actor<
  // Nothing is missed from here on: the repair of the open gaps may begin.
  caf::result<void>(listening_began),
  caf::result<void>(still_listening),
  // A gap is open until the next listening_began and the repair after it.
  caf::result<void>(listening_ended),
  caf::result<void>(messages_heard)>;

/// LISTENER: the live capture of one connection. Owns no durable state: what it missed is a gap of its owner's.
using listener_actor = caf::typed_actor<
  // Connect, authenticate, subscribe. Ends in listening_began or listening_ended to the owner, who asks again.
  caf::result<void>(start_listening),
  // A batch that was handed on is committed: so many more messages may be, and the API is told where it wants to know.
  caf::result<void>(messages_settled),
  // Answers when its events are committed; the sender repeats what failed.
  caf::result<void>(webhook_arrived),
  // Time to ping, or to look for a sign of life.
  caf::result<void>(timer_fired)>;

/// WEBSOCKET LISTENER: hears over a socket that lives on the node's I/O threads.
using websocket_listener_actor = listener_actor::extend<caf::result<void>(socket_spoke)>;

/// GAP KEEPER: detached, owns one database connection; the durable side of live capture.
/// All fail with errc::store_unavailable while the database does not answer.
using gap_keeper_actor = caf::typed_actor<
  // errc::stale_version, errc::conflict: the connection is another one by now, or not active; errc::not_owner: not this node's.
  caf::result<gaps_owed>(begin_listening),
  caf::result<void>(end_listening),
  caf::result<void>(hand_over_listening),
  // Kept, and told the store with those of all others every two seconds.
  caf::result<void>(health_proof),
  caf::result<void>(postpone_rechecks),
  // To itself: tell the store, look for repairs that are owed.
  caf::result<void>(wake)>;

/// STANDING KEEPER: detached, owns one database connection; tells the store what connections wait for, and which calls failed.
using standing_keeper_actor = caf::typed_actor<
  // To itself: look, and tell.
  caf::result<void>(wake)>;

/// SUCCESSOR: one per node; listens to what is about to be this node's, so that a planned move leaves no gap.
using successor_actor = caf::typed_actor<
  // From the shard keeper: replaces what it said before.
  caf::result<void>(shards_coming),
  // From its captures.
  caf::result<void>(successor_ready),
  // Says it again to those who own the shards; lets go of what never came.
  caf::result<void>(timer_fired)>;

/// SINK: one target of changes. Of each shard it is told the next changes when it has answered for those before; shards are independent
/// of each other.
using sink_actor = caf::typed_actor<
  // How many of the changes, counted from the first one, are safe at the target: only then is that written down. The others come again
  // at once. After an error, a late answer or a restart all come again, perhaps from another node; 0 counts as an error.
  caf::result<size_t>(deliver_changes)>;

/// COURIER: brings the feeds of the shards that this node owns to the sinks, at least once and in order.
using courier_actor = caf::typed_actor<
  caf::result<void>(sinks_changed),
  caf::result<void>(timer_fired)>;

/// TENANT SUPERVISOR: one per tenant with work. Spawns miners within the tenant's limits, restarts them with backoff and
/// a budget, suspends a connection that needs a person.
using tenant_supervisor_actor = caf::typed_actor<
  caf::result<void>(begin_run),
  caf::result<void>(resume_run),
  caf::result<void>(connection_changed),
  caf::result<void>(cancel_run),
  caf::result<void>(listen),
  // Those two go on to the capture of the connection; errc::not_found: nobody listens to it here.
  caf::result<void>(hear_webhook),
  caf::result<void>(successor_listens),
  caf::result<void>(replay_dead_letter),
  // From the shard region: ends when its miners have.
  caf::result<void>(leave_tenant),
  // From its miners.
  caf::result<void>(continuation_ended),
  caf::result<void>(continuations_opened),
  caf::result<void>(connection_failed),
  caf::result<void>(records_died),
  caf::result<void>(timer_fired)>;

/// MEMBERSHIP: detached, owns one database connection; beats, looks at the beats of others, declares gone who has stopped.
/// Holds the node's lease. Ends with errc::not_owner when this life was declared gone, with errc::conflict when another
/// process has taken its name.
using membership_actor = caf::typed_actor<
  caf::result<void>(wake),
  caf::result<void>(look_early),
  // Answered when it is durable.
  caf::result<void>(set_draining)>;

/// SHARD KEEPER: detached, owns one database connection; claims the shards that placement gives this node, and releases
/// those that belong to others once their tenants have stopped.
using shard_keeper_actor = caf::typed_actor<
  caf::result<void>(wake),
  caf::result<void>(view_seen),
  // From the shard region.
  caf::result<void>(shards_vacated),
  // From a peer.
  caf::result<void>(shards_freed)>;

/// PEER LINKS: one link to each other node; the lower name dials. What peers ask goes on to whom it concerns.
using peer_links_actor = caf::typed_actor<
  caf::result<void>(view_seen),
  caf::result<peer_message>(ask_peer),
  caf::result<void>(tell_peers),
  // Answers within little more than a second, whoever is silent.
  caf::result<peers_surveyed>(survey_peers),
  caf::result<void>(timer_fired)>;

/// PEER GATE: what a node shows to its peers. Answers come as messages of their own: a request of CAF's to a node that
/// died would only ever end by its timeout.
using peer_gate_actor = caf::typed_actor<
  caf::result<void>(peer_message)>;

/// TENANT ROUTER: carries a command to its tenant's node and brings back the answer; keeps it, within bounds, while the
/// shard moves.
using tenant_router_actor = caf::typed_actor<
  caf::result<command_answer>(ask_tenant),
  // The same from a peer: carried out here or refused with errc::not_owner, never passed on.
  caf::result<command_answer>(deliver_here),
  // From the shard keeper.
  caf::result<void>(view_seen),
  caf::result<void>(shard_table_pointer),
  caf::result<void>(timer_fired)>;

/// SHARD REGION: the tenants of this node's shards; delivers commands to their supervisors, spawns those that are owed one.
using shard_region_actor = caf::typed_actor<
  // Dropped when the shard is not this node's: it is found in the store by the owner.
  caf::result<void>(tenant_command),
  // The same, answered when the supervisor has acted. errc::not_owner: the shard is not, or no longer, this node's.
  caf::result<void>(deliver_command),
  caf::result<void>(tenant_idle),
  // From the shard keeper.
  caf::result<void>(shards_gained),
  caf::result<void>(vacate_shards),
  caf::result<void>(shards_lost),
  caf::result<void>(timer_fired)>;

/// SCHEDULER: starts what is due, at a steady rate, most urgent first; resumes what a crash left open.
using scheduler_actor = caf::typed_actor<
  // Look for due work now.
  caf::result<void>(wake),
  caf::result<void>(timer_fired),
  // From tenant supervisors.
  caf::result<void>(run_begun),
  caf::result<void>(run_finished),
  // From the shard region: starts and open runs of this tenant are forgotten, what is open in the store is resumed.
  caf::result<void>(tenant_lost),
  // From the shard keeper: their open runs are resumed; what is known of them is forgotten.
  caf::result<void>(shards_gained),
  caf::result<void>(shards_leaving)>;

} // namespace lode

#include "messages/type_ids.hpp" // last: handles of these actors travel in messages and have ids too
