#include "actors/scheduling/run_keeper.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>
#include <tuple>

#include "actors/extraction/connection_context.hpp"
#include "actors/scheduling/run_plan.hpp"
#include "messages/fault_point.hpp"

namespace lode {

namespace {

template <class Reply, class T>
caf::result<Reply> reply_with(caf::expected<T>&& answer) {
  if (!answer)
    return std::move(answer.error());
  return Reply{std::move(*answer)};
}

caf::result<void> done_or(caf::error&& error) {
  if (error)
    return std::move(error);
  return caf::unit;
}

} // namespace

run_keeper_state::run_keeper_state(run_keeper_actor::pointer self, run_keeper_parts parts)
  : self(self), parts(std::move(parts)) {
  // nop
}

run_keeper_actor::behavior_type run_keeper_state::make_behavior() {
  wait_for_refreshes();
  return {
    [this](const load_due& ask) { return reply_with<due_loaded>(load_due_here(ask)); },
    [this](const move_due& ask) { return done_or(parts.runs->set_due(ask.connection, ask.due, ask.kind)); },
    [this](const load_connection& ask) { return reply_with<connection_pointer>(connections.load(ask.connection, claims, ask.is_coming)); },
    [this](const load_open_runs& ask) { return reply_with<open_runs_loaded>(load_open_here(ask)); },
    [this](const load_live_connections& ask) { return reply_with<live_connections_loaded>(load_live_here(ask)); },
    [this](const start_run& ask) { return reply_with<run_started>(start(ask)); },
    [this](const load_continuations& ask) {
      return reply_with<continuations_loaded>(
        if_current(ask.connection, parts.runs->load_continuations(ask.run, ask.after, ask.limit)));
    },
    [this](const resume_continuation& ask) {
      return reply_with<continuation_row>(
        if_current(ask.connection, parts.runs->resume_continuation(ask.continuation)));
    },
    [this](const mark_alone& ask) { return done_or(parts.runs->mark_alone(ask.continuation)); },
    [this](const cancel_run& ask) { return done_or(cancel(ask)); },
    [this](const suspend_connection& ask) { return done_or(suspend(ask)); },
    [this](const begin_refresh& ask) { return enter(ask); },
    [this](const end_refresh& ask) { return done_or(end(ask)); },
    [this](const store_secrets& ask) { return reply_with<secrets_stored>(end(ask)); },
    [this](const adjust_pace& ask) { return done_or(adjust_interval(ask)); },
    [this](const load_dead_letter& ask) -> caf::result<dead_letter> {
      auto loaded = parts.runs->load_dead_letter(ask.connection, ask.id);
      if (!loaded)
        return loaded.error();
      return std::move(*loaded);
    },
    [this](const remove_dead_letter& ask) { return done_or(parts.runs->remove_dead_letter(ask.connection, ask.id)); },
    [this](const load_tally& ask) -> caf::result<stream_tally> {
      auto tally = parts.runs->load_tally(ask.run, ask.stream);
      if (!tally)
        return tally.error();
      return *tally;
    },
    [this](const stop_stream& ask) { return done_or(parts.runs->stop_stream(ask.run, ask.stream, ask.reason)); },
    [this](const load_pass& ask) { return reply_with<pass_standing>(parts.runs->load_pass(ask.run, ask.stream)); },
    [this](const load_marks& ask) {
      return reply_with<pass_marks>(parts.runs->load_marks(ask.stream, ask.pass, ask.after));
    },
    [this](const load_live& ask) {
      return reply_with<live_loaded>(parts.runs->load_live(ask.shard, ask.stream, ask.after, ask.with_payload));
    },
    [this](const shards_gained& gained) { claims.gain(gained.claims); },
    [this](const shards_leaving& leaving) { claims.leave(leaving.shards); },
    [this](const take_command& ask) { return reply_with<command_standing>(take(ask)); },
    [this](const settle_command& ask) { return done_or(settle(ask)); },
  };
}

caf::expected<command_standing> run_keeper_state::take(const take_command& ask) {
  auto claim = claims.claim_of(ask.tenant);
  if (!claim)
    return claim.error();
  // An id whose answer is lost is not given back: an earlier life of the router may be the one that has taken it.
  return parts.runs->take_command(ask.id, ask.tenant, *claim);
}

caf::error run_keeper_state::settle(const settle_command& ask) {
  // What was taken before the shard left is settled all the same, else its next owner would take it for lost.
  auto claim = claims.latest_claim_of(ask.tenant);
  if (!claim)
    return claim.error();
  if (ask.is_given_back)
    return parts.runs->untake_command(ask.id, ask.tenant, *claim);
  return parts.runs->settle_command(ask.id, ask.tenant, *claim, ask.outcome, ask.reason);
}

caf::error run_keeper_state::suspend(const suspend_connection& ask) {
  if (auto error = connections.learn_store())
    return error;
  auto row = parts.catalog->load_connection(ask.connection);
  if (!row)
    return row.error();
  if (auto error = parts.catalog->set_connection_state(ask.connection, activity::suspended, ask.reason))
    return error;
  // Several pages of a connection may find out the same.
  if (row->state == activity::suspended)
    return {};
  auto subject = about(*row, ask.run);
  subject.stream = ask.stream;
  parts.report(run_event::suspended, subject, ask.reason);
  return {};
}

caf::error run_keeper_state::cancel(const cancel_run& ask) {
  if (auto error = parts.runs->cancel_run(ask.run, ask.reason))
    return error;
  // It is cancelled even if nobody can say any more whose it was.
  std::ignore = connections.learn_store();
  auto row = parts.catalog->load_connection(ask.connection);
  parts.report(run_event::cancelled, about(row ? *row : connection_row{}, ask.run), ask.reason);
  return {};
}

run_subject run_keeper_state::about(const connection_row& row, run_id run) const {
  return {row.tenant_name, row.name, {}, run, connections.generation()};
}

caf::expected<due_loaded> run_keeper_state::load_due_here(const load_due& ask) {
  // Shards that are about to leave are still this node's in the store: what is due there takes no place of others.
  for (size_t limit = ask.limit;; limit *= 4) {
    auto rows = parts.runs->load_due(ask.until, limit);
    if (!rows)
      return rows.error();
    const auto is_all = rows->size() < limit;
    std::erase_if(*rows, [&](const due_connection& due) { return !claims.holds(due.shard); });
    if (!is_all && rows->size() < ask.limit)
      continue;
    if (rows->size() > ask.limit)
      rows->resize(ask.limit);
    return due_loaded{std::move(*rows)};
  }
}

caf::expected<open_runs_loaded> run_keeper_state::load_open_here(const load_open_runs& ask) {
  auto runs = parts.runs->load_open_runs();
  if (!runs)
    return runs.error();
  const std::set<shard_id> shards{ask.shards.begin(), ask.shards.end()};
  std::erase_if(*runs, [&](const open_run& run) {
    return run.tenant != ask.tenant.value_or(run.tenant) || run.connection != ask.connection.value_or(run.connection)
           || !claims.holds(run.shard) || (!shards.empty() && !shards.contains(run.shard));
  });
  return open_runs_loaded{std::move(*runs)};
}

caf::expected<live_connections_loaded> run_keeper_state::load_live_here(const load_live_connections& ask) {
  auto sources = parts.catalog->list_sources();
  if (!sources)
    return sources.error();
  std::vector<source_id> live;
  for (const auto& source : *sources) {
    auto is_news = ask.shards.empty() && std::exchange(listed[source.id], source.version) != source.version;
    if (ask.shards.empty() && !is_news)
      continue;
    // One that cannot be loaded is told of by what is mined of it.
    if (auto plan = connections.plan_of(source); plan && !(*plan)->live.empty())
      live.push_back(source.id);
  }
  if (live.empty())
    return live_connections_loaded{};
  auto rows = parts.runs->load_active(live, ask.shards);
  if (!rows)
    return rows.error();
  std::erase_if(*rows, [&](const live_connection& each) { return !ask.are_coming && !claims.holds(each.shard); });
  return live_connections_loaded{std::move(*rows)};
}

template <class T>
caf::expected<T> run_keeper_state::if_current(const connection_pointer& connection, caf::expected<T> answer) {
  // Asked afterwards: a change raises versions, so what was read before it is refused in any case.
  if (answer && connection)
    if (auto error = connections.check_current(*connection))
      return error;
  return answer;
}

caf::expected<run_started> run_keeper_state::start(const start_run& ask) {
  const auto& connection = *ask.connection;
  auto is_scheduled = ask.kind == run_kind::scheduled;
  caf::expected<std::optional<schedule>> timing = std::optional<schedule>{};
  if (is_scheduled)
    timing = schedule_of(connection);
  if (!timing)
    return timing.error();
  if (auto later = is_scheduled ? moved_by_policy(*timing, ask.due) : std::nullopt) {
    if (auto error = parts.runs->set_due(connection.connection, *later, run_kind::scheduled))
      return error;
    return run_started{};
  }
  auto next = is_scheduled ? due_after(*timing, ask.due) : std::nullopt;
  auto passes = passes_of(connection, ask.kind);
  if (!passes)
    return passes.error();
  auto repairs = repairs_of(connection, ask.kind);
  if (!repairs)
    return repairs.error();
  caf::expected<std::optional<backfill_order>> ordered = std::optional<backfill_order>{};
  if (ask.kind == run_kind::backfill)
    ordered = parts.load_backfill(connection.connection);
  if (!ordered)
    return ordered.error();
  auto planned = plan(connection, ask.kind, passes->is_whole, *repairs, *ordered);
  if (!planned)
    return planned.error();
  planned->next_due = next;
  planned->repairs = *repairs;
  planned->hears_deletes = streams_that_hear_deletes(connection);
  add_passes(*planned, connection, *passes);
  caf::expected<started_run> started = started_run{};
  LODE_DIE_AT("run.before_start");
  // What was asked for ends as a run that is seen, even when there is nothing to read.
  if (!planned->first.empty() || !is_scheduled)
    started = parts.runs->start_run(*planned);
  LODE_DIE_AT("run.after_start");
  auto is_moved = started && started->run && next.has_value();
  if (is_scheduled && !is_moved && (started || started.error() == errc::conflict))
    if (auto error = move_on(connection, *timing, next, !started))
      return error;
  if (!started)
    return started.error();
  // A pass that is not written down is only made again.
  if (started->run && !passes->begun.empty())
    std::ignore = parts.runs->begin_full_passes(started->run, parts.now(), passes->begun);
  if (auto error = connections.check_current(connection))
    return error;
  return run_started{started->run, static_cast<uint32_t>(started->opened.size())};
}

void run_keeper_state::add_passes(run_start& run, const connection_context& connection, const full_passes& whole) {
  run.passes = plan_passes({*connection.plan, connection.streams, connection.parents_only}, whole, run.kind);
  run.stamp = {0, connection.claim.epoch.value, parts.tick()};
  run.edition = connection.edition;
  run.source_version = connection.source_version;
}

caf::expected<full_passes> run_keeper_state::passes_of(const connection_context& connection, run_kind kind) {
  mined_streams mined{*connection.plan, connection.streams, connection.parents_only};
  std::vector<full_pass_row> known;
  if (are_full_passes_wanted(mined)) {
    auto loaded = parts.runs->load_full_passes(connection.connection);
    if (!loaded)
      return loaded.error();
    known = std::move(*loaded);
  }
  return plan_full_passes(mined, known, kind, parts.now());
}

caf::expected<std::optional<slice_bounds>> run_keeper_state::repairs_of(const connection_context& connection, run_kind kind) {
  std::optional<slice_bounds> none;
  if (kind != run_kind::repair || !parts.gaps)
    return none;
  auto owed = parts.gaps->owed_repair_of(connection.connection);
  if (!owed)
    return owed.error();
  if (!*owed)
    return none;
  // What ended later would be read no further than its end.
  auto span = (*owed)->span;
  span.to = std::min(span.to, parts.now() - settles_within(connection));
  return span.from <= span.to ? std::optional{span} : none;
}

caf::expected<run_start> run_keeper_state::plan(const connection_context& connection, run_kind kind, const std::vector<bool>& is_whole,
                                                const std::optional<slice_bounds>& repairs,
                                                const std::optional<backfill_order>& ordered) {
  auto cursors = parts.runs->load_cursors(connection.connection);
  if (!cursors)
    return cursors.error();
  auto anchors = anchors_of(connection);
  if (!anchors)
    return anchors.error();
  return plan_run({connection, kind, is_whole, repairs, ordered, std::move(*cursors), std::move(*anchors), parts.now()}, *parts.codec);
}

caf::expected<std::vector<partition_anchor>> run_keeper_state::anchors_of(const connection_context& connection) {
  const auto& streams = connection.plan->streams;
  if (std::none_of(streams.begin(), streams.end(), [](const stream_plan& stream) { return stream.lode.is_newest_first; }))
    return std::vector<partition_anchor>{};
  auto anchors = parts.runs->load_anchors(connection.connection);
  if (anchors)
    std::erase_if(*anchors, [&](const partition_anchor& each) {
      return each.anchor.edition != connection.edition || each.anchor.source_version != connection.source_version;
    });
  return anchors;
}

} // namespace lode
