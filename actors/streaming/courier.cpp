#include "actors/streaming/courier.hpp"

#include <caf/all.hpp>

#include <algorithm>

#include "actors/streaming/delivery_backoff.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr const char* stuck_actor =
  "its actor blocks and does not end, though it was killed: new settings are used once this node is started anew";

} // namespace

courier_state::courier_state(courier_actor::pointer self, courier_parts parts) : self(self), parts(std::move(parts)) {}

/// However it ended: whoever comes next makes sinks of its own.
courier_state::~courier_state() {
  for (auto& [id, sink] : sinks)
    if (sink.actor)
      caf::anon_send_exit(sink.actor, caf::exit_reason::kill);
}

courier_actor::behavior_type courier_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) { stop(std::move(exit.reason)); });
  self->set_down_handler([this](const caf::down_msg& down) { sink_down(down); });
  arm();
  return {
    [this](sinks_changed) {
      will_look = false;
      work();
    },
    [this](timer_fired fired) {
      if (fired.token != timer)
        return;
      arm();
      work();
    },
  };
}

void courier_state::arm() {
  const bool is_idle = sinks.empty() && !is_stopping;
  self->send(
    parts.timers,
    arm_timer{is_idle ? std::chrono::nanoseconds{idle_interval} : std::chrono::nanoseconds{interval}, ++timer});
}

void courier_state::look_again() {
  if (!std::exchange(will_look, true))
    self->send(self, sinks_changed{});
}

void courier_state::work() {
  close_all();
  if (is_stopping)
    return go_on_stopping();
  if (!may_deliver())
    return;
  auto rows = parts.store->active_sinks();
  if (!rows)
    return;
  const bool was_idle = sinks.empty();
  take(*rows);
  if (was_idle && !sinks.empty())
    arm();
  if (sinks.empty() && !has_told_backlog)
    return;
  tell_backlog();
  if (may_hold_unknown && deliveries.empty()) {
    if (parts.store->release_all())
      return;
    may_hold_unknown = false;
  }
  const auto wanted = orders();
  if (wanted.empty())
    return;
  auto claims = parts.store->claim(wanted, hold);
  may_hold_unknown |= !claims;
  const auto out_before = deliveries.size();
  for (size_t i = 0; claims && i < claims->size(); ++i)
    deliver((*claims)[i]);
  if (deliveries.size() >= out_before + at_once / 2) // not what failed: that waits
    look_again();
}

// -- what sinks there are --------------------------------------------------------------------------------------------------

void courier_state::take(const std::vector<sink_row>& rows) {
  for (auto& [id, sink] : sinks)
    sink.wanted.reset();
  for (const auto& row : rows)
    sinks[row.id].wanted = row;
  for (auto& [id, sink] : sinks)
    tend(id, sink);
  std::erase_if(sinks, [this](const auto& entry) {
    return !entry.second.wanted && !entry.second.actor && out_to(entry.first) == 0;
  });
}

/// One that was changed, paused or removed ends when what is out has come back; one with new settings is made when it has ended, so
/// that two never write to one target.
void courier_state::tend(sink_id id, local_sink& sink) {
  if (sink.actor && !sink.is_current() && sink.end == local_sink::ending::none && out_to(id) == 0)
    end(sink);
  hurry(sink);
  if (!sink.actor && sink.wanted && (!sink.is_current() || self->clock().now() >= sink.not_before)
      && !is_ending_under(sink.wanted->name, id))
    make(sink);
  else if (!sink.actor && sink.wanted && sink.problem.empty() && is_stuck_under(sink.wanted->name)) {
    sink.row = *sink.wanted;
    sink.problem = stuck_actor;
    sink.is_told = false;
  }
}

void courier_state::end(local_sink& sink) {
  sink.end = local_sink::ending::asked;
  sink.end_by = self->clock().now() + end_patience;
  self->send_exit(sink.actor, caf::exit_reason::user_shutdown);
}

/// One that does not end keeps its next settings from being used. A thread that blocks cannot be ended from outside.
void courier_state::hurry(local_sink& sink) {
  using ending = local_sink::ending;
  const auto now = self->clock().now();
  if ((sink.end != ending::asked && sink.end != ending::killed) || now < sink.end_by)
    return;
  const auto who = "sink " + sink.row.name + ": ";
  if (sink.end == ending::asked) {
    sink.end = ending::killed;
    sink.end_by = now + kill_patience;
    self->send_exit(sink.actor, caf::exit_reason::kill);
    parts.report.warning(who + "its actor did not end within " + std::to_string(end_patience.count())
                         + " s of being told to and is killed; nothing is delivered until it has ended");
    return;
  }
  sink.end = ending::stuck;
  sink.problem = stuck_actor;
  sink.is_told = false;
  parts.report.warning(who + sink.problem);
}

/// Of a sink that was removed and put again, which is another one: the target may be the same.
bool courier_state::is_ending_under(const std::string& name, sink_id other_than) const {
  return std::ranges::any_of(sinks, [&](const auto& entry) {
    return entry.first != other_than && entry.second.actor && entry.second.row.name == name;
  });
}

bool courier_state::is_stuck_under(const std::string& name) const {
  return std::ranges::any_of(sinks, [&](const auto& entry) {
    return entry.second.actor && entry.second.end == local_sink::ending::stuck && entry.second.row.name == name;
  });
}

void courier_state::make(local_sink& sink) {
  if (!sink.is_current())
    sink.failures = 0;
  sink.row = *sink.wanted;
  sink.is_told = false;
  auto made = parts.make_sink(self->system(), sink.row);
  if (made && *made) {
    sink.actor = *made;
    sink.problem.clear();
    self->monitor(sink.actor);
    return;
  }
  sink.problem = made ? "its kind made no actor" : message_of(made.error());
  sink.not_before = self->clock().now() + delivery_backoff(++sink.failures);
  parts.report.warning("sink " + sink.row.name + ": " + sink.problem);
}

void courier_state::sink_down(const caf::down_msg& down) {
  auto found = std::ranges::find_if(
    sinks, [&](const auto& entry) { return entry.second.actor && entry.second.actor.address() == down.source; });
  if (found == sinks.end())
    return;
  auto& [id, sink] = *found;
  const bool was_told = std::exchange(sink.end, local_sink::ending::none) != local_sink::ending::none;
  const auto gone = std::exchange(sink.actor, nullptr);
  sink.problem.clear();
  if (!was_told) {
    parts.sink_died(gone);
    sink.problem = "its actor ended: " + explain(down.reason);
    sink.not_before = self->clock().now() + delivery_backoff(++sink.failures);
    parts.report.warning("sink " + sink.row.name + ": " + sink.problem);
    sink.is_told = out_to(id) > 0;
    fail_all_out_to(id, sink.problem);
  }
  if (is_stopping)
    go_on_stopping();
  else
    look_again();
}

void courier_state::fail_all_out_to(sink_id sink, const std::string& why) {
  std::vector<delivery_key> lost;
  for (auto& [key, each] : deliveries)
    if (key.first == sink && each.at == delivery::step::out) {
      fail(each, why);
      lost.push_back(key);
    }
  for (const auto& key : lost)
    close(key);
}

// -- the end ---------------------------------------------------------------------------------------------------------------

void courier_state::stop(caf::error why) {
  if (why && why != caf::exit_reason::user_shutdown)
    return self->quit(std::move(why)); // other nodes own its shards by now
  if (std::exchange(is_stopping, true))
    return;
  stop_reason = std::move(why);
  stop_by = self->clock().now() + stop_patience;
  arm();
  go_on_stopping();
}

void courier_state::go_on_stopping() {
  const bool is_late = self->clock().now() >= stop_by;
  if (!deliveries.empty() && !is_late)
    return;
  bool is_any = false;
  for (auto& [id, sink] : sinks) {
    is_any |= bool{sink.actor};
    if (sink.actor && sink.end == local_sink::ending::none)
      end(sink);
  }
  if (is_any && !is_late)
    return;
  if (!deliveries.empty())
    std::ignore = parts.store->release_all(); // else they are held for a while
  self->quit(std::move(stop_reason));
}

} // namespace lode
