#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/storage/completeness.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// Rows of a kind that one answer is made of.
constexpr size_t rows_looked_at = 10'000;

std::string_view name_of(owed_reason why) {
  constexpr std::array<std::string_view, 7> names{"not_read", "run_open", "failed", "shifted", "cancelled", "dead_records", "not_heard"};
  return names.at(static_cast<size_t>(why));
}

json::value time_or_null(std::optional<instant> time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

caf::expected<std::optional<instant>> asked_time(const api_request& request, const std::string& key) {
  auto text = request.query_text(key);
  if (text.empty())
    return std::optional<instant>{};
  auto time = parse_time(text);
  if (!time)
    return caf::make_error(errc::bad_argument, key + ": found '" + text + "', expected a time such as 2026-01-31T08:15:00Z");
  return time;
}

json::object shown(const owed_interval& owed) {
  return {{"partition", owed.partition},
          {"from", time_or_null(owed.from)},
          {"to", format_time(owed.to)},
          {"reason", name_of(owed.why)},
          {"detail", owed.detail},
          {"run", owed.run ? json::value(owed.run.value) : json::value(nullptr)}};
}

json::object shown(const unverified_interval& gap) {
  return {{"from", time_or_null(gap.from)},
          {"to", format_time(gap.to)},
          {"detail", redact(gap.detail)},
          {"run", gap.run ? json::value(gap.run.value) : json::value(nullptr)}};
}

json::object shown(const connection_row& connection, const std::string& stream, std::optional<instant> from, instant to,
                   const completeness& found) {
  json::array owed;
  for (const auto& each : found.owed)
    owed.push_back(shown(each));
  json::array unverified;
  for (const auto& each : found.unverified)
    unverified.push_back(shown(each));
  return {{"tenant", connection.tenant_name},
          {"connection", connection.name},
          {"stream", stream},
          {"from", time_or_null(from)},
          {"to", format_time(to)},
          {"complete", found.is_complete()},
          {"read_until", time_or_null(found.read_until)},
          {"owed", std::move(owed)},
          {"deletes_unverified", std::move(unverified)},
          {"cut", found.is_cut}};
}

caf::expected<api_response> complete(const api_request& request, api_context& context) {
  auto from = asked_time(request, "from");
  auto to = asked_time(request, "to");
  if (!from || !to)
    return !from ? from.error() : to.error();
  auto until = to->value_or(wall_clock());
  if (*from && **from >= until)
    return caf::make_error(errc::bad_argument, "from: found " + format_time(**from) + ", expected a time before " + format_time(until));
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  const auto& name = request.parameter("stream");
  auto stream = std::ranges::find(connection->streams, name, &stream_row::name);
  if (stream == connection->streams.end())
    return caf::make_error(errc::not_found, "connection " + connection->name + " mines no stream " + name);
  auto reading = context.stores.admin->load_reading(connection->id, stream->id, rows_looked_at);
  if (!reading)
    return reading.error();
  return json_response(shown(*connection, name, *from, until, judge_completeness(*reading, *from, until)));
}

} // namespace

void add_complete_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/streams/{stream}/complete", complete);
}

} // namespace lode
