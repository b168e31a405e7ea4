#include <boost/json.hpp>
#include <sodium.h>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"

namespace lode {

namespace {

namespace json = boost::json;

std::string to_base64(const std::string& bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

std::optional<std::string> from_base64(const std::string& text) {
  std::string out(text.size(), '\0');
  size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                        &size, nullptr, sodium_base64_VARIANT_ORIGINAL))
    return std::nullopt;
  out.resize(size);
  return out;
}

json::value time_or_null(instant time) {
  return time == instant{} ? json::value(nullptr) : json::value(format_time(time));
}

/// A continuation's state stays sealed: next links carry credentials. Who has it can put it back, nothing else.
caf::expected<json::array> open_continuations(const connection_row& connection, run_store& runs) {
  json::array out;
  auto summaries = runs.list_runs(connection.id, 100);
  if (!summaries)
    return summaries.error();
  for (const auto& run : *summaries) {
    continuation_id after;
    while (run.phase == run_phase::open) {
      auto rows = runs.load_continuations(run.run, after, 1'000);
      if (!rows)
        return rows.error();
      for (const auto& row : *rows)
        out.push_back({{"id", row.id.value},
                       {"run", row.run.value},
                       {"stream", stream_name(connection, row.stream)},
                       {"partition", row.partition},
                       {"from", time_or_null(row.slice.from)},
                       {"to", time_or_null(row.slice.to)},
                       {"version", row.version},
                       {"state", to_base64(row.state)}});
      if (rows->size() < 1'000)
        break;
      after = rows->back().id;
    }
  }
  return out;
}

caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto cursors = context.stores.runs->load_cursors(connection->id);
  auto continuations = open_continuations(*connection, *context.stores.runs);
  if (!cursors || !continuations)
    return !cursors ? cursors.error() : continuations.error();
  json::array items;
  for (const auto& cursor : *cursors)
    items.push_back({{"stream", stream_name(*connection, cursor.stream)},
                     {"partition", cursor.partition},
                     {"known_up_to", time_or_null(cursor.known_up_to)}});
  return json_response({{"tenant", connection->tenant_name},
                        {"connection", connection->name},
                        {"cursors", std::move(items)},
                        {"continuations", std::move(*continuations)}});
}

std::optional<instant> read_time(body_reader& body, std::string_view key) {
  const auto* found = body.any(key);
  if (!found || found->is_null())
    return std::nullopt;
  auto time = found->is_string() ? parse_time(std::string{found->get_string()}) : std::nullopt;
  if (!time)
    body.complain(std::string{key} + ": expected null or a time such as 2026-01-31T08:15:00Z");
  return time;
}

/// `was` guards against an edit of somebody else; what a run moves meanwhile is cancelled by the store.
caf::error check_cursor(run_store& runs, const connection_row& connection, const stream_row& stream,
                        const std::string& partition, std::optional<instant> expected) {
  auto cursors = runs.load_cursors(connection.id);
  if (!cursors)
    return cursors.error();
  auto found = std::ranges::find_if(*cursors, [&](const auto& c) { return c.stream == stream.id && c.partition == partition; });
  auto stands = found == cursors->end() ? std::nullopt : std::optional{found->known_up_to};
  if (stands == expected)
    return {};
  return caf::make_error(errc::stale_version, "the cursor of " + stream.name + " stands at "
                                                + (stands ? format_time(*stands) : "nothing") + ", \"was\" says "
                                                + (expected ? format_time(*expected) : "nothing"));
}

caf::error set_cursor(const json::value& item, const connection_row& connection, run_store& runs) {
  body_reader body{json::serialize(item)};
  auto name = body.text("stream");
  auto partition = body.text_or("partition", "");
  auto wanted = read_time(body, "known_up_to");
  auto expected = read_time(body, "was");
  auto stream = std::ranges::find(connection.streams, name, &stream_row::name);
  if (stream == connection.streams.end())
    body.complain("connection " + connection.name + " mines no stream " + name);
  if (auto wrong = body.finish())
    return wrong;
  if (auto stale = check_cursor(runs, connection, *stream, partition, expected))
    return stale;
  return runs.set_cursor(stream->id, partition, wanted);
}

caf::error set_continuation(const json::value& item, const connection_row& connection, run_store& runs, admin_store& admin) {
  body_reader body{json::serialize(item)};
  auto id = body.number("id");
  auto version = body.number("version");
  auto state = from_base64(body.text("state"));
  if (!id || !version || !state)
    body.complain("expected id, version and state (base64) as `state get` shows them");
  if (auto wrong = body.finish())
    return wrong;
  auto row = runs.load_continuation({*id});
  if (!row)
    return row.error();
  if (std::ranges::count(connection.streams, row->stream, &stream_row::id) == 0)
    return caf::make_error(errc::not_found, "continuation " + std::to_string(*id) + " is not of connection " + connection.name);
  return admin.set_continuation({*id}, *version, *state);
}

/// Each item is checked against what it stood at; stops at the first that is refused and says how many were done.
caf::expected<api_response> change(const api_request& request, api_context& context) {
  body_reader body{request.body};
  const auto* cursors = body.any("cursors");
  const auto* continuations = body.any("continuations");
  for (const auto* list : {cursors, continuations})
    if (list && !list->is_array())
      body.complain("cursors and continuations: expected lists");
  if (auto wrong = body.finish())
    return wrong;
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  int64_t done = 0;
  caf::error failed;
  auto each = [&](const json::value* list, auto apply) {
    for (size_t i = 0; !failed && list && i < list->get_array().size(); ++i)
      if (!(failed = apply(list->get_array()[i])))
        ++done;
  };
  each(cursors, [&](const auto& item) { return set_cursor(item, *connection, *context.stores.runs); });
  each(continuations, [&](const auto& item) {
    return set_continuation(item, *connection, *context.stores.runs, *context.stores.admin);
  });
  if (done > 0)
    context.services.node->connection_changed(connection->tenant, connection->id);
  if (failed && failed.category() == caf::type_id_v<errc>)
    return caf::make_error(static_cast<errc>(failed.code()), message_of(failed) + " (" + std::to_string(done) + " items before it were set)");
  return json_response({{"set", done}});
}

} // namespace

void add_state_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/state", show);
  routes.add("PATCH", "/api/v1/tenants/{tenant}/connections/{connection}/state", change);
}

} // namespace lode
