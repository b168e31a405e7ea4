#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/figures.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct no_options {};

/// "3 active, 1 suspended"; the node leaves out what its store did not tell.
std::string counts(const json::object& answer, std::string_view key) {
  std::string out;
  const auto* found = answer.if_contains({key.data(), key.size()});
  if (!found || !found->is_object())
    return "not known";
  for (const auto& entry : found->get_object())
    if (entry.value() != json::value(0))
      out += (out.empty() ? "" : ", ") + json::serialize(entry.value()) + " " + std::string{entry.key()};
  return out.empty() ? "none" : out;
}

/// What is heard live in the whole cluster; nothing where nothing is.
void print_live(const json::object& answer) {
  const auto* live = answer.if_contains("live");
  if (!live)
    return;
  const auto& counts = live->as_object();
  const auto& gaps = counts.at("gaps").as_object();
  const auto& open = answer.at("open_gaps").as_array();
  auto oldest = cell(counts, "oldest_gap_seconds");
  if (cell(counts, "listening") == "0" && cell(counts, "silent") == "0" && open.empty() && cell(gaps, "unverified") == "0")
    return;
  std::cout << "live: listening " << cell(counts, "listening") << ", silent " << cell(counts, "silent") << "; gaps owed "
            << cell(gaps, "owed") << ", repairing " << cell(gaps, "repairing") << ", deletes unverified " << cell(gaps, "unverified")
            << (oldest.empty() ? "" : ", the oldest " + oldest + " s old") << "; rechecks waiting " << cell(counts, "rechecks") << "\n";
  if (open.empty())
    return;
  table rows{{"TENANT", "CONNECTION", "GAP", "FROM", "UNTIL", "RUN", "FAILURES", "REASON"}};
  for (const auto& item : open) {
    const auto& gap = item.as_object();
    rows.add({cell(gap, "tenant"), cell(gap, "connection"), cell(gap, "state"), cell(gap, "from"), cell(gap, "until"), cell(gap, "run"),
              cell(gap, "failures"), cell(gap, "reason")});
  }
  std::cout << "\n";
  rows.print(std::cout);
  auto total = gaps.at("owed").as_int64() + gaps.at("repairing").as_int64();
  if (auto listed = static_cast<int64_t>(open.size()); total > listed)
    std::cout << "and " << total - listed << " more: lode status --json lists up to 10000, lode connection gaps those of one connection\n";
}

/// Of the whole cluster; nothing where there are none.
void print_sinks(const json::object& answer) {
  const auto* found = answer.if_contains("sinks");
  if (!found || !found->is_object())
    return;
  const auto& sinks = found->get_object();
  std::string states;
  for (auto state : {"active", "paused", "suspended"})
    if (auto count = cell(sinks, state); count != "0")
      states += (states.empty() ? "" : ", ") + count + " " + state;
  if (states.empty())
    return;
  std::cout << "sinks: " << states << "; failing " << cell(sinks, "failing") << "; changes behind "
            << cell(sinks, "changes_behind") << "\n";
  const auto* worst = sinks.if_contains("worst");
  if (!worst || !worst->is_object())
    return;
  const auto& sink = worst->get_object();
  const auto name = cell(sink, "name"), since = cell(sink, "since");
  std::cout << "the worst: " << name << " is " << cell(sink, "state") << (since.empty() ? "" : " since " + since)
            << ", " << cell(sink, "changes_behind") << " changes behind: " << cell(sink, "error")
            << "\n  $ lode sink show " << name << "\n";
}

/// Of its requests and its memory, where the node tells of them.
void print_figures(const json::object& node) {
  if (!node.contains("calls"))
    return;
  std::cout << "requests " << cell(node, "calls") << ", failed " << cell(node, "failed_calls") << "; memory "
            << bytes_text(number_in(node, "memory_bytes").value_or(0)) << "\n";
}

void print_status(const json::value& value) {
  const auto& answer = value.as_object();
  const auto& node = answer.at("node").as_object();
  auto is_ready = answer.at("ready").as_bool();
  std::cout << "node " << cell(node, "name") << " " << cell(node, "version") << ", up " << cell(node, "uptime_seconds") << " s, "
            << (is_ready ? "ready" : "NOT READY: " + cell(answer, "not_ready_because")) << ", store " << cell(answer, "store") << "\n"
            << "runs open " << cell(node, "open_runs") << ", miners " << cell(node, "miners") << ", requests in flight "
            << cell(node, "requests_in_flight") << ", waiting for quota " << cell(node, "waiting_for_quota") << "\n"
            << "records " << cell(node, "records") << " (new " << cell(node, "inserted") << ", changed " << cell(node, "updated")
            << ", unchanged " << cell(node, "unchanged") << ", dead " << cell(node, "dead") << "), "
            << cell(node, "records_per_second") << "/s; pages " << cell(node, "pages") << ", " << cell(node, "pages_per_second")
            << "/s\n";
  print_figures(node);
  std::cout << "tenants: " << counts(answer, "tenants") << "\nconnections: " << counts(answer, "connections") << "\n";
  print_live(answer);
  print_sinks(answer);
  const auto* stopped = answer.if_contains("stopped");
  if (!stopped || stopped->as_array().empty())
    return;
  table rows{{"TENANT", "CONNECTION", "STATE", "REASON"}};
  for (const auto& item : stopped->as_array()) {
    const auto& c = item.as_object();
    rows.add({cell(c, "tenant"), cell(c, "connection"), cell(c, "state"), cell(c, "reason")});
  }
  std::cout << "\n";
  rows.print(std::cout);
  auto listed = static_cast<int64_t>(stopped->as_array().size());
  if (const auto* total = answer.if_contains("stopped_total"); total && total->as_int64() > listed)
    std::cout << "and " << total->as_int64() - listed
              << " more: lode status --json lists up to 10000, lode connection list TENANT those of one tenant\n";
}

/// People get the first ones of what is stopped, programs as many as a node tells. Without its store a node tells little: exit_try_later.
int status(cli_context& context, const no_options&) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto reply = client->call("GET", context.as_json ? "/api/v1/status?stopped=10000&gaps=10000" : "/api/v1/status");
  int code = exit_ok;
  auto answer = answer_in(context, *client, reply, code);
  if (!answer)
    return code;
  if (context.as_json)
    std::cout << reply.body;
  else
    print_status(*answer);
  return cell(answer->as_object(), "store") == "ok" ? exit_ok : exit_try_later;
}

} // namespace

void add_status_command(command program, cli_context& context) {
  add_command<no_options>(
    program, context, "status", "The node, what is heard live, how sinks do, and what is stopped and why",
    "  lode status\n  lode status --json", [](auto&, auto&) {}, status);
}

} // namespace lode
