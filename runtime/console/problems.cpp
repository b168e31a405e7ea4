#include "runtime/console/problems.hpp"

#include <algorithm>
#include <array>

#include "runtime/console/why.hpp"

namespace lode {

namespace {

using namespace std::chrono_literals;

/// Below this nobody needs to hear of what waits for its turn.
constexpr auto queued_for_long = 5min;

severity severity_of(wait_reason reason) {
  switch (reason) {
    case wait_reason::suspended: return severity::critical;
    case wait_reason::api_slow:
    case wait_reason::backing_off:
    case wait_reason::not_heard:
    case wait_reason::store_slow: return severity::warning;
    default: return severity::notice;
  }
}

std::string title_of(const problem_group& group) {
  const auto& source = group.source;
  switch (group.reason) {
    case wait_reason::suspended: return "Suspended: " + source + " needs a person";
    case wait_reason::quota: return "Waiting for the quota of " + source;
    case wait_reason::api_slow: return source + " answers slowly or hangs";
    case wait_reason::backing_off: return "Requests to " + source + " fail";
    case wait_reason::not_heard: return "Live changes of " + source + " are not heard";
    case wait_reason::store_slow: return "What is fetched from " + source + " does not commit";
    case wait_reason::queued: return "Runs of " + source + " wait for their turn";
    case wait_reason::moving: return "Connections of " + source + " change their node";
    default: return source;
  }
}

problem told_of(const problem_group& group, instant now) {
  const std::string reason{name_of(group.reason)};
  problem out{reason + "-" + group.source, severity_of(group.reason), reason, title_of(group), "", "", group.since, group.connections, group.source};
  for (const auto& row : group.examples)
    out.examples.push_back({row.tenant_name, row.connection_name, row.since, row.detail});
  if (!group.examples.empty()) {
    out.detail = group.examples.front().detail;
    out.help = why_of(group.examples.front(), now).help;
  }
  if (group.reason == wait_reason::suspended)
    out.action = "secrets";
  return out;
}

/// By source, as the rest.
std::vector<problem> held_back(const std::vector<held_deletes>& deletes) {
  std::vector<problem> out;
  for (const auto& each : deletes) {
    auto known = std::find_if(out.begin(), out.end(), [&](const problem& one) { return one.source == each.source; });
    if (known == out.end()) {
      out.push_back({"deletes-held-" + each.source, severity::warning, "deletes_held", "Deletes of " + each.source + " are held back", each.reason,
                     "If the records are really gone, confirm their deletes; they go with the next full run.", each.since, 0, each.source, "",
                     "confirm_deletes"});
      known = out.end() - 1;
    }
    ++known->tenants;
    known->since = std::min(*known->since, each.since);
    if (known->examples.size() < 5)
      known->examples.push_back({each.tenant, each.connection, each.since, each.stream});
  }
  return out;
}

/// Nothing where it is well, or paused by a person.
std::optional<problem> told_of(const sink_standing& each) {
  const auto& name = each.sink.name;
  if (each.sink.state == activity::suspended)
    return problem{"sink-suspended-" + name, severity::critical, "sink_suspended", "Sink " + name + " is suspended", each.sink.reason,
                   "Do what the reason says, then resume it."};
  if (each.sink.state == activity::active && each.failing_since)
    return problem{"sink-fails-" + name, severity::warning, "sink_fails", "Deliveries to sink " + name + " fail", each.error,
                   "They are tried again and nothing is lost as long as the feed holds it. Look at the sink's target.", each.failing_since};
  return std::nullopt;
}

problem without_node(int64_t shards, const store_overview& seen) {
  problem out{"shards-without-node", severity::critical, "shards_without_node", std::to_string(shards) + " shards have no node",
              "Nobody mines their tenants.", "Nodes that are up take them within seconds. Where it lasts, start a node."};
  for (const auto& group : seen.groups)
    if (group.reason == wait_reason::moving) {
      out.tenants += group.connections;
      out.since = out.since ? std::min(*out.since, group.since) : group.since;
    }
  return out;
}

} // namespace

std::string_view name_of(severity grade) {
  constexpr std::array<std::string_view, 3> names{"critical", "warning", "notice"};
  return names.at(static_cast<size_t>(grade));
}

problem store_away(const std::string& why) {
  return {"store-away", severity::critical, "store_away", "The database does not answer", why,
          "Nothing is committed until it does; nothing is lost. Look at PostgreSQL."};
}

std::vector<problem> problems_of(const store_overview& seen, const std::vector<std::string>& silent, instant now,
                                 const std::vector<sink_standing>& sinks) {
  std::vector<problem> out;
  for (const auto& group : seen.groups)
    if (group.reason != wait_reason::queued || now - group.since > queued_for_long)
      out.push_back(told_of(group, now));
  for (auto& each : held_back(seen.deletes))
    out.push_back(std::move(each));
  for (const auto& group : seen.dead_letters)
    out.push_back({"dead-letters-" + group.source, severity::warning, "dead_letters", "Records of " + group.source + " cannot be used",
                   "New dead letters in the last ten minutes.", "Look at their reasons; once the source is repaired, replay them.", group.since,
                   group.connections, group.source});
  if (seen.shards_without_node > 0)
    out.push_back(without_node(seen.shards_without_node, seen));
  for (const auto& each : sinks)
    if (auto told = told_of(each))
      out.push_back(std::move(*told));
  for (const auto& name : silent)
    out.push_back({"node-silent-" + name, severity::critical, "node_silent", "Node " + name + " is silent", "It was asked and did not answer.",
                   "If it is gone, the others take its shards by themselves. Look at its process and its network.", {}, 0, "", name});
  std::stable_sort(out.begin(), out.end(), [](const problem& a, const problem& b) {
    return std::pair{a.grade, -a.tenants} < std::pair{b.grade, -b.tenants};
  });
  return out;
}

} // namespace lode
