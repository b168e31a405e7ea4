#include <boost/json.hpp>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/problem.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/source_views.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::string level_name(diagnostic::level level) {
  return level == diagnostic::level::error ? "error" : level == diagnostic::level::warning ? "warning" : "unsupported";
}

json::object shown(const std::string& name, const manifest_summary& manifest) {
  json::array notes, streams;
  for (const auto& note : manifest.notes)
    notes.push_back({{"severity", level_name(note.severity)}, {"line", note.line}, {"path", note.path}, {"message", note.message}});
  for (const auto& stream : manifest.streams)
    streams.emplace_back(stream);
  return {{"name", name}, {"version", manifest.version}, {"usable", manifest.is_usable},
          {"streams", std::move(streams)}, {"notes", std::move(notes)}};
}

caf::expected<int64_t> users_of(catalog_store& catalog, source_id source) {
  auto counts = catalog.count_connections();
  if (!counts)
    return counts.error();
  const auto found = counts->find(source);
  return found == counts->end() ? 0 : found->second;
}

caf::expected<api_response> put(const api_request& request, api_context& context) {
  const auto& name = request.parameter("source");
  if (auto wrong = check_name("source", name))
    return wrong;
  auto manifest = context.services.inspect_manifest(name, request.body);
  if (!manifest.is_usable) {
    auto out = problem_of(422, "bad_source", "the manifest has errors; it was not stored");
    for (auto& [key, value] : shown(name, manifest))
      out.insert_or_assign(key, value);
    auto response = json_response(out, 422);
    response.content_type = problem_type;
    return response;
  }
  auto& catalog = *context.stores.catalog;
  const auto former = catalog.find_source(name);
  if (!former && !has_code(former.error(), errc::not_found))
    return former.error();
  auto row = catalog.put_source(name, request.body, manifest.version);
  if (!row)
    return row.error();
  put_views(catalog, *row, manifest);
  auto users = users_of(catalog, row->id);
  if (!users)
    return users.error();
  auto out = shown(name, manifest);
  out["stored"] = !former ? "new" : former->version == row->version ? "unchanged" : "changed";
  out["connections"] = *users;
  return json_response(out);
}

caf::expected<api_response> list(const api_request&, api_context& context) {
  auto rows = context.stores.catalog->list_sources();
  if (!rows)
    return rows.error();
  auto users = context.stores.catalog->count_connections();
  if (!users)
    return users.error();
  json::array items;
  for (const auto& row : *rows)
    items.push_back({{"name", row.name}, {"version", row.version}, {"connections", (*users)[row.id]}});
  return json_response({{"sources", std::move(items)}});
}

/// The manifest, and what there is to say about it.
caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto row = find_source(*context.stores.catalog, request.parameter("source"));
  if (!row)
    return row.error();
  auto users = users_of(*context.stores.catalog, row->id);
  if (!users)
    return users.error();
  auto out = shown(row->name, context.services.inspect_manifest(row->name, row->manifest));
  out["connections"] = *users;
  out["manifest"] = row->manifest;
  return json_response(out);
}

caf::expected<api_response> remove(const api_request& request, api_context& context) {
  const auto& name = request.parameter("source");
  if (auto failed = context.stores.catalog->remove_source(name))
    return failed;
  return json_response({{"source", name}, {"removed", true}});
}

} // namespace

void add_source_routes(router& routes) {
  routes.add("GET", "/api/v1/sources", list);
  routes.add("PUT", "/api/v1/sources/{source}", put);
  routes.add("GET", "/api/v1/sources/{source}", show);
  routes.add("DELETE", "/api/v1/sources/{source}", remove);
}

} // namespace lode
