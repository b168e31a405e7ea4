// Connections, and what becomes of the events that were given to a socket.
#include "tests/simapi/live/hub.hpp"

#include "tests/simapi/simulation.hpp"

#include <algorithm>
#include <charconv>

namespace simapi {

void live_hub::open(live_connection& added) {
  added.id = ++last_connection_;
  connections_[added.id] = &added;
  auto& whose = at(added.who->data->index);
  whose.connections.push_back(&added);
  count(whose, &live_counters::opened);
}

void live_hub::close(live_connection& gone) {
  auto& whose = at(gone.who->data->index);
  std::erase(whose.connections, &gone);
  connections_.erase(gone.id);
  queued_ -= gone.waiting.size() + gone.in_flight;
  count(whose, &live_counters::dropped, gone.waiting.size() + gone.in_flight);
  gone.waiting.clear();
  gone.in_flight = 0;
}

bool live_hub::subscribe(live_connection& whose, uint32_t streams, const std::string* after) {
  whose.streams |= streams;
  auto& tenant = at(whose.who->data->index);
  if (!after || !after->starts_with(tenant.account + '_'))
    return false;
  uint64_t number = 0;
  std::from_chars(after->data() + tenant.account.size() + 1, after->data() + after->size(), number);
  auto found = std::ranges::find(tenant.kept, number, &live_event::number);
  if (found == tenant.kept.end())
    return false;
  for (++found; found != tenant.kept.end(); ++found)
    if (streams >> static_cast<uint32_t>(found->stream) & 1)
      push(tenant, whose, {*found});
  return true;
}

void live_hub::acknowledge(live_connection& whose) {
  count(at(whose.who->data->index), &live_counters::acknowledged);
}

outgoing_events live_hub::take(live_connection& whose, size_t most) {
  auto number = static_cast<std::ptrdiff_t>(std::min(most, whose.waiting.size()));
  outgoing_events result{whose.waiting.begin(), whose.waiting.begin() + number};
  whose.waiting.erase(whose.waiting.begin(), whose.waiting.begin() + number);
  whose.in_flight = result.size();
  return result;
}

void live_hub::written(live_connection& whose, const outgoing_events& what, bool completely) {
  auto& tenant = at(whose.who->data->index);
  queued_ -= what.size();
  whose.in_flight = 0;
  if (!completely) {
    count(tenant, &live_counters::dropped, what.size());
    return;
  }
  count(tenant, &live_counters::sent, what.size());
  count(tenant, &live_counters::delivered, what.size());
}

void live_hub::answered(delivery of, int status, handing& what, handed outcome) {
  auto accepted = is_accepted(status);
  auto& whose = at(of.events.front().event.tenant);
  end_handing(what, accepted ? handed::all : outcome);
  auto size = of.events.size();
  auto id = of.hook;
  std::string entry;
  put(entry, id);
  for (const auto& each : of.events)
    put(entry, each.event.number);
  if (outcome != handed::nothing)
    count(whose, &live_counters::sent, size);
  if (hooks.finish(std::move(of), status, steady_now()) && accepted)
    sim_.state.append(entry_type::answered, entry);
  if (accepted) {
    count(whose, &live_counters::delivered, size);
    count(whose, &live_counters::acknowledged, size);
  }
}

handing live_hub::begin_handing(const outgoing_events& what) {
  handing result;
  auto part_of = [&](stream& in) -> handing::part& {
    for (auto& each : result.parts)
      if (each.in == &in)
        return each;
    return result.parts.emplace_back(handing::part{&in, {}, 0});
  };
  for (const auto& [event, form, bytes] : what) {
    auto& owner = sim_.world.tenants()[event.tenant];
    bool is_delete = event.change == change_kind::deleted;
    bool is_readable = form == event_form::right || form == event_form::oversize || form == event_form::bad_signature;
    // A crm event names a record and shows nothing of it.
    if (is_readable && (is_delete || owner.speaks != dialect::crm))
      part_of(*owner.find(event.stream)).shown.emplace_back(event.index, event.version | (is_delete ? delete_flag : 0));
  }
  if (!what.empty())
    for (auto& each : result.parts)
      each.ticket = sim_.begin_sending(sim_.world.tenants()[what.front().event.tenant], *each.in, each.shown);
  return result;
}

void live_hub::end_handing(handing& what, handed outcome) {
  for (auto& each : what.parts) {
    if (outcome != handed::nothing)
      sim_.mark_sent(*each.in, each.shown, outcome == handed::all);
    // Without a word in the journal it stays in doubt.
    if (outcome != handed::perhaps)
      sim_.end_sending(each.ticket, outcome == handed::all);
  }
  what.parts.clear();
}

void live_hub::append_text(std::string& out, const live_event& event) {
  auto& owner = sim_.world.tenants()[event.tenant];
  auto& in = *owner.find(event.stream);
  const auto& one = in.records[event.index];
  std::string record;
  if (event.change != change_kind::deleted && owner.speaks != dialect::crm)
    sim_.world.append_text(record, owner, in, one, sim_.world.version_of(one, event.version));
  auto key = sim_.world.key_text(owner, in, one);
  event_facts facts{event, at(event.tenant).account, key, record};
  owner.speaks == dialect::graph ? append_graph_event(out, facts)
  : owner.speaks == dialect::crm ? append_crm_event(out, facts)
                                 : append_shop_event(out, facts);
}

} // namespace simapi
