#include "actors/extraction/fetch_gate.hpp"

#include <caf/all.hpp>

#include "actors/extraction/permit_budgets.hpp"

namespace lode {

fetch_gate_state::fetch_gate_state(fetch_gate_actor::pointer self, timers_actor timers, uint64_t capacity,
                                   fetch_gate_report report)
  : self(self), timers(std::move(timers)), bytes(capacity), report(std::move(report)) {}

fetch_gate_actor::behavior_type fetch_gate_state::make_behavior() {
  self->set_down_handler([this](caf::down_msg& down) { client_ended(down.source); });
  return {
    [this](ask_permit& ask) {
      admit({caf::actor_cast<permit_client_actor>(self->current_sender()), std::move(ask)});
      show();
    },
    [this](const correct_permit& permit) {
      correct(caf::actor_cast<caf::actor_addr>(self->current_sender()), permit);
      grant_reserved();
      show();
    },
    [this](const return_permit& permit) {
      release(caf::actor_cast<caf::actor_addr>(self->current_sender()), permit.bytes);
      grant_reserved();
      show();
    },
    [this](const report_quota& said) {
      for (const auto& pause : said.pauses)
        quotas.pause(budget_name(*said.connection, said.stream, pause.of), self->clock().now() + pause.pause);
    },
    [this](const timer_fired& fired) {
      if (fired.token == armed)
        retry_quota();
      show();
    },
  };
}

void fetch_gate_state::admit(waiting request) {
  auto wait = quotas.take(limits_of(*request.ask.connection, request.ask.stream), self->clock().now());
  if (wait.count() == 0)
    return reserve(std::move(request));
  wait_for_quota(std::move(request), wait);
}

void fetch_gate_state::wait_for_quota(waiting request, std::chrono::nanoseconds wait) {
  auto when = self->clock().now() + wait;
  for_quota.emplace(when, std::move(request));
  wake_at(when);
}

void fetch_gate_state::reserve(waiting request) {
  if (waiting_for_bytes == 0 && bytes.reserve(request.ask.bytes, request.ask.is_ahead))
    return grant(std::move(request));
  auto& queue = for_bytes[request.ask.tenant];
  if (queue.empty())
    turn.push_back(request.ask.tenant);
  // The head page of a continuation is what lets others commit: it goes before pages fetched ahead.
  if (request.ask.is_ahead)
    queue.push_back(std::move(request));
  else
    queue.push_front(std::move(request));
  ++waiting_for_bytes;
}

void fetch_gate_state::grant(waiting request) {
  auto address = request.client.address();
  auto [i, is_new] = held.try_emplace(address, 0);
  i->second += request.ask.bytes;
  if (is_new)
    self->monitor(request.client);
  self->send(request.client, permit_granted{request.ask.generation, request.ask.bytes});
}

void fetch_gate_state::grant_reserved() {
  for (size_t passed = 0; !turn.empty() && passed < turn.size();) {
    auto tenant = turn.front();
    auto& queue = for_bytes[tenant];
    turn.pop_front();
    passed = serve_first_of(queue) ? 0 : passed + 1;
    if (queue.empty())
      for_bytes.erase(tenant);
    else
      turn.push_back(tenant);
  }
}

bool fetch_gate_state::serve_first_of(std::deque<waiting>& queue) {
  const auto& ask = queue.front().ask;
  // While it waited for bytes a response may have said that its budget is used up.
  auto pause = quotas.pause_of(limits_of(*ask.connection, ask.stream), self->clock().now());
  if (pause.count() == 0 && !bytes.reserve(ask.bytes, ask.is_ahead))
    return false;
  auto request = std::move(queue.front());
  queue.pop_front();
  --waiting_for_bytes;
  if (pause.count() > 0)
    wait_for_quota(std::move(request), pause);
  else
    grant(std::move(request));
  return true;
}

void fetch_gate_state::retry_quota() {
  armed_for = quota_table::time_point::max();
  auto now = self->clock().now();
  std::vector<waiting> due;
  for (auto i = for_quota.begin(); i != for_quota.end() && i->first <= now; i = for_quota.erase(i))
    due.push_back(std::move(i->second));
  for (auto& request : due)
    admit(std::move(request));
  quotas.forget_idle(now);
  if (!for_quota.empty())
    wake_at(for_quota.begin()->first);
}

void fetch_gate_state::wake_at(quota_table::time_point when) {
  if (when >= armed_for)
    return;
  armed_for = when;
  self->send(timers, arm_timer{when - self->clock().now(), ++armed});
}

void fetch_gate_state::correct(const caf::actor_addr& client, const correct_permit& permit) {
  auto i = held.find(client);
  if (i == held.end())
    return;
  auto reserved = std::min(permit.reserved, i->second);
  i->second += permit.actual - reserved;
  bytes.correct(reserved, permit.actual);
}

void fetch_gate_state::release(caf::actor_addr client, uint64_t freed) {
  auto i = held.find(client);
  if (i == held.end())
    return;
  freed = std::min(freed, i->second);
  i->second -= freed;
  bytes.give_back(freed);
}

void fetch_gate_state::client_ended(const caf::actor_addr& client) {
  if (auto i = held.find(client); i != held.end()) {
    bytes.give_back(i->second);
    held.erase(i);
  }
  grant_reserved();
  show();
}

void fetch_gate_state::show() {
  if (report)
    report(static_cast<int64_t>(for_quota.size()), waiting_for_bytes, static_cast<int64_t>(bytes.used()));
}

} // namespace lode
