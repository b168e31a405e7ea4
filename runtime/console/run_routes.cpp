#include <boost/json.hpp>

#include <charconv>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/telemetry/trace_id.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::string text_of(std::string_view text) {
  return json::string{text.data(), text.size()};
}

json::object shown(const run_summary& run, int64_t store_generation) {
  const auto& n = run.counters;
  return {{"run", run.run.value},
          {"trace", trace_id_of(store_generation, run.run)},
          {"kind", text_of(name_of(run.kind))},
          {"phase", text_of(name_of(run.phase))},
          {"started", format_time(run.started)},
          {"ended", run.ended ? json::value(format_time(*run.ended)) : json::value(nullptr)},
          {"open", run.open},
          {"failed", run.failed},
          {"pages", n.pages},
          {"records", n.records},
          {"inserted", n.inserted},
          {"updated", n.updated},
          {"unchanged", n.unchanged},
          {"refused_older", n.refused_older},
          {"dead", n.dead},
          {"deleted", n.deleted},
          {"bytes", n.bytes},
          {"reason", redact(run.reason)}};
}

caf::expected<run_kind> kind_of(const std::string& name) {
  for (auto kind : {run_kind::manual, run_kind::backfill, run_kind::repair, run_kind::full})
    if (name == name_of(kind))
      return kind;
  return caf::make_error(errc::bad_argument, "kind: found \"" + name + "\", expected manual, backfill, repair or full");
}

/// Nothing for a request that was carried out before: it is answered as it was, whatever has become of its object since. Else `why`.
caf::error refused_unless_done(const api_request& request, api_context& context, const std::string& why) {
  auto before = context.stores.runs->was_done({request.command});
  if (!before)
    return before.error();
  return *before ? caf::error{} : caf::make_error(errc::conflict, why);
}

/// Answers when the request is durable. The same again changes nothing: it says what stands there.
caf::expected<api_response> trigger(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto kind = kind_of(body.text_or("kind", "manual"));
  if (auto wrong = body.finish())
    return wrong;
  if (!kind)
    return kind.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  if (connection->state != activity::active)
    if (auto refused = refused_unless_done(request, context,
                                           "connection " + connection->name + " is " + std::string{name_of(connection->state)}
                                             + (connection->reason.empty() ? "" : ": " + connection->reason)))
      return refused;
  auto asked = context.stores.runs->request_run(connection->id, *kind, wall_clock(), {request.command});
  if (!asked)
    return asked.error();
  json::object answer{{"tenant", connection->tenant_name}, {"connection", connection->name}, {"command", request.command}};
  answer["kind"] = text_of(name_of(*kind));
  answer["answer"] = text_of(name_of(asked->answer));
  if (asked->answer == request_answer::already_open) {
    answer["run"] = asked->open.value;
    return json_response(answer);
  }
  context.services.node->look_for_work();
  return json_response(answer, 202);
}

caf::expected<api_response> list(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 20, 1'000);
  if (!limit)
    return limit.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto generation = context.stores.catalog->store_generation();
  if (!generation)
    return generation.error();
  auto runs = context.stores.runs->list_runs(connection->id, *limit);
  if (!runs)
    return runs.error();
  json::array items;
  for (const auto& run : *runs)
    items.push_back(shown(run, *generation));
  return json_response({{"runs", std::move(items)}});
}

caf::expected<run_summary> routed_run(const api_request& request, api_context& context) {
  const auto& text = request.parameter("run");
  run_id id;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc{} || end != text.data() + text.size())
    return caf::make_error(errc::bad_argument, "run: found \"" + text + "\", expected its number");
  return context.stores.runs->load_run(id);
}

/// With the names of its tenant and connection, which the summary has only as ids.
caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto run = routed_run(request, context);
  if (!run)
    return run.error();
  auto connection = context.stores.catalog->load_connection(run->connection);
  if (!connection)
    return connection.error();
  auto generation = context.stores.catalog->store_generation();
  if (!generation)
    return generation.error();
  auto out = shown(*run, *generation);
  out["tenant"] = connection->tenant_name;
  out["connection"] = connection->name;
  if (!request.command.empty())
    out["command"] = request.command;
  return json_response(out);
}

caf::expected<api_response> cancel(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto reason = body.text_or("reason", "cancelled by a person");
  if (auto wrong = body.finish())
    return wrong;
  auto run = routed_run(request, context);
  if (!run)
    return run.error();
  if (run->phase != run_phase::open)
    if (auto refused = refused_unless_done(request, context,
                                           "run " + to_string(run->run) + " is " + std::string{name_of(run->phase)} + " already"))
      return refused;
  if (auto failed = context.stores.runs->cancel_run(run->run, reason, {request.command}))
    return failed;
  context.services.node->cancel_run(run->tenant, run->connection, run->run);
  return show(request, context);
}

} // namespace

void add_run_routes(router& routes) {
  routes.add("POST", "/api/v1/tenants/{tenant}/connections/{connection}/runs", trigger);
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/runs", list);
  routes.add("GET", "/api/v1/runs/{run}", show);
  routes.add("POST", "/api/v1/runs/{run}/cancel", cancel);
}

} // namespace lode
