#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/telemetry/trace_id.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// The kind or phase of this name; errc::bad_argument: there is none.
template <class Value>
caf::expected<std::optional<Value>> named(const api_request& request, const std::string& what, std::initializer_list<Value> values) {
  const auto text = request.query_text(what);
  if (text.empty())
    return std::optional<Value>{};
  std::string known;
  for (auto value : values) {
    if (text == name_of(value))
      return std::optional{value};
    known += (known.empty() ? "" : ", ") + std::string{name_of(value)};
  }
  return caf::make_error(errc::bad_argument, what + ": found \"" + text + "\", expected one of " + known);
}

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

/// Why a run that is open gets no further: its connection is stopped.
void tell_stop(json::object& item, const run_summary& run, activity state, const std::string& reason) {
  if (run.phase != run_phase::open || state == activity::active || !run.reason.empty())
    return;
  item["reason"] = redact("its connection is " + std::string{name_of(state)} + (reason.empty() ? "" : ": " + reason));
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

/// The moment of this key, absent or RFC 3339.
std::optional<instant> moment(body_reader& body, std::string_view key) {
  const auto text = body.text_or(key, "");
  auto out = text.empty() ? std::nullopt : parse_time(text);
  if (!text.empty() && !out)
    body.complain(std::string{key} + ": found \"" + text + "\", expected a time such as 2026-01-31T08:15:00Z");
  return out;
}

/// Which part of a backfill is asked for; nothing: whatever it reads.
struct wanted_span {
  std::optional<instant> from, to;
  std::optional<std::vector<std::string>> streams;
};
wanted_span read_span(body_reader& body) {
  wanted_span out{moment(body, "from"), moment(body, "to"), body.texts("streams")};
  if (out.from.has_value() != out.to.has_value() || (out.streams && !out.from) || (out.from && *out.from >= *out.to))
    body.complain("from, to: expected both, the earlier one first; streams: only beside them");
  return out;
}

caf::expected<requested_run> request_backfill(const wanted_span& wanted, const connection_row& connection, const std::string& command, api_context& context) {
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  backfill_order order{{*wanted.from, *wanted.to}};
  for (const auto& name : wanted.streams.value_or(std::vector<std::string>{})) {
    auto found = std::find_if(connection.streams.begin(), connection.streams.end(), [&](const stream_row& stream) { return stream.name == name; });
    if (found == connection.streams.end())
      return caf::make_error(errc::not_found, "connection " + connection.name + " mines no stream " + name);
    order.streams.push_back(found->id);
  }
  return (*store)->request_backfill(connection.id, order, wall_clock(), {command});
}

/// Answers when the request is durable. The same again changes nothing: it says what stands there.
caf::expected<api_response> trigger(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto kind = kind_of(body.text_or("kind", "manual"));
  const auto wanted = read_span(body);
  if (wanted.from && kind && *kind != run_kind::backfill)
    body.complain("from, to: only a backfill reads a span");
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
  auto asked = wanted.from ? request_backfill(wanted, *connection, request.command, context)
                           : context.stores.runs->request_run(connection->id, *kind, wall_clock(), {request.command});
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
  for (const auto& run : *runs) {
    auto item = shown(run, *generation);
    item["tenant"] = connection->tenant_name;
    item["connection"] = connection->name;
    tell_stop(item, run, connection->state, connection->reason);
    items.push_back(std::move(item));
  }
  return json_response({{"runs", std::move(items)}});
}

/// Over all tenants, latest first.
caf::expected<api_response> list_all(const api_request& request, api_context& context) {
  using enum run_kind;
  auto limit = request.query_number("limit", 100, 1'000);
  auto after = request.query_number("after", 0, INT64_MAX);
  if (!limit || !after)
    return !limit ? limit.error() : after.error();
  auto phase = named(request, "phase", {run_phase::open, run_phase::finished, run_phase::incomplete, run_phase::cancelled});
  auto kind = named(request, "kind", {scheduled, manual, backfill, repair, full});
  if (!phase || !kind)
    return !phase ? phase.error() : kind.error();
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto generation = context.stores.catalog->store_generation();
  if (!generation)
    return generation.error();
  auto runs = (*store)->list_runs({*phase, *kind, request.query_text("tenant"), static_cast<int64_t>(*after)}, *limit);
  if (!runs)
    return runs.error();
  json::array items;
  for (const auto& each : *runs) {
    auto item = shown(each.run, *generation);
    item["tenant"] = each.tenant;
    item["connection"] = each.connection;
    tell_stop(item, each.run, each.state, each.reason);
    items.push_back(std::move(item));
  }
  const bool is_full = runs->size() == *limit;
  return json_response({{"runs", std::move(items)}, {"next", is_full ? json::value(std::to_string(runs->back().run.run.value)) : nullptr}});
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
  tell_stop(out, *run, connection->state, connection->reason);
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
  routes.add("GET", "/api/v1/runs", list_all);
  routes.add("GET", "/api/v1/runs/{run}", show);
  routes.add("POST", "/api/v1/runs/{run}/cancel", cancel);
}

} // namespace lode
