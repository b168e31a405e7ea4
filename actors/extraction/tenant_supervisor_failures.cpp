#include <caf/all.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/tenant_supervisor.hpp"
#include "runtime/extraction/suspension_reason.hpp"

/// What becomes of miners and captures that end with a defect, and of connections that cannot go on without a person.
namespace lode {

namespace {

/// Whether what failed so may go well another time without anybody doing anything about it.
bool is_passing(const caf::error& why) {
  return why == errc::store_unavailable || why == errc::conflict || why == errc::not_found || why == errc::not_owner
         || why == errc::stale_version;
}

} // namespace

// -- restarts ------------------------------------------------------------------------------------------------------------

void tenant_supervisor_state::child_down(const caf::down_msg& down) {
  auto capture = std::find_if(captures.begin(), captures.end(),
                              [&](const auto& entry) { return entry.second.address() == down.source; });
  if (capture != captures.end())
    return capture_down(capture->first.first, down);
  if (keepers.erase(down.source) == 0)
    return miner_down(down);
  rest();
}

void tenant_supervisor_state::miner_down(const caf::down_msg& down) {
  for (auto& [id, run] : runs)
    for (auto i = run.mining.begin(); i != run.mining.end(); ++i)
      if (i->second.actor.address() == down.source) {
        auto row = std::move(i->second.row);
        run.mining.erase(i);
        --mined;
        return restart_later(run, row, down.reason);
      }
}

void tenant_supervisor_state::capture_down(connection_id connection, const caf::down_msg& down) {
  std::erase_if(captures, [&](const auto& entry) { return entry.second.address() == down.source; });
  // It ends by itself when its connection is another one by now, or another node's: whoever made it so says what comes next.
  if (is_leaving || !down.reason || down.reason == caf::exit_reason::user_shutdown)
    return rest();
  auto [i, is_new] = budgets.try_emplace(connection, services->restarts);
  auto wait = i->second.spend(self->clock().now());
  if (!wait)
    return suspend({connection, "its live capture failed again and again: " + message_of(down.reason)});
  if (services->board)
    services->board->restarted(worker::capture);
  later(*wait, [this, connection] {
    listen_to({connection}, {});
    rest();
  });
}

void tenant_supervisor_state::restart_later(active_run& run, const continuation_row& row, const caf::error& why) {
  if (is_leaving)
    return rest();
  auto connection = run.connection->connection;
  tell(run_event::miner_restarted, run, row.stream, message_of(why));
  auto [i, is_new] = budgets.try_emplace(connection, services->restarts);
  auto wait = i->second.spend(self->clock().now());
  if (!wait)
    return suspend({connection, "its miner failed again and again: " + message_of(why), run.id,
                    run.connection->about(run.id, row.stream).stream});
  ++run.restarts[row.id];
  if (services->board)
    services->board->restarted(row.is_sweep ? worker::sweeper : worker::miner,
                               row.is_sweep ? std::string{} : kind_of(run, row));
  ++run.restarting;
  later(*wait, [this, run = run.id, id = row.id] { restart(run, id); });
}

std::string tenant_supervisor_state::kind_of(const active_run& run, const continuation_row& row) {
  const auto stream = run.connection->index_of(row.stream);
  return stream < run.connection->streams.size() ? run.connection->stream(stream).lode.own_miner() : std::string{};
}

void tenant_supervisor_state::restart(run_id id, continuation_id continuation) {
  auto i = runs.find(id);
  if (i == runs.end())
    return rest();
  ++busy;
  self->request(services->keeper, caf::infinite, resume_continuation{continuation, i->second.connection})
    .then(
      [this, id](continuation_row& row) {
        --busy;
        auto i = runs.find(id);
        if (i == runs.end() || i->second.restarting == 0)
          return rest();
        --i->second.restarting;
        i->second.waiting(row).push_front(std::move(row));
        pump(i->second);
      },
      [this, id, continuation](const caf::error& why) {
        --busy;
        if (why == errc::store_unavailable)
          return later(store_retry, [this, id, continuation] { restart(id, continuation); });
        if (auto i = runs.find(id); i != runs.end() && i->second.restarting > 0) {
          --i->second.restarting;
          pump(i->second);
        } else {
          rest();
        }
      });
}

// -- suspensions ---------------------------------------------------------------------------------------------------------

void tenant_supervisor_state::suspend(const suspend_connection& order) {
  leave_open(order.connection, order.reason);
  stop_listening(order.connection);
  write_suspension(order);
}

void tenant_supervisor_state::refused(connection_id connection, const caf::error& why, run_id run) {
  if (!is_passing(why))
    write_suspension({connection, suspension_reason(why), run});
}

void tenant_supervisor_state::write_suspension(const suspend_connection& order) {
  ++busy;
  self->request(services->keeper, caf::infinite, order)
    .then([this] { --busy, rest(); },
          [this, order](const caf::error& why) {
            --busy;
            if (why == errc::store_unavailable)
              return later(store_retry, [this, order] { write_suspension(order); });
            if (why != errc::not_found) // nobody needs it any more
              not_suspended(order, message_of(why));
            rest();
          });
}

void tenant_supervisor_state::not_suspended(const suspend_connection& order, const std::string& why) const {
  run_subject about;
  about.connection = to_string(order.connection); // its name went with its runs
  about.stream = order.stream;
  about.run = order.run;
  services->report.happened(run_event::not_suspended, about, why);
}

} // namespace lode
