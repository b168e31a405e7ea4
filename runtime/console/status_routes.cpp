#include <boost/json.hpp>

#include "runtime/console/live_view.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::object shown(const std::array<int64_t, 4>& counts) {
  json::object out;
  for (auto state : {activity::active, activity::paused, activity::suspended, activity::deleting})
    out[json::string_view{name_of(state).data(), name_of(state).size()}] = counts[static_cast<size_t>(state)];
  return out;
}

json::array shown(const std::vector<stopped_connection>& stopped) {
  json::array out;
  for (const auto& each : stopped)
    out.push_back({{"tenant", each.tenant},
                   {"connection", each.connection},
                   {"state", json::string_view{name_of(each.state).data(), name_of(each.state).size()}},
                   {"reason", redact(each.reason)}});
  return out;
}

/// Live capture in the whole cluster, with the oldest gaps.
caf::error add_live(json::object& out, api_context& context, size_t limit) {
  auto counts = context.stores.admin->count_live();
  auto gaps = context.stores.admin->list_open_gaps(limit);
  if (!counts || !gaps)
    return !counts ? counts.error() : gaps.error();
  json::array items;
  for (const auto& gap : *gaps)
    items.push_back(shown_gap(gap));
  out["live"] = shown_live(*counts);
  out["open_gaps"] = std::move(items);
  return {};
}

bool is_failing(const sink_standing& each) {
  return each.sink.state == activity::active && each.failing_since;
}

/// What needs a person before what may pass, of these the one that fails the longest; null where all is well.
const sink_standing* worst_of(const std::vector<sink_standing>& all) {
  const sink_standing* worst = nullptr;
  for (const auto& each : all) {
    if (each.sink.state == activity::suspended)
      return &each;
    if (is_failing(each) && (worst == nullptr || *each.failing_since < *worst->failing_since))
      worst = &each;
  }
  return worst;
}

/// Sinks of the whole cluster. Costs as much as there are sinks and shards, however many tenants there are.
caf::error add_sinks(json::object& out, api_context& context) {
  if (!context.stores.sinks)
    return {};
  auto all = context.stores.sinks->list_sinks();
  if (!all)
    return all.error();
  int64_t active = 0, paused = 0, suspended = 0, failing = 0, behind = 0;
  for (const auto& each : *all) {
    ++(each.sink.state == activity::active ? active : each.sink.state == activity::paused ? paused : suspended);
    failing += is_failing(each) ? 1 : 0;
    behind += each.changes_behind;
  }
  json::value worst;
  if (const auto* found = worst_of(*all)) {
    const bool is_suspended = found->sink.state == activity::suspended;
    worst = {{"name", found->sink.name},
             {"state", is_suspended ? "suspended" : "failing"},
             {"since", is_suspended ? json::value(nullptr) : json::value(format_time(*found->failing_since))},
             {"error", redact(is_suspended ? found->sink.reason : found->error)},
             {"changes_behind", found->changes_behind}};
  }
  out["sinks"] = {{"active", active},   {"paused", paused},         {"suspended", suspended},
                  {"failing", failing}, {"changes_behind", behind}, {"worst", std::move(worst)}};
  return {};
}

caf::expected<api_response> status(const api_request& request, api_context& context) {
  auto limit = request.query_number("stopped", 200, 10'000);
  auto open_gaps = request.query_number("gaps", 50, 10'000);
  if (!limit || !open_gaps)
    return !limit ? limit.error() : open_gaps.error();
  std::string why;
  auto is_ready = context.services.node->ready(why);
  json::object out{{"ready", is_ready}, {"node", shown_status(context.services.node->status())}};
  out["not_ready_because"] = is_ready ? json::value(nullptr) : json::value(why);
  auto counts = context.stores.admin->count_activities();
  auto stopped = context.stores.admin->list_stopped(*limit);
  if (!counts || !stopped) {
    // A status that fails with the store would hide what people look for in an outage.
    out["store"] = redact(message_of(!counts ? counts.error() : stopped.error()));
    return json_response(out);
  }
  out["store"] = "ok";
  out["tenants"] = shown(counts->tenants);
  out["connections"] = shown(counts->connections);
  out["stopped"] = shown(*stopped);
  out["stopped_total"] = counts->stopped;
  auto failed = add_live(out, context, *open_gaps);
  if (!failed)
    failed = add_sinks(out, context);
  if (failed)
    out["store"] = redact(message_of(failed));
  return json_response(out);
}

} // namespace

boost::json::object shown_status(const node_status& node) {
  return {{"name", node.name},
          {"version", node.version},
          {"uptime_seconds", node.uptime.count()},
          {"shards", node.shards},
          {"open_runs", node.open_runs},
          {"miners", node.miners},
          {"requests_in_flight", node.requests_in_flight},
          {"bytes_in_flight", node.bytes_in_flight},
          {"bytes_allowed", node.bytes_allowed},
          {"waiting_for_quota", node.waiting_for_quota},
          {"pages", node.pages},
          {"records", node.records},
          {"inserted", node.inserted},
          {"updated", node.updated},
          {"unchanged", node.unchanged},
          {"dead", node.dead},
          {"calls", node.calls},
          {"failed_calls", node.failed_calls},
          {"memory_bytes", node.memory_bytes},
          {"pages_per_second", node.pages_per_second},
          {"records_per_second", node.records_per_second}};
}

void add_status_routes(router& routes) {
  routes.add("GET", "/api/v1/status", status);
}

} // namespace lode
