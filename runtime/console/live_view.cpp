#include "runtime/console/live_view.hpp"

#include <boost/json.hpp>

#include <array>

#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::string_view name_of(gap_state state) {
  constexpr std::array<json::string_view, 4> names{"owed", "repairing", "closed", "unverified"};
  return names.at(static_cast<size_t>(state));
}

json::value time_or_null(std::optional<instant> time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

json::object shown_gap(const gap_row& gap) {
  return {{"id", gap.id},
          {"state", name_of(gap.state)},
          {"from", gap.from == instant{} ? json::value(nullptr) : json::value(format_time(gap.from))},
          {"until", time_or_null(gap.until)},
          {"reason", redact(gap.reason)},
          {"run", gap.repair ? json::value(gap.repair.value) : json::value(nullptr)},
          {"failures", gap.failures}};
}

} // namespace

json::object shown_gap(const gap_row& gap, const connection_row& connection) {
  auto out = shown_gap(gap);
  json::array streams;
  if (gap.state == gap_state::unverified)
    for (auto stream : gap.unswept)
      streams.emplace_back(stream_name(connection, stream));
  out["unverified_streams"] = std::move(streams);
  return out;
}

json::object shown_gap(const open_gap& gap) {
  auto out = shown_gap(gap.gap);
  out["tenant"] = gap.tenant;
  out["connection"] = gap.connection;
  return out;
}

json::object shown_recheck(const recheck_row& row, const connection_row& connection) {
  return {{"stream", stream_name(connection, row.stream)},
          {"key", row.key},
          {"due_in_seconds", std::chrono::duration_cast<std::chrono::seconds>(row.due_in).count()},
          {"attempts", row.attempts},
          {"reason", redact(row.reason)}};
}

json::object shown_live(const live_counts& counts) {
  auto age = counts.oldest ? json::value(std::chrono::duration_cast<std::chrono::seconds>(wall_clock() - *counts.oldest).count()) : nullptr;
  return {{"listening", counts.listening},
          {"silent", counts.silent},
          {"gaps", {{"owed", counts.owed}, {"repairing", counts.repairing}, {"unverified", counts.unverified}}},
          {"oldest_gap", time_or_null(counts.oldest)},
          {"oldest_gap_seconds", std::move(age)},
          {"rechecks", counts.rechecks}};
}

caf::expected<json::value> shown_listening(const connection_row& connection, api_context& context) {
  auto& admin = *context.stores.admin;
  auto listening = admin.load_listening(connection.id);
  if (!listening)
    return listening.error();
  if (!*listening)
    return json::value(nullptr);
  auto rechecks = admin.count_rechecks(connection.id);
  if (!rechecks)
    return rechecks.error();
  const auto& row = **listening;
  return json::value{{"state", row.is_listening ? "listening" : "silent"},
                     {"since", format_time(row.since)},
                     {"healthy_until", format_time(row.healthy_until)},
                     {"reason", redact(row.reason)},
                     {"rechecks", *rechecks}};
}

} // namespace lode
