#include "actors/extraction/fetch_gate.hpp"

#include <caf/all.hpp>

#include "actors/extraction/permit_budgets.hpp"
#include "messages/error.hpp"

namespace lode {

namespace {

/// An order is given up after so long; its leaser has ended, or hangs.
constexpr std::chrono::seconds order_patience{2};
constexpr std::chrono::minutes forget_every{1};
/// While requests wait for bytes, those that wait for a quota are looked at so often.
constexpr std::chrono::milliseconds bytes_are_short{50};

} // namespace

fetch_gate_state::fetch_gate_state(fetch_gate_actor::pointer self, uint64_t capacity, fetch_gate_report report,
                                   budget_sharing sharing)
  : self(self),
    bytes(capacity),
    report(std::move(report)),
    sharing(std::move(sharing)),
    quotas(shared_quota{static_cast<bool>(this->sharing.leaser), this->sharing.live_nodes(), self->clock().now()}) {}

fetch_gate_actor::behavior_type fetch_gate_state::make_behavior() {
  self->set_down_handler([this](caf::down_msg& down) { client_ended(down.source); });
  tick();
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
    [this](const report_quota& said) { hear(said); },
  };
}

std::vector<quota_limit> fetch_gate_state::waiting::limits() const {
  return limits_of(*ask.connection, ask.stream);
}

void fetch_gate_state::admit(waiting request) {
  auto now = self->clock().now();
  const auto limits = request.limits();
  for (const auto& limit : limits) // those who wait go first
    if (auto i = for_quota.find(limit.budget); i != for_quota.end()) {
      i->second.requests.push_back(std::move(request));
      ++waiting_for_quota;
      return;
    }
  if (auto hold = quotas.hold_of(limits, now); hold.wait.count() > 0)
    wait_for_quota(std::move(request), hold, now);
  else
    reserve(std::move(request), now);
  wake_up();
}

void fetch_gate_state::wait_for_quota(waiting request, const quota_hold& hold, time_point now) {
  auto [i, is_new] = for_quota.try_emplace(hold.budget, quota_queue{{}, now + hold.wait});
  if (is_new)
    wakes.emplace(i->second.wake, hold.budget);
  i->second.requests.push_back(std::move(request));
  ++waiting_for_quota;
}

/// The quota is not used before the bytes are there: else what waited for bytes would go out in one burst.
void fetch_gate_state::reserve(waiting request, time_point now) {
  if (waiting_for_bytes == 0 && bytes.reserve(request.ask.bytes, request.ask.is_ahead))
    return grant(std::move(request), now);
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

void fetch_gate_state::grant(waiting request, time_point now) {
  quotas.spend(request.limits(), now);
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
  wake_up();
}

bool fetch_gate_state::serve_first_of(std::deque<waiting>& queue) {
  const auto& ask = queue.front().ask;
  auto now = self->clock().now();
  // While it waited for bytes its budget may have been used up by others, or paused.
  auto hold = quotas.hold_of(queue.front().limits(), now);
  if (hold.wait.count() == 0 && !bytes.reserve(ask.bytes, ask.is_ahead))
    return false;
  auto request = std::move(queue.front());
  queue.pop_front();
  --waiting_for_bytes;
  if (hold.wait.count() > 0)
    wait_for_quota(std::move(request), hold, now);
  else
    grant(std::move(request), now);
  return true;
}

void fetch_gate_state::serve_due() {
  armed_for = time_point::max();
  auto now = self->clock().now();
  while (!wakes.empty() && wakes.begin()->first <= now)
    serve(std::string{wakes.begin()->second}, now);
  wake_up();
  show();
}

/// Lets go what its budget holds back no longer, in order.
void fetch_gate_state::serve(const std::string& budget, time_point now) {
  auto i = for_quota.find(budget);
  if (i == for_quota.end())
    return;
  auto& queue = i->second;
  wakes.erase({queue.wake, budget});
  while (!queue.requests.empty()) {
    auto hold = quotas.hold_of(queue.requests.front().limits(), now);
    if (waiting_for_bytes > 0 && hold.wait.count() == 0)
      hold = {bytes_are_short, budget}; // no use in letting all go from one queue to the other
    if (hold.wait.count() > 0 && hold.budget == budget) {
      wakes.emplace(queue.wake = now + hold.wait, budget);
      return;
    }
    auto request = std::move(queue.requests.front());
    queue.requests.pop_front();
    --waiting_for_quota;
    if (hold.wait.count() > 0)
      wait_for_quota(std::move(request), hold, now);
    else
      reserve(std::move(request), now);
  }
  for_quota.erase(budget);
}

void fetch_gate_state::wake_up() {
  if (wakes.empty() || wakes.begin()->first >= armed_for)
    return;
  waker.dispose();
  armed_for = wakes.begin()->first;
  waker = self->run_delayed(armed_for - self->clock().now(), [this] { serve_due(); });
}

void fetch_gate_state::hear(const report_quota& said) {
  for (const auto& pause : said.pauses) {
    auto name = budget_name(*said.connection, said.stream, pause.of);
    auto until = self->clock().now() + pause.pause;
    quotas.pause(name, until);
    if (is_shared(pause.of))
      quotas.shared().pause(name, until);
  }
}

/// At uneven times: else the node whose tick is right behind another's would find nothing left, for ever.
void fetch_gate_state::tick() {
  auto now = self->clock().now();
  quotas.shared().set_nodes(sharing.live_nodes(), now);
  if (now >= forget_at) {
    quotas.forget_idle(now);
    forget_at = now + forget_every;
  }
  if (sharing.leaser && !is_ordering)
    order_turns();
  self->run_delayed(std::chrono::milliseconds{150 + random() % 200}, [this] { tick(); });
}

void fetch_gate_state::order_turns() {
  auto order = *quotas.shared().order(
    [this](const std::string& budget) {
      auto i = for_quota.find(budget);
      return i == for_quota.end() ? 0 : i->second.requests.size();
    },
    self->clock().now());
  is_ordering = true;
  self->request(sharing.leaser, order_patience, order)
    .then([this, order](const turns_leased& answer) { take_turns(order, answer); },
          [this](const caf::error& why) {
            is_ordering = false;
            quotas.shared().failed(self->clock().now());
            sharing.leased(lease_result::failed);
            sharing.fallback(true, message_of(why));
          });
}

void fetch_gate_state::take_turns(const lease_turns& order, const turns_leased& answer) {
  is_ordering = false;
  auto now = self->clock().now();
  quotas.shared().leased(answer);
  for (const auto& pause : answer.pauses)
    quotas.pause(pause.budget, pause.until);
  for (size_t i = 0; i < answer.slices.size(); ++i) {
    sharing.leased(answer.slices[i].count < order.wanted[i].count ? lease_result::refused : lease_result::granted);
    serve(answer.slices[i].budget, now);
  }
  if (!quotas.shared().is_fallback())
    sharing.fallback(false, {});
  wake_up();
  show();
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
    report(waiting_for_quota, waiting_for_bytes, static_cast<int64_t>(bytes.used()));
}

} // namespace lode
