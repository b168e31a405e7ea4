#include "actors/scheduling/run_keeper.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>
#include <tuple>

#include "actors/extraction/connection_context.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/connection_config.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/early_end.hpp"
#include "runtime/extraction/event_mapper.hpp"
#include "runtime/extraction/live_texts.hpp"
#include "runtime/extraction/slicer.hpp"
#include "runtime/storage/shard_hash.hpp"

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

/// Whether a backfill of a span reads a stream: without dates it has no span that could be read, but what is read for its children's
/// sake only is read all the same, whole if it must.
bool is_ordered(const backfill_order& order, stream_id id, const stream_plan& stream, bool is_parent_only) {
  return is_parent_only || (stream.incremental && (order.streams.empty() || std::find(order.streams.begin(), order.streams.end(), id) != order.streams.end()));
}

/// A backfill or a repair says nothing about what a partition is known up to.
bool is_incremental(run_kind kind) {
  return kind != run_kind::backfill && kind != run_kind::repair;
}

/// Index -> id of the streams of these names, 0 where there is none.
std::vector<stream_id> ids_by_name(const source_plan& plan, const std::vector<stream_row>& rows) {
  std::vector<stream_id> result(plan.streams.size());
  for (size_t i = 0; i < plan.streams.size(); ++i)
    for (const auto& stream : rows)
      if (stream.name == plan.streams[i].name)
        result[i] = stream.id;
  return result;
}

/// Streams that are not chosen themselves and whose records say what partitions the chosen ones have, at any depth.
std::set<size_t> missing_parents(const source_plan& plan, const std::vector<stream_id>& chosen) {
  std::set<size_t> missing;
  for (auto i = plan.streams.size(); i-- > 0;) { // parents come before their children
    if (!chosen[i] && missing.count(i) == 0)
      continue;
    for (const auto& router : plan.streams[i].routers)
      if (const auto* sub = std::get_if<substream_router>(&router))
        for (const auto& parent : sub->parents)
          if (!chosen[parent.stream])
            missing.insert(parent.stream);
  }
  return missing;
}

/// Whether what a run reads of a stream from its top says where the next one may stop. What is read for the children's sake only is
/// not kept, and sub-streams are read whole.
bool moves_anchor(const connection_context& connection, size_t stream, run_kind kind) {
  return connection.stream(stream).lode.is_newest_first && is_incremental(kind) && connection.parents_only.count(stream) == 0;
}

std::optional<slice_anchor> anchor_in(const std::vector<partition_anchor>& anchors, stream_id stream, const std::string& partition) {
  for (const auto& each : anchors)
    if (each.stream == stream && each.partition == partition)
      return each.anchor;
  return std::nullopt;
}

/// The manifest is named from the start: a slice that is first read under another one must not end by this one's positions.
void add_descent(wire::continuation_state& first, const connection_context& connection, size_t stream,
                 const std::optional<slice_anchor>& known) {
  first.set_manifest_version(std::to_string(connection.plan->hash));
  *first.mutable_newest_first() = begin_descent(connection.edition, known, connection.stream(stream).lode.settle_time);
}

/// Of what is heard live: deletes are told by events or found out by the fetch that one asks for, or full passes look for them.
std::vector<stream_id> streams_that_hear_deletes(const connection_context& connection) {
  std::vector<stream_id> result;
  for (size_t side = 0; side < connection.live.size(); ++side) {
    if (!connection.live[side])
      continue;
    for (auto stream : connection.plan->live[side].streams) {
      const auto& lode = connection.stream(stream).lode;
      auto tells = std::any_of(lode.live->rules.begin(), lode.live->rules.end(), [&](const auto& rule) {
        return !rule.delete_when.empty() || (rule.payload != live_payload::full && lode.live->fetch);
      });
      if ((tells || lode.full_pass_every) && connection.streams[stream] && connection.parents_only.count(stream) == 0)
        result.push_back(connection.streams[stream]);
    }
  }
  return result;
}

/// How long a stop waits for the token refreshes that are under way.
constexpr auto refresh_patience = std::chrono::seconds{10};

run_result result_of(const run_summary& run, std::optional<double> quota_left) {
  const auto& n = run.counters;
  auto changed = static_cast<double>(n.inserted + n.updated) / static_cast<double>(std::max<int64_t>(1, n.records));
  return {changed, run.failed > 0, quota_left};
}

} // namespace

run_keeper_state::run_keeper_state(run_keeper_actor::pointer self, run_keeper_parts parts)
  : self(self), parts(std::move(parts)) {
  for (const auto& claim : this->parts.claims)
    epochs[claim.shard] = claim.epoch;
}

run_keeper_actor::behavior_type run_keeper_state::make_behavior() {
  self->set_down_handler([this](const caf::down_msg& down) {
    turns.forget(down.source);
    if (stopping && turns.empty())
      self->quit(*stopping);
  });
  self->set_exit_handler([this](caf::exit_msg& exit) {
    if (turns.empty() || stopping)
      return self->quit(std::move(exit.reason));
    stopping = std::move(exit.reason);
    self->run_delayed(refresh_patience, [this] { self->quit(*stopping); });
  });
  return {
    [this](const load_due& ask) { return reply_with<due_loaded>(load_due_here(ask)); },
    [this](const move_due& ask) { return done_or(parts.runs->set_due(ask.connection, ask.due, ask.kind)); },
    [this](const load_connection& ask) { return reply_with<connection_pointer>(load(ask.connection, ask.is_coming)); },
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
    [this](const begin_refresh& ask) -> caf::result<refresh_begun> {
      auto asker = caf::actor_cast<caf::actor_addr>(self->current_sender());
      self->monitor(self->current_sender());
      auto begun = self->make_response_promise<refresh_begun>();
      turns.enter(ask.token.connection, asker, [this, ask, asker, begun] { begin(ask, asker, begun); });
      return begun;
    },
    [this](const end_refresh& ask) -> caf::result<void> {
      auto error = ask.is_token_unused ? parts.runs->forget_refresh(ask.token) : caf::error{};
      if (error != errc::store_unavailable)
        leave(ask.token.connection, caf::actor_cast<caf::actor_addr>(self->current_sender()));
      return done_or(std::move(error));
    },
    [this](const store_secrets& ask) -> caf::result<secrets_stored> {
      auto stored = store(ask);
      if (stored || stored.error() != errc::store_unavailable)
        leave(ask.token.connection, caf::actor_cast<caf::actor_addr>(self->current_sender()));
      if (!stored)
        return stored.error();
      return std::move(*stored);
    },
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
    [this](const shards_gained& gained) {
      for (const auto& claim : gained.claims) {
        epochs[claim.shard] = claim.epoch;
        left.erase(claim.shard);
      }
    },
    [this](const shards_leaving& leaving) {
      for (auto shard : leaving.shards)
        if (auto claim = epochs.extract(shard))
          left.insert_or_assign(shard, claim.mapped());
    },
    [this](const take_command& ask) { return reply_with<command_standing>(take(ask)); },
    [this](const settle_command& ask) { return done_or(settle(ask)); },
  };
}

caf::expected<shard_claim> run_keeper_state::claim_of(tenant_id tenant) const {
  auto i = epochs.find(shard_of(tenant));
  if (i == epochs.end())
    return caf::make_error(errc::not_owner, "tenant " + to_string(tenant) + " is not mined by this node");
  return shard_claim{i->first, i->second};
}

caf::expected<command_standing> run_keeper_state::take(const take_command& ask) {
  auto claim = claim_of(ask.tenant);
  if (!claim)
    return claim.error();
  // An id whose answer is lost is not given back: an earlier life of the router may be the one that has taken it.
  return parts.runs->take_command(ask.id, ask.tenant, *claim);
}

caf::error run_keeper_state::settle(const settle_command& ask) {
  auto claim = claim_of(ask.tenant);
  // What was taken before the shard left is settled all the same, else its next owner would take it for lost.
  if (auto i = left.find(shard_of(ask.tenant)); !claim && i != left.end())
    claim = shard_claim{i->first, i->second};
  if (!claim)
    return claim.error();
  if (ask.is_given_back)
    return parts.runs->untake_command(ask.id, ask.tenant, *claim);
  return parts.runs->settle_command(ask.id, ask.tenant, *claim, ask.outcome, ask.reason);
}

void run_keeper_state::begin(const begin_refresh& ask, const caf::actor_addr& asker, begun_promise begun) {
  auto unknown = stopping ? caf::expected<int64_t>{caf::make_error(errc::store_unavailable, "the node is stopping")}
                          : parts.runs->begin_refresh(ask.token);
  if (unknown)
    return begun.deliver(refresh_begun{*unknown});
  begun.deliver(unknown.error());
  leave(ask.token.connection, asker);
}

caf::expected<secrets_stored> run_keeper_state::store(const store_secrets& ask) {
  auto sealed = parts.seal_secrets(ask.secrets);
  if (!sealed)
    return sealed.error();
  if (auto error = parts.runs->store_successor(ask.token, *sealed))
    return error;
  return secrets_stored{std::move(*sealed)};
}

void run_keeper_state::leave(connection_id connection, const caf::actor_addr& asker) {
  self->demonitor(asker);
  turns.leave(connection, asker);
  if (stopping && turns.empty())
    self->quit(*stopping);
}

caf::error run_keeper_state::suspend(const suspend_connection& ask) {
  if (auto error = learn_store())
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
  std::ignore = learn_store();
  auto row = parts.catalog->load_connection(ask.connection);
  parts.report(run_event::cancelled, about(row ? *row : connection_row{}, ask.run), ask.reason);
  return {};
}

run_subject run_keeper_state::about(const connection_row& row, run_id run) const {
  return {row.tenant_name, row.name, {}, run, generation};
}

caf::error run_keeper_state::learn_store() {
  if (seed)
    return {};
  auto known = parts.catalog->store_generation();
  if (!known)
    return known.error();
  auto stored = parts.catalog->hash_seed();
  if (!stored)
    return stored.error();
  generation = *known;
  seed = *stored;
  return {};
}

caf::expected<due_loaded> run_keeper_state::load_due_here(const load_due& ask) {
  // Shards that are about to leave are still this node's in the store: what is due there takes no place of others.
  for (size_t limit = ask.limit;; limit *= 4) {
    auto rows = parts.runs->load_due(ask.until, limit);
    if (!rows)
      return rows.error();
    const auto is_all = rows->size() < limit;
    std::erase_if(*rows, [&](const due_connection& due) { return !epochs.contains(due.shard); });
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
           || !epochs.contains(run.shard) || (!shards.empty() && !shards.contains(run.shard));
  });
  return open_runs_loaded{std::move(*runs)};
}

caf::expected<connection_pointer> run_keeper_state::load(connection_id id, bool is_coming) {
  auto row = parts.catalog->load_connection(id);
  if (!row)
    return row.error();
  auto epoch = epochs.find(row->shard);
  if (epoch == epochs.end() && !is_coming)
    return caf::make_error(errc::not_owner, row->tenant_name + " is not mined by this node");
  if (row->state != activity::active)
    return caf::make_error(errc::conflict, row->tenant_name + "/" + row->name + " is not active: " + row->reason);
  if (auto edition = parts.catalog->edition_of(id); !edition)
    return edition.error();
  auto plan = plan_of(row->source);
  if (!plan)
    return plan.error();
  auto secrets = row->sealed_secrets.empty() ? caf::expected<std::string>{std::string{}}
                                             : parts.open_secrets(row->sealed_secrets);
  if (!secrets)
    return secrets.error();
  auto config = connection_config(row->configuration, *secrets);
  if (!config)
    return config.error();
  if (auto error = learn_store())
    return error;
  auto result = std::make_shared<connection_context>();
  result->tenant = row->tenant;
  result->tenant_name = row->tenant_name;
  result->connection = row->id;
  result->connection_name = row->name;
  result->claim = {row->shard, epoch == epochs.end() ? shard_epoch{} : epoch->second};
  result->plan = *plan;
  result->config = std::move(*config);
  result->secrets = std::move(*secrets);
  result->sealed_secrets = row->sealed_secrets;
  result->schedule = row->schedule;
  result->hash_seed = *seed;
  result->store_generation = generation;
  result->edition = row->edition;
  result->source_version = plans[row->source].first;
  if (auto error = choose_streams(*row, *result))
    return error;
  if (auto error = prepare_live(*result))
    return error;
  return connection_pointer{std::move(result)};
}

caf::error run_keeper_state::choose_streams(const connection_row& row, connection_context& into) {
  const auto& plan = *into.plan;
  into.streams = ids_by_name(plan, row.streams);
  into.parents_only = missing_parents(plan, into.streams);
  if (into.parents_only.empty())
    return {};
  std::vector<std::string> names;
  for (auto i : into.parents_only)
    names.push_back(plan.streams[i].name);
  auto parents = parts.catalog->unchosen_streams(row.id, names);
  if (!parents)
    return parents.error();
  auto ids = ids_by_name(plan, *parents);
  for (auto i : into.parents_only)
    into.streams[i] = ids[i];
  return {};
}

caf::error run_keeper_state::check_current(const connection_context& connection) {
  auto edition = parts.catalog->edition_of(connection.connection);
  if (edition && *edition == connection.edition)
    return {};
  if (!edition && edition.error() == errc::store_unavailable)
    return edition.error();
  return caf::make_error(errc::stale_version, connection.tenant_name + "/" + connection.connection_name
                                                + " was changed or is no longer active: read it again");
}

template <class T>
caf::expected<T> run_keeper_state::if_current(const connection_pointer& connection, caf::expected<T> answer) {
  // Asked afterwards: a change raises versions, so what was read before it is refused in any case.
  if (answer && connection)
    if (auto error = check_current(*connection))
      return error;
  return answer;
}

caf::error run_keeper_state::prepare_live(connection_context& into) {
  const auto now = parts.now();
  std::vector<bool> wanted;
  for (size_t i = 0; i < into.streams.size(); ++i)
    wanted.push_back(into.streams[i] && into.parents_only.count(i) == 0);
  into.live.resize(into.plan->live.size());
  const std::string* heard_by = nullptr;
  for (size_t side = 0; side < into.live.size(); ++side) {
    const auto& live = into.plan->live[side];
    auto is_on = is_enabled(live, into.config, now);
    if (!is_on)
      return is_on.error();
    auto is_wanted = std::any_of(live.streams.begin(), live.streams.end(), [&](auto stream) { return wanted[stream]; });
    if (!*is_on || !is_wanted || !parts.can_listen(live.listener))
      continue;
    if (heard_by)
      return caf::make_error(errc::bad_source, into.connection_name + " would be listened to in two ways (" + *heard_by + ", "
                                                 + live.listener + "), expected one: the gap ledger is one per connection. Let "
                                                 "x-lode.live.enabled of its streams hold for one of them only, or give them the same settings");
    heard_by = &live.listener;
    auto rules = event_rules::make(into.plan, side, into.config, wanted, into.hash_seed, now);
    if (!rules)
      return rules.error();
    into.live[side] = std::make_shared<const event_rules>(std::move(*rules));
  }
  return {};
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
    if (auto plan = plan_of(source); plan && !(*plan)->live.empty())
      live.push_back(source.id);
  }
  if (live.empty())
    return live_connections_loaded{};
  auto rows = parts.runs->load_active(live, ask.shards);
  if (!rows)
    return rows.error();
  std::erase_if(*rows, [&](const live_connection& each) { return !ask.are_coming && !epochs.contains(each.shard); });
  return live_connections_loaded{std::move(*rows)};
}

caf::expected<source_plan_pointer> run_keeper_state::plan_of(source_id id) {
  auto row = parts.catalog->load_source(id);
  if (!row)
    return row.error();
  return plan_of(*row);
}

caf::expected<source_plan_pointer> run_keeper_state::plan_of(const source_row& row) {
  auto& [version, plan] = plans[row.id];
  if (!plan || version != row.version) {
    auto loaded = parts.load_plan(row);
    if (!loaded)
      return loaded.error();
    plan = *loaded;
    version = row.version;
  }
  return plan;
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
  auto planned = plan_run(connection, ask.kind, passes->is_whole, *repairs, *ordered);
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
  if (auto error = check_current(connection))
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

caf::expected<run_start> run_keeper_state::plan_run(const connection_context& connection, run_kind kind,
                                                    const std::vector<bool>& is_whole,
                                                    const std::optional<slice_bounds>& repairs,
                                                    const std::optional<backfill_order>& ordered) {
  auto cursors = parts.runs->load_cursors(connection.connection);
  if (!cursors)
    return cursors.error();
  auto anchors = anchors_of(connection);
  if (!anchors)
    return anchors.error();
  run_start result{connection.connection, connection.claim, kind, {}, {}, {}, {}, {}, 0, {}};
  for (size_t i = 0; i < connection.streams.size(); ++i) {
    auto stream = connection.streams[i];
    if (!stream || (ordered && !is_ordered(*ordered, stream, connection.stream(i), connection.parents_only.count(i) > 0)))
      continue;
    auto partitions = initial_partitions(connection.stream(i), connection.config, parts.now());
    if (!partitions)
      return partitions.error();
    for (const auto& partition : *partitions) {
      auto known = std::find_if(cursors->begin(), cursors->end(), [&](const partition_cursor& cursor) {
        return cursor.stream == stream && cursor.partition == partition;
      });
      // A stream that is read for its children's sake is read whole: what it holds is not known from earlier runs.
      auto is_known = known != cursors->end() && connection.parents_only.count(i) == 0;
      auto cursor = is_known && !is_whole[i] ? std::optional{known->known_up_to} : std::nullopt;
      if (repairs && !is_whole[i])
        cursor = repairs->from == instant{} ? std::nullopt : std::optional{repairs->from - live_clock_skew};
      auto slices = plan_slices(connection.stream(i), {connection.config, partition, cursor, parts.now(), {}, ordered ? std::optional{ordered->span} : std::nullopt});
      if (!slices)
        return slices.error();
      if (is_known && is_incremental(kind) && !slices->empty() && slices->front().bounds.from > known->known_up_to)
        result.skips.push_back({stream, partition, known->known_up_to, slices->front().bounds.from});
      for (auto& slice : *slices) {
        if (moves_anchor(connection, i, kind))
          add_descent(slice.first, connection, i, is_whole[i] ? std::nullopt : anchor_in(*anchors, stream, partition));
        auto state = parts.codec->encode(slice.first);
        if (!state)
          return state.error();
        result.first.push_back({stream, partition, slice.bounds, std::move(*state)});
      }
    }
  }
  return result;
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

caf::expected<std::optional<schedule>> run_keeper_state::schedule_of(const connection_context& connection) {
  auto result = parse_schedule(connection.schedule, parts.schedules);
  // A schedule is checked when it is set; one that a newer release wrote only runs by hand here.
  if (!result)
    return std::optional<schedule>{};
  if (!result->feedback)
    return std::optional{std::move(*result)};
  auto pace = parts.runs->load_pace(connection.connection);
  if (!pace)
    return pace.error();
  auto interval = current_interval(*result, *pace);
  return std::optional{with_interval(std::move(*result), interval)};
}

std::optional<instant> run_keeper_state::moved_by_policy(const std::optional<schedule>& timing, instant due) {
  if (!timing)
    return std::nullopt;
  auto effective = effective_due(*timing, due, parts.now(), random());
  return effective && *effective > parts.now() ? effective : std::nullopt;
}

std::optional<instant> run_keeper_state::due_after(const std::optional<schedule>& timing, instant due) {
  return timing ? next_due(*timing, due, parts.now(), random()) : std::nullopt;
}

caf::error run_keeper_state::move_on(const connection_context& connection, const std::optional<schedule>& timing,
                                     std::optional<instant> next, bool is_overlapped) {
  if (is_overlapped && timing && timing->overlap == overlap_policy::queue)
    return parts.runs->queue_run(connection.connection, next);
  return parts.runs->set_due(connection.connection, next, run_kind::scheduled);
}

caf::error run_keeper_state::adjust_interval(const adjust_pace& ask) {
  const auto& connection = *ask.connection;
  auto timing = parse_schedule(connection.schedule, parts.schedules);
  if (!timing || !timing->feedback)
    return {};
  auto run = parts.runs->load_run(ask.run);
  if (!run)
    return run.error();
  auto pace = parts.runs->load_pace(connection.connection);
  if (!pace)
    return pace.error();
  auto current = current_interval(*timing, *pace);
  auto next = adjust(*timing, current, result_of(*run, ask.quota_left));
  if (next == current)
    return {};
  return parts.runs->set_pace(connection.connection, ask.run, {*timing->every, next}, next - current, parts.now());
}

} // namespace lode
