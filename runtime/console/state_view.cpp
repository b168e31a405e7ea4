#include "runtime/console/state_view.hpp"

#include <boost/json.hpp>

#include "runtime/base64.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr size_t batch = 1'000;

json::value time_or_null(instant time) {
  return time == instant{} ? json::value(nullptr) : json::value(format_time(time));
}

json::object shown(const continuation_row& row, const connection_row& connection) {
  return {{"id", row.id.value},
          {"run", row.run.value},
          {"stream", stream_name(connection, row.stream)},
          {"partition", row.partition},
          {"from", time_or_null(row.slice.from)},
          {"to", time_or_null(row.slice.to)},
          {"version", row.version},
          {"state", base64_encode(row.state)}};
}

caf::expected<json::array> open_continuations(const connection_row& connection, run_store& runs) {
  json::array out;
  auto summaries = runs.list_runs(connection.id, 100);
  if (!summaries)
    return summaries.error();
  for (const auto& run : *summaries) {
    continuation_id after;
    while (run.phase == run_phase::open) {
      auto rows = runs.load_continuations(run.run, after, batch);
      if (!rows)
        return rows.error();
      for (const auto& row : *rows)
        out.push_back(shown(row, connection));
      if (rows->size() < batch)
        break;
      after = rows->back().id;
    }
  }
  return out;
}

} // namespace

caf::expected<state_view> load_state(const connection_row& connection, api_context& context) {
  auto cursors = context.stores.runs->load_cursors(connection.id);
  if (!cursors)
    return cursors.error();
  auto continuations = open_continuations(connection, *context.stores.runs);
  if (!continuations)
    return continuations.error();
  auto anchors = context.stores.runs->load_anchors(connection.id);
  if (!anchors)
    return anchors.error();
  state_view out{std::move(*cursors), {}, {}, std::move(*continuations)};
  for (const auto& row : *anchors)
    out.shown_anchors.push_back({{"stream", stream_name(connection, row.stream)},
                                 {"partition", row.partition},
                                 {"position", format_time(instant{std::chrono::microseconds{row.anchor.position}})},
                                 {"known_until", format_time(row.anchor.known_until)},
                                 {"run", row.run.value}});
  for (const auto& cursor : out.cursors)
    out.shown_cursors.push_back({{"stream", stream_name(connection, cursor.stream)},
                                 {"partition", cursor.partition},
                                 {"known_up_to", format_time(cursor.known_up_to)},
                                 {"version", cursor.version}});
  return out;
}

std::optional<stream_id> stream_called(const std::string& name, const connection_row& connection,
                                       const state_view& state) {
  for (const auto& stream : connection.streams)
    if (stream.name == name)
      return stream.id;
  for (const auto& cursor : state.cursors)
    if (stream_name(connection, cursor.stream) == name)
      return cursor.stream;
  return std::nullopt;
}

} // namespace lode
