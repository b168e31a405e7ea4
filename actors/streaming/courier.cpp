#include "actors/streaming/courier.hpp"

#include <caf/all.hpp>

#include <algorithm>

#include "actors/streaming/delivery_backoff.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

/// What CAF's own errors mean here.
std::string explain(const caf::error& why) {
  if (why == caf::sec::request_timeout)
    return "it did not answer within " + std::to_string(courier_state::delivery_timeout.count()) + " s";
  auto text = message_of(why);
  return text.empty() ? to_string(why) : text;
}

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
  if (sink.actor && !sink.is_current() && !sink.is_ending && out_to(id) == 0) {
    sink.is_ending = true;
    self->send_exit(sink.actor, caf::exit_reason::user_shutdown);
  }
  if (!sink.actor && sink.wanted && (!sink.is_current() || self->clock().now() >= sink.not_before)
      && !is_ending_under(sink.wanted->name, id))
    make(sink);
}

/// Of a sink that was removed and put again, which is another one: the target may be the same.
bool courier_state::is_ending_under(const std::string& name, sink_id other_than) const {
  return std::ranges::any_of(
    sinks, [&](const auto& entry) { return entry.first != other_than && entry.second.actor && entry.second.row.name == name; });
}

void courier_state::make(local_sink& sink) {
  if (!sink.is_current())
    sink.failures = 0;
  sink.row = *sink.wanted;
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
  const bool was_told = std::exchange(sink.is_ending, false);
  const auto gone = std::exchange(sink.actor, nullptr);
  if (!was_told) {
    parts.sink_died(gone);
    const auto why = "its actor ended: " + explain(down.reason);
    sink.problem = why;
    sink.not_before = self->clock().now() + delivery_backoff(++sink.failures);
    parts.report.warning("sink " + sink.row.name + ": " + why);
    std::vector<delivery_key> lost;
    for (auto& [key, each] : deliveries)
      if (key.first == id && each.at == delivery::step::out) {
        fail(each, why);
        lost.push_back(key);
      }
    for (const auto& key : lost)
      close(key);
  }
  if (is_stopping)
    go_on_stopping();
  else
    look_again();
}

// -- what is brought to them -----------------------------------------------------------------------------------------------

size_t courier_state::out_to(sink_id sink) const {
  return static_cast<size_t>(
    std::ranges::count_if(deliveries, [&](const auto& entry) { return entry.first.first == sink; }));
}

/// Where there is no actor one delivery at a time fails, so that people learn why.
std::vector<claim_order> courier_state::orders() const {
  std::vector<claim_order> out;
  const auto begun = std::max<size_t>(1, at_once / std::max<size_t>(1, sinks.size()));
  for (const auto& [id, sink] : sinks) {
    const size_t most = sink.actor ? side_by_side : 1;
    const auto busy = out_to(id);
    if (sink.is_current() && !sink.is_ending && (sink.actor || !sink.problem.empty()) && busy < most)
      out.push_back({id, std::min(most - busy, begun)});
  }
  return out;
}

void courier_state::deliver(const delivery_claim& claim) {
  const delivery_key key{claim.sink, claim.shard};
  if (deliveries.contains(key)) { // still out, and its time is over: two at once would mix the order
    std::ignore = parts.store->release(claim);
    return;
  }
  auto& sink = sinks.at(claim.sink);
  auto& now =
    deliveries.insert_or_assign(key, delivery{claim, delivery::step::releasing, 0, 0, sink.row.kind}).first->second;
  if (!sink.actor) {
    fail(now, sink.problem);
    return close(key);
  }
  auto batch = parts.store->read_changes(claim, sink.row.streams, {});
  if (!batch && batch.error() == errc::bad_source) {
    parts.report.warning("sink " + sink.row.name + " is suspended: " + message_of(batch.error()));
    if (parts.store->suspend_sink(claim.sink, sink.row.version, message_of(batch.error())))
      fail(now, message_of(batch.error()));
    return close(key);
  }
  if (!batch) {
    if (batch.error() != errc::store_unavailable)
      fail(now, message_of(batch.error()));
    return close(key);
  }
  now.upto = batch->upto;
  now.changes = static_cast<int64_t>(batch->changes.size());
  if (batch->changes.empty()) {
    now.at = delivery::step::settling;
    close(key);
    return look_again();
  }
  if (!may_deliver())
    return close(key);
  now.at = delivery::step::out;
  self
    ->request(sink.actor, delivery_timeout, deliver_changes{batch->generation, claim.shard, std::move(batch->changes)})
    .then([this, key, number = claim.claim] { answered(key, number, {}); },
          [this, key, number = claim.claim](const caf::error& why) { answered(key, number, why); });
}

void courier_state::answered(const delivery_key& key, int64_t claim, const caf::error& why) {
  auto found = deliveries.find(key);
  if (found == deliveries.end() || found->second.claim.claim != claim || found->second.at != delivery::step::out)
    return; // its sink has ended meanwhile
  auto& done = found->second;
  if (why) {
    fail(done, explain(why));
  } else {
    done.at = delivery::step::settling;
    sinks.at(key.first).failures = 0;
  }
  close(key);
  if (is_stopping)
    go_on_stopping();
  else if (!why)
    look_again();
}

void courier_state::fail(delivery& failed, const std::string& why) {
  failed.at = delivery::step::releasing;
  failed.error = why.empty() ? "it failed and did not say why" : why;
  parts.report.failed(failed.kind);
}

void courier_state::close(const delivery_key& key) {
  auto& done = deliveries.at(key);
  if (done.at == delivery::step::settling) {
    const auto why = parts.store->settle(done.claim, done.upto, done.changes);
    if (why == errc::store_unavailable)
      return;
    if (!why) {
      if (done.changes > 0)
        parts.report.delivered(done.kind, done.changes);
      deliveries.erase(key);
      return;
    }
    done.at = delivery::step::releasing; // the shard is another's now, who shall not have to wait
    if (why != errc::stale_version)
      fail(done, message_of(why));
  }
  const auto wait = done.error.empty() ? std::chrono::milliseconds{0} : delivery_backoff(done.claim.failures + 1);
  if (parts.store->release(done.claim, done.error, wait) != errc::store_unavailable)
    deliveries.erase(key);
}

void courier_state::close_all() {
  std::vector<delivery_key> owed;
  for (const auto& [key, each] : deliveries)
    if (each.at != delivery::step::out)
      owed.push_back(key);
  for (const auto& key : owed)
    close(key);
}

void courier_state::tell_backlog() {
  const auto now = self->clock().now();
  if (now < next_backlog)
    return;
  auto found = parts.store->backlog();
  if (!found)
    return;
  next_backlog = now + backlog_interval;
  std::map<std::string, int64_t> behind;
  for (const auto& each : *found)
    if (auto sink = sinks.find(each.sink); sink != sinks.end() && sink->second.wanted)
      behind[sink->second.wanted->kind] += each.changes;
  parts.report.behind(behind);
  has_told_backlog = !behind.empty();
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
    if (sink.actor && !std::exchange(sink.is_ending, true))
      self->send_exit(sink.actor, caf::exit_reason::user_shutdown);
  }
  if (is_any && !is_late)
    return;
  if (!deliveries.empty())
    std::ignore = parts.store->release_all(); // else they are held for a while
  self->quit(std::move(stop_reason));
}

} // namespace lode
