#include <caf/all.hpp>

#include <algorithm>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/tenant_supervisor.hpp"
#include "runtime/extraction/dead_records.hpp"

/// Streams with too many records that cannot be used: counted over all slices of a run, stopped with the reason.
namespace lode {

namespace {

/// Of a stream that its source no longer has: the defaults.
dead_record_limits limits_of(const connection_context& connection, stream_id stream) {
  auto index = connection.index_of(stream);
  return index < connection.streams.size() ? connection.stream(index).lode.dead_limits : dead_record_limits{};
}

/// As people write it; without the stream's name when its source no longer has it.
std::string path_of(const connection_context& connection, stream_id stream) {
  auto index = connection.index_of(stream);
  return index < connection.streams.size() ? connection.path_of(index)
                                           : connection.tenant_name + "/" + connection.connection_name;
}

} // namespace

bool tenant_supervisor_state::is_stopped(const active_run& run, stream_id stream) const {
  auto i = run.dead.find(stream);
  return i != run.dead.end() && i->second.is_stopped;
}

void tenant_supervisor_state::died(const records_died& report) {
  auto i = runs.find(report.run);
  if (i == runs.end())
    return;
  auto& run = i->second;
  auto [at, is_new] = run.dead.try_emplace(report.stream);
  auto& watch = at->second;
  if (is_new)
    watch.to_go = dead_records_to_go(limits_of(*run.connection, report.stream), {});
  watch.unseen += report.count;
  if (watch.unseen < watch.to_go || watch.is_asking || watch.is_stopped)
    return;
  watch.is_asking = true;
  ++run.judging;
  count_dead(report.run, report.stream);
}

void tenant_supervisor_state::count_dead(run_id run, stream_id stream) {
  ++busy;
  self->request(services->keeper, caf::infinite, load_tally{run, stream})
    .then([this, run, stream](const stream_tally& tally) { --busy, counted(run, stream, tally); },
          [this, run, stream](const caf::error& why) {
            --busy;
            if (why == errc::store_unavailable)
              return later(store_retry, [this, run, stream] { count_dead(run, stream); });
            cannot_go_on(run, stream, "its dead records could not be counted", why);
          });
}

void tenant_supervisor_state::counted(run_id id, stream_id stream, const stream_tally& tally) {
  auto i = runs.find(id);
  if (i == runs.end())
    return rest();
  auto& run = i->second;
  auto& watch = run.dead[stream];
  watch.is_asking = false;
  watch.unseen = 0;
  run.judging -= std::min(run.judging, 1u); // 0 when the run was opened anew meanwhile
  auto limits = limits_of(*run.connection, stream);
  if (auto why = why_too_many_dead(limits, tally))
    return stop_stream(run, stream, path_of(*run.connection, stream) + ": " + *why);
  watch.to_go = dead_records_to_go(limits, tally);
  pump(run);
}

void tenant_supervisor_state::stop_stream(active_run& run, stream_id stream, const std::string& reason) {
  if (!std::exchange(run.dead[stream].is_stopped, true))
    tell(run_event::stream_stopped, run, stream, reason);
  run.has_failed = true;
  run.reason = reason;
  for (auto* rows : {&run.ready, &run.sweeps})
    std::erase_if(*rows, [&](const auto& row) { return row.stream == stream; });
  for (auto i = run.mining.begin(); i != run.mining.end();) {
    const auto& [actor, row] = i->second;
    if (row.stream != stream) {
      ++i;
      continue;
    }
    self->send_exit(actor, caf::exit_reason::user_shutdown);
    i = run.mining.erase(i);
    --mined;
  }
  ++run.judging;
  write_stop(run.id, stream, reason);
}

void tenant_supervisor_state::write_stop(run_id id, stream_id stream, const std::string& reason) {
  auto done = [this, id] {
    if (auto i = runs.find(id); i != runs.end() && i->second.judging > 0) {
      --i->second.judging;
      i->second.has_more = true; // its last pages may have opened continuations that their dead miners did not tell of
    }
    pump_all();
    rest();
  };
  ++busy;
  self->request(services->keeper, caf::infinite, lode::stop_stream{id, stream, reason})
    .then([this, done] { --busy, done(); },
          [this, done, id, stream, reason](const caf::error& why) {
            --busy;
            if (why == errc::store_unavailable)
              return later(store_retry, [this, id, stream, reason] { write_stop(id, stream, reason); });
            if (why == errc::not_found)
              return done(); // there is no such run any more
            cannot_go_on(id, stream, "it could not be stopped (" + reason + ")", why);
          });
}

void tenant_supervisor_state::cannot_go_on(run_id id, stream_id stream, const std::string& what, const caf::error& why) {
  auto i = runs.find(id);
  if (i == runs.end())
    return rest();
  const auto& connection = *i->second.connection;
  suspend({connection.connection, path_of(connection, stream) + ": " + what + ": " + message_of(why), id});
}

} // namespace lode
