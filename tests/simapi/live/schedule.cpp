#include "tests/simapi/live/schedule.hpp"

#include "tests/simapi/random.hpp"

#include <algorithm>

namespace simapi {
namespace {

event_form form_of(const fault& by) {
  switch (by.kind) {
    case fault_kind::event_oversize: return event_form::oversize;
    case fault_kind::event_malformed: return static_cast<event_form>(by.form);
    case fault_kind::bad_signature: return event_form::bad_signature;
    default: return event_form::right;
  }
}

} // namespace

outgoing_events delivery_schedule::add(const live_event& event, const std::optional<fault>& spoiled, int64_t now) {
  outgoing_events out;
  auto kind = spoiled ? spoiled->kind : fault_kind::none;
  if (kind == fault_kind::event_late) {
    delay({event}, now + spoiled->delay_ms, 0);
    return out;
  }
  if (kind == fault_kind::event_reordered) {
    delay({event}, now + spoiled->delay_ms, spoiled->behind);
    return out;
  }
  if (kind != fault_kind::event_lost)
    out.push_back({event, spoiled ? form_of(*spoiled) : event_form::right, spoiled ? spoiled->bytes : 0});
  if (kind == fault_kind::event_duplicated && spoiled->delay_ms > 0)
    delay({event}, now + spoiled->delay_ms, 0);
  else if (kind == fault_kind::event_duplicated)
    out.push_back({event});
  let_pass(event.tenant, out);
  return out;
}

void delivery_schedule::delay(const outgoing_event& what, int64_t due, uint32_t behind) {
  auto where = delayed_.insert({due, {what, behind}});
  if (behind > 0)
    held_[what.event.tenant].push_back(where);
}

void delivery_schedule::let_pass(uint32_t tenant, outgoing_events& out) {
  auto found = held_.find(tenant);
  if (found == held_.end())
    return;
  std::vector<place> left;
  for (auto each : found->second) {
    if (--each->second.behind > 0) {
      left.push_back(each);
      continue;
    }
    out.push_back(each->second.what);
    delayed_.erase(each);
  }
  if (left.empty())
    held_.erase(found);
  else
    found->second = std::move(left);
}

void delivery_schedule::remove(place which) {
  auto tenant = which->second.what.event.tenant;
  if (which->second.behind > 0) {
    auto found = held_.find(tenant);
    std::erase(found->second, which);
    if (found->second.empty())
      held_.erase(found);
  }
  delayed_.erase(which);
}

outgoing_events delivery_schedule::take_due(int64_t now) {
  outgoing_events out;
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    out.push_back(delayed_.begin()->second.what);
    remove(delayed_.begin());
  }
  return out;
}

outgoing_events delivery_schedule::take(uint32_t tenant, uint64_t number) {
  auto found = std::ranges::find_if(delayed_, [&](const auto& each) {
    return each.second.what.event.tenant == tenant && each.second.what.event.number == number;
  });
  if (found == delayed_.end())
    return {};
  outgoing_events out{found->second.what};
  remove(found);
  return out;
}

std::optional<int64_t> delivery_schedule::next_due() const {
  return delayed_.empty() ? std::nullopt : std::optional{delayed_.begin()->first};
}

int64_t retry_delay(uint32_t attempts, int64_t first, int64_t most, uint64_t hash) {
  auto doublings = std::min(attempts > 0 ? attempts - 1 : 0, 30u);
  auto whole = std::min(first > most >> doublings ? most : first << doublings, most);
  return whole - static_cast<int64_t>(unit_interval(hash) * static_cast<double>(whole) / 2);
}

} // namespace simapi
