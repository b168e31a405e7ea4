#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/problem.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

namespace json = boost::json;

caf::expected<sink_store*> sinks_of(api_context& context) {
  if (!context.stores.sinks)
    return caf::make_error(errc::not_found, "this node has no sinks");
  return context.stores.sinks.get();
}

json::value shown(const std::optional<instant>& time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

/// Never the settings: they may hold secrets of which only the kind knows.
json::object shown(const sink_standing& standing) {
  const auto& sink = standing.sink;
  return {{"name", sink.name},
          {"kind", sink.kind},
          {"streams", json::array(sink.streams.begin(), sink.streams.end())},
          {"state", name_of(sink.state)},
          {"reason", redact(sink.reason)},
          {"changes_behind", standing.changes_behind},
          {"shards_behind", standing.shards_behind},
          {"shards_failing", standing.shards_failing},
          {"delivered", standing.delivered},
          {"last_delivered", shown(standing.last_delivered)},
          {"failing_since", shown(standing.failing_since)},
          {"error", redact(standing.error)}};
}

json::array shown(const std::vector<diagnostic>& notes) {
  json::array out;
  for (const auto& note : notes)
    out.push_back({{"severity", note.severity == diagnostic::level::warning ? "warning" : "error"},
                   {"line", note.line},
                   {"path", note.path},
                   {"message", note.message}});
  return out;
}

caf::expected<sink_standing> find(api_context& context, const std::string& name) {
  auto store = sinks_of(context);
  if (!store)
    return store.error();
  auto all = (*store)->list_sinks();
  if (!all)
    return all.error();
  auto found = std::ranges::find(*all, name, [](const auto& each) { return each.sink.name; });
  if (found == all->end())
    return caf::make_error(errc::not_found, "there is no sink \"" + name + "\"");
  return std::move(*found);
}

caf::expected<api_response> list(const api_request&, api_context& context) {
  auto store = sinks_of(context);
  if (!store)
    return store.error();
  auto all = (*store)->list_sinks();
  if (!all)
    return all.error();
  json::array items;
  for (const auto& each : *all)
    items.push_back(shown(each));
  return json_response({{"sinks", std::move(items)}});
}

caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto found = find(context, request.parameter("sink"));
  if (!found)
    return found.error();
  return json_response(shown(*found));
}

api_response refused(const std::vector<diagnostic>& notes) {
  auto out = problem_of(422, "bad_sink", "the sink's description has errors; it was not stored");
  out["notes"] = shown(notes);
  auto response = json_response(out, 422);
  response.content_type = problem_type;
  return response;
}

uint32_t line_of(const std::string& what, const std::string& text) {
  const auto before = std::string_view{text}.substr(0, text.find(what));
  return 1 + static_cast<uint32_t>(std::ranges::count(before, '\n'));
}

/// Those of `streams` that fit nothing so far: the source may come later, or the name is a mistake.
caf::expected<std::vector<diagnostic>> fits_nothing(const std::vector<std::string>& streams, const std::string& text, api_context& context) {
  std::vector<diagnostic> notes;
  if (streams.empty())
    return notes;
  auto sources = context.stores.catalog->list_sources();
  if (!sources)
    return sources.error();
  std::vector<std::pair<std::string, std::vector<std::string>>> known;
  for (const auto& source : *sources)
    known.emplace_back(source.name, context.services.inspect_manifest(source.name, source.manifest).streams);
  for (const auto& wanted : streams)
    if (std::ranges::none_of(known, [&](const auto& source) {
          return std::ranges::any_of(source.second, [&](const auto& stream) { return wants_stream({wanted}, source.first, stream); });
        }))
      notes.push_back({diagnostic::level::warning, "", line_of(wanted, text), "#/streams",
                       "no source has a stream '" + wanted + "' now; nothing is delivered of it until one has"});
  return notes;
}

caf::expected<api_response> put(const api_request& request, api_context& context) {
  const auto& name = request.parameter("sink");
  if (auto wrong = check_name("sink", name))
    return wrong;
  auto store = sinks_of(context);
  if (!store)
    return store.error();
  auto read = context.services.inspect_sink(name, request.body);
  if (!read.is_usable)
    return refused(read.notes);
  auto unfit = fits_nothing(read.streams, request.body, context);
  if (!unfit)
    return unfit.error();
  read.notes.insert(read.notes.end(), unfit->begin(), unfit->end());
  auto sealed = context.services.seal_secrets(request.body);
  if (!sealed)
    return sealed.error();
  auto made = (*store)->put_sink({name, read.kind, read.streams, *sealed, read.from_now});
  if (!made)
    return made.error();
  context.services.node->sinks_changed();
  auto found = find(context, name);
  if (!found)
    return found.error();
  auto out = shown(*found);
  out["notes"] = shown(read.notes);
  return json_response(out, *made ? 201 : 200);
}

caf::expected<api_response> change(const api_request& request, api_context& context) {
  const auto& name = request.parameter("sink");
  body_reader body{request.body};
  const auto state = body.text("state");
  if (auto wrong = body.finish())
    return wrong;
  if (state != "active" && state != "paused")
    return caf::make_error(errc::bad_argument, "state: give active or paused");
  auto store = sinks_of(context);
  if (!store)
    return store.error();
  if (auto failed = state == "paused" ? (*store)->pause_sink(name) : (*store)->resume_sink(name))
    return failed;
  context.services.node->sinks_changed();
  return show(request, context);
}

caf::expected<api_response> remove(const api_request& request, api_context& context) {
  const auto& name = request.parameter("sink");
  auto store = sinks_of(context);
  if (!store)
    return store.error();
  if (auto failed = (*store)->remove_sink(name))
    return failed;
  context.services.node->sinks_changed();
  return json_response({{"sink", name}, {"removed", true}});
}

} // namespace

void add_sink_routes(router& routes) {
  routes.add("GET", "/api/v1/sinks", list);
  routes.add("GET", "/api/v1/sinks/{sink}", show);
  routes.add("PUT", "/api/v1/sinks/{sink}", put);
  routes.add("PATCH", "/api/v1/sinks/{sink}", change);
  routes.add("DELETE", "/api/v1/sinks/{sink}", remove);
}

} // namespace lode
