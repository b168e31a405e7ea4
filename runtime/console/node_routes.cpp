#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/wall_clock.hpp"

/// What the nodes know of their own work: the last hour, who works for a tenant, how much is logged.
namespace lode {

namespace {

namespace json = boost::json;

// -- the last hour ------------------------------------------------------------------------------------------------------

struct named_series {
  const char* name;
  std::optional<double> history_step::*of;
};
constexpr std::array<named_series, 7> all_series{{{"records", &history_step::records},
                                                  {"calls", &history_step::calls},
                                                  {"changed_share", &history_step::changed_share},
                                                  {"errors", &history_step::errors},
                                                  {"lateness", &history_step::lateness},
                                                  {"queue", &history_step::queue},
                                                  {"memory", &history_step::memory}}};

caf::expected<api_response> history(const api_request& request, api_context& context) {
  const auto finest = static_cast<size_t>(node_history::finest.count());
  const auto longest = finest * node_history::most_steps;
  auto span = request.query_number("span", longest, longest);
  auto step = request.query_number("step", finest, longest);
  if (!span || !step)
    return !span ? span.error() : step.error();
  if (*step % finest != 0 || *span % *step != 0)
    return caf::make_error(errc::bad_argument, "step: expected a multiple of " + std::to_string(finest) + " seconds, and span a multiple of step");
  if (!context.services.history)
    return caf::make_error(errc::not_found, "this node keeps no history");
  auto table = context.services.history->look(wall_clock(), std::chrono::seconds{*span}, std::chrono::seconds{*step});
  json::object series;
  for (const auto& each : all_series) {
    json::array values;
    for (const auto& at : table.steps)
      values.push_back(at.*each.of ? json::value(*(at.*each.of)) : json::value(nullptr));
    series[each.name] = std::move(values);
  }
  return json_response({{"from", format_time(table.from)}, {"step_seconds", table.step.count()}, {"series", std::move(series)}});
}

// -- who works for a tenant ---------------------------------------------------------------------------------------------

/// Those from `i` on that stand below `depth`; `i` is then behind them.
json::array shown_below(const std::vector<actor_activity>& all, size_t& i, uint32_t depth) {
  json::array out;
  while (i < all.size() && all[i].depth >= depth) {
    const auto& x = all[i++];
    out.push_back({{"name", x.actor},
                   {"what", x.what},
                   {"state", redact(x.doing)},
                   {"since", format_time(x.since)},
                   {"restarts", x.restarts},
                   {"children", shown_below(all, i, x.depth + 1)}});
  }
  return out;
}

caf::expected<api_response> supervision(const api_request& request, api_context& context) {
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto found = context.services.node->survey(tenant->id);
  if (found.reports.empty())
    found.reports.push_back(context.services.node->report(tenant->id)); // this node has no links
  json::array nodes;
  for (auto& report : found.reports) {
    for (auto& each : report.activities)
      if (each.what.empty())
        each.what = tenant->name;
    size_t i = 0;
    auto tree = shown_below(report.activities, i, 0);
    if (!tree.empty())
      nodes.push_back({{"node", report.status.name}, {"tree", std::move(tree)}});
  }
  return json_response({{"nodes", std::move(nodes)}});
}

// -- what is logged -----------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 5> levels{"trace", "debug", "info", "warning", "error"};

api_response shown_level(const api_context& context) {
  const auto level = levels[static_cast<size_t>(present_log_level())];
  return json_response({{"node", context.services.node->status().name}, {"level", json::string_view{level.data(), level.size()}}});
}

caf::expected<api_response> log_level_now(const api_request&, api_context& context) {
  return shown_level(context);
}

/// Until the node ends, or somebody says otherwise. Each node is told by itself.
caf::expected<api_response> change_log_level(const api_request& request, api_context& context) {
  body_reader body{request.body};
  const auto name = context.services.node->status().name;
  const auto node = body.text_or("node", name);
  const auto wanted = body.text("level");
  if (auto wrong = body.finish())
    return wrong;
  if (node != name)
    return caf::make_error(errc::conflict, "this is node " + name + ": tell node " + node + " at its own console");
  const auto i = std::find(levels.begin(), levels.end(), wanted);
  if (i == levels.end())
    return caf::make_error(errc::bad_argument, "level: expected trace, debug, info, warning or error, found " + wanted);
  set_log_level(static_cast<log_level>(i - levels.begin()));
  log_warning("log level " + wanted + " from now on, as somebody told the console");
  return shown_level(context);
}

} // namespace

void add_node_routes(router& routes) {
  routes.add("GET", "/api/v1/history", history);
  routes.add("GET", "/api/v1/tenants/{tenant}/supervision", supervision);
  routes.add("GET", "/api/v1/log-level", log_level_now);
  routes.add("PUT", "/api/v1/log-level", change_log_level);
}

} // namespace lode
