#include "tests/simapi/live/reports.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace simapi {
namespace {

namespace json = boost::json;

json::object counted(const live_counters& of) {
  return {{"events", of.events},   {"lost", of.lost},           {"sent", of.sent},   {"delivered", of.delivered},
          {"acknowledged", of.acknowledged}, {"dropped", of.dropped}, {"overflows", of.overflows},
          {"opened", of.opened},   {"cut", of.cut}};
}

size_t waiting_for(const simulation& sim, uint32_t tenant, const live_tenant& whose) {
  size_t result = 0;
  for (const auto* each : whose.connections)
    result += each->waiting.size() + each->in_flight;
  for (const auto* each : sim.live.hooks.of(tenant))
    result += each->pending();
  return result;
}

json::object line_of(const simulation& sim, uint32_t tenant, const live_tenant& whose) {
  auto line = counted(whose.count);
  line["tenant"] = sim.states[tenant].data->name;
  line["connections"] = whose.connections.size();
  line["subscribed"] = std::ranges::count_if(whose.connections, [](const auto* each) { return each->streams != 0; });
  line["hooks"] = sim.live.hooks.of(tenant).size();
  line["waiting"] = waiting_for(sim, tenant, whose);
  line["last"] = whose.last;
  return line;
}

json::array cutters_of(const simulation& sim) {
  static constexpr const char* names[] = {"close", "drop", "reset", "half_open"};
  json::array list;
  for (const auto& each : sim.live.cutters())
    list.push_back(json::object{{"id", each.id}, {"how", names[static_cast<size_t>(each.kind)]}, {"share", each.share},
                                {"every_ms", each.every_ms}, {"rounds", each.rounds}, {"cuts", each.cuts}});
  return list;
}

} // namespace

control_reply live_report(simulation& sim, const parameters& query) {
  const auto* only = tenant_of(sim, query);
  auto result = counted(sim.live.total);
  result["connections"] = sim.live.connections();
  result["hooks"] = sim.live.hooks.all().size();
  result["waiting"] = sim.live.waiting();
  result["cutters"] = cutters_of(sim);
  json::array list;
  const auto& known = sim.live.tenants();
  if (!only)
    for (const auto& [tenant, each] : known)
      list.push_back(line_of(sim, tenant, each));
  else if (auto found = known.find(only->data->index); found != known.end())
    list.push_back(line_of(sim, found->first, found->second));
  result["tenants"] = list;
  control_reply reply;
  reply.body = json::serialize(result);
  return reply;
}

control_reply hooks_report(simulation& sim, const parameters& query) {
  const auto* only = tenant_of(sim, query);
  json::array list;
  for (const auto& [id, each] : sim.live.hooks.all())
    if (!only || only->data->index == each.tenant)
      list.push_back(json::object{{"id", id},
                                  {"tenant", sim.states[each.tenant].data->name},
                                  {"url", each.text},
                                  {"attempts", each.attempts},
                                  {"failed", each.failed},
                                  {"answered", each.answered},
                                  {"last_status", each.last_status},
                                  {"waiting", each.pending()}});
  control_reply reply;
  reply.body = json::serialize(list);
  return reply;
}

control_reply settled_report(simulation& sim, const parameters&) {
  auto waiting = sim.live.waiting();
  control_reply reply;
  reply.body = json::serialize(json::object{{"settled", waiting == 0}, {"waiting", waiting}});
  return reply;
}

} // namespace simapi
