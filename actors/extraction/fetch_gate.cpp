#include "actors/extraction/fetch_gate.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

#include "actors/extraction/permit_budgets.hpp"
#include "messages/error.hpp"

namespace lode {

namespace {

/// An order is given up after so long; its leaser has ended, or hangs.
constexpr std::chrono::seconds order_patience{2};
constexpr std::chrono::minutes forget_every{1};
/// So many requests for head pages that do not fit are passed over for the sake of smaller ones.
constexpr size_t most_passed = 8;

} // namespace

fetch_gate_state::fetch_gate_state(fetch_gate_actor::pointer self, uint64_t capacity, fetch_gate_report report,
                                   budget_sharing sharing, activity_board* board)
  : self(self),
    bytes(capacity),
    report(std::move(report)),
    sharing(std::move(sharing)),
    board(board),
    quotas(shared_quota{static_cast<bool>(this->sharing.leaser), this->sharing.live_nodes(), self->clock().now()}) {}

fetch_gate_actor::behavior_type fetch_gate_state::make_behavior() {
  self->set_down_handler([this](caf::down_msg& down) { client_ended(down.source); });
  tick();
  return {
    [this](ask_permit& ask) {
      auto limits = limits_of(*ask.connection, ask.stream);
      admit({++asked, caf::actor_cast<permit_client_actor>(self->current_sender()), std::move(ask), std::move(limits)});
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

void fetch_gate_state::remember(const waiting& request) {
  auto [i, is_new] = clients.try_emplace(request.client.address());
  if (is_new)
    self->monitor(request.client);
  i->second.generation = std::max(i->second.generation, request.ask.generation);
}

/// Nobody waits for it any more.
bool fetch_gate_state::is_dropped(const waiting& request) const {
  auto i = clients.find(request.client.address());
  return i == clients.end() || request.ask.generation < i->second.generation;
}

void fetch_gate_state::admit(waiting request) {
  auto now = self->clock().now();
  remember(request);
  for (const auto& limit : request.limits) // those who wait go first
    if (auto i = for_quota.find(limit.budget); i != for_quota.end()) {
      show(request, doing::quota, std::max(std::chrono::nanoseconds{i->second.wake - now}, std::chrono::nanoseconds{0}), limit.budget);
      return queue_up(i->second, std::move(request));
    }
  if (auto hold = quotas.hold_of(request.limits, now); hold.wait.count() > 0)
    wait_for_quota(std::move(request), hold, now);
  else
    reserve(std::move(request), now);
  wake_up();
}

void fetch_gate_state::queue_up(quota_queue& queue, waiting request) {
  const auto number = request.number;
  queue.requests.emplace(number, std::move(request));
  ++waiting_for_quota;
}

void fetch_gate_state::wait_for_quota(waiting request, const quota_hold& hold, time_point now) {
  show(request, doing::quota, hold.wait, hold.budget);
  auto [i, is_new] = for_quota.try_emplace(hold.budget);
  if (is_new)
    wakes.emplace(i->second.wake = now + hold.wait, hold.budget);
  queue_up(i->second, std::move(request));
}

/// The quota is not used before the bytes are there: else what waited for bytes would go out in one burst. False: it waits.
bool fetch_gate_state::reserve(waiting request, time_point now) {
  const auto is_first = waiting_for_bytes == 0 || bytes.used() == 0;
  if (is_first && bytes.reserve(request.ask.bytes, request.ask.is_ahead)) {
    grant(std::move(request), now);
    return true;
  }
  show(request, doing::bytes, {}, {});
  auto& queue = for_bytes[request.ask.tenant];
  if (queue.empty())
    turn.push_back(request.ask.tenant);
  // The head page of a continuation is what lets others commit: it goes before pages fetched ahead.
  if (request.ask.is_ahead)
    queue.push_back(std::move(request));
  else
    queue.push_front(std::move(request));
  ++waiting_for_bytes;
  return false;
}

void fetch_gate_state::grant(waiting request, time_point now) {
  quotas.spend(request.limits, now);
  clients[request.client.address()].bytes += request.ask.bytes;
  self->send(request.client, permit_granted{request.ask.generation, request.ask.bytes});
}

/// Looks at bytes first, which is cheap. Who is refused keeps its place.
void fetch_gate_state::grant_reserved() {
  const auto now = self->clock().now();
  std::vector<tenant_id> refused;
  for (size_t heads = 0; !turn.empty() && heads < most_passed;) {
    auto tenant = turn.front();
    turn.pop_front();
    const auto& first = for_bytes[tenant].front();
    if (is_dropped(first)) {
      resume(take_first_of(tenant).from, now);
    } else if (bytes.reserve(first.ask.bytes, first.ask.is_ahead)) {
      use_bytes(take_first_of(tenant), now);
    } else {
      heads += first.ask.is_ahead ? 0 : 1;
      refused.push_back(tenant);
    }
  }
  turn.insert(turn.begin(), refused.begin(), refused.end());
  wake_up();
}

/// Its tenant, which is not in `turn`, goes to the end of it when it has more.
fetch_gate_state::waiting fetch_gate_state::take_first_of(const tenant_id& tenant) {
  auto i = for_bytes.find(tenant);
  auto request = std::move(i->second.front());
  i->second.pop_front();
  --waiting_for_bytes;
  if (i->second.empty())
    for_bytes.erase(i);
  else
    turn.push_back(tenant);
  return request;
}

/// Its bytes are reserved. While it waited for them its budget may have been used up by others, or paused: then it goes back to
/// its place among those who wait for the quota.
void fetch_gate_state::use_bytes(waiting request, time_point now) {
  const auto from = std::exchange(request.from, {});
  if (auto hold = quotas.hold_of(request.limits, now); hold.wait.count() > 0) {
    bytes.give_back(request.ask.bytes);
    wait_for_quota(std::move(request), hold, now);
  } else {
    grant(std::move(request), now);
  }
  resume(from, now);
}

/// The front of this queue, if there is one, waits for bytes no longer.
void fetch_gate_state::resume(const std::string& budget, time_point now) {
  auto i = for_quota.find(budget);
  if (i == for_quota.end())
    return;
  i->second.is_front_out = false;
  serve(budget, now);
}

void fetch_gate_state::serve_due() {
  armed_for = time_point::max();
  auto now = self->clock().now();
  while (!wakes.empty() && wakes.begin()->first <= now)
    serve(std::string{wakes.begin()->second}, now);
  wake_up();
  show();
}

/// Lets go what its budget holds back no longer, in order. When the front has to wait for bytes, the others wait behind it.
void fetch_gate_state::serve(const std::string& budget, time_point now) {
  auto i = for_quota.find(budget);
  if (i == for_quota.end() || i->second.is_front_out)
    return;
  auto& queue = i->second;
  wakes.erase({queue.wake, budget});
  while (!queue.requests.empty()) {
    auto first = queue.requests.begin();
    const auto is_over = is_dropped(first->second);
    const auto hold = is_over ? quota_hold{} : quotas.hold_of(first->second.limits, now);
    if (hold.wait.count() > 0 && hold.budget == budget) {
      wakes.emplace(queue.wake = now + hold.wait, budget);
      return;
    }
    auto request = std::move(first->second);
    queue.requests.erase(first);
    --waiting_for_quota;
    if (hold.wait.count() > 0) {
      wait_for_quota(std::move(request), hold, now);
    } else if (!is_over) {
      request.from = budget;
      queue.is_front_out = !reserve(std::move(request), now);
      if (queue.is_front_out)
        return;
    }
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

/// How many requests each budget could let go. Those in the queue of one shared budget need turns of their other ones too: of
/// these as many as the one can let go soon, as more would be lost to other nodes.
std::unordered_map<std::string, size_t> fetch_gate_state::demand() const {
  std::unordered_map<std::string, size_t> out;
  auto is_in_turns = [](const quota_limit& limit) { return limit.is_shared && limit.requests > 0; };
  auto named = [](const std::string& name) { return [&name](const quota_limit& limit) { return limit.budget == name; }; };
  for (const auto& [budget, queue] : for_quota) {
    const auto count = queue.requests.size() + (queue.is_front_out ? 1 : 0);
    out[budget] += count;
    if (queue.requests.empty())
      continue;
    const auto& limits = queue.requests.begin()->second.limits;
    auto own = std::find_if(limits.begin(), limits.end(), named(budget));
    if (own == limits.end() || !is_in_turns(*own))
      continue;
    const auto ahead = std::chrono::nanoseconds{turn_lease::lookahead}.count();
    const auto soon = static_cast<size_t>(ahead * own->requests / own->per.count()) + 1;
    for (const auto& limit : limits)
      if (is_in_turns(limit) && limit.budget != budget)
        out[limit.budget] += std::min(count, soon);
  }
  return out;
}

void fetch_gate_state::order_turns() {
  auto order = *quotas.shared().order(
    [wanted = demand()](const std::string& budget) {
      auto i = wanted.find(budget);
      return i == wanted.end() ? size_t{0} : i->second;
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
  auto i = clients.find(client);
  if (i == clients.end())
    return;
  auto reserved = std::min(permit.reserved, i->second.bytes);
  i->second.bytes += permit.actual - reserved;
  bytes.correct(reserved, permit.actual);
}

void fetch_gate_state::release(caf::actor_addr client, uint64_t freed) {
  auto i = clients.find(client);
  if (i == clients.end())
    return;
  freed = std::min(freed, i->second.bytes);
  i->second.bytes -= freed;
  bytes.give_back(freed);
}

/// What it asked for is found when it comes to the front.
void fetch_gate_state::client_ended(const caf::actor_addr& client) {
  if (auto i = clients.find(client); i != clients.end()) {
    bytes.give_back(i->second.bytes);
    clients.erase(i);
  }
  grant_reserved();
  show();
}

void fetch_gate_state::show(const waiting& request, doing why, std::chrono::nanoseconds wait, const std::string& budget) {
  if (!board)
    return;
  const auto& ask = request.ask;
  board->held_back(ask.tenant, request.client.id(), why, wait,
                   why == doing::quota ? budget_words(*ask.connection, ask.stream, budget) : std::string{});
}

void fetch_gate_state::show() {
  if (report)
    report(waiting_for_quota, waiting_for_bytes, static_cast<int64_t>(bytes.used()));
}

} // namespace lode
