#include "runtime/cli/cluster_view_command.hpp"

#include <boost/json.hpp>

#include <iostream>
#include <map>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct no_options {};

/// A shard of a node: how many it owns, and the span of their epochs.
struct owned_shards {
  int64_t count = 0;
  int64_t least_epoch = INT64_MAX;
  int64_t most_epoch = 0;
};

std::map<int64_t, owned_shards> by_owner(const json::object& answer) {
  const auto& owners = answer.at("owners").as_array();
  const auto& epochs = answer.at("epochs").as_array();
  std::map<int64_t, owned_shards> out;
  for (size_t i = 0; i < owners.size(); ++i) {
    auto& owned = out[owners[i].to_number<int64_t>()];
    const auto epoch = i < epochs.size() ? epochs[i].to_number<int64_t>() : 0;
    ++owned.count;
    owned.least_epoch = std::min(owned.least_epoch, epoch);
    owned.most_epoch = std::max(owned.most_epoch, epoch);
  }
  return out;
}

std::string node_cell(const json::object& move, std::string_view key) {
  auto name = cell(move, key);
  return name.empty() ? "nobody" : name;
}

void print_shards(const json::value& value) {
  const auto& answer = value.as_object();
  const auto& names = answer.at("nodes").as_array();
  table owners{{"NODE", "SHARDS", "EPOCHS"}};
  for (const auto& [node, owned] : by_owner(answer)) {
    const bool is_named = node >= 0 && static_cast<size_t>(node) < names.size();
    const auto least = std::to_string(owned.least_epoch);
    const auto most = std::to_string(owned.most_epoch);
    owners.add({is_named ? std::string{names[static_cast<size_t>(node)].as_string()} : "nobody", std::to_string(owned.count),
                least == most ? least : least + " to " + most});
  }
  owners.print(std::cout);
  const auto& moves = answer.at("moves").as_array();
  if (moves.empty())
    return;
  table rows{{"AT", "FROM", "TO", "SHARDS", "BECAUSE"}};
  for (const auto& item : moves) {
    const auto& move = item.as_object();
    rows.add({cell(move, "at"), node_cell(move, "from"), node_cell(move, "to"), cell(move, "shards"), cell(move, "because")});
  }
  std::cout << "\n";
  rows.print(std::cout);
}

void print_actors(const json::value& answer) {
  table rows{{"NODE", "ACTOR", "RUNNING", "MAILBOX", "MESSAGES", "SECONDS", "RESTARTS", "PARENT"}};
  for (const auto& item : answer.at("nodes").as_array())
    for (const auto& each : item.at("actors").as_array()) {
      const auto& actor = each.as_object();
      rows.add({cell(item.as_object(), "name"), cell(actor, "name"), cell(actor, "running"), cell(actor, "mailbox"), cell(actor, "messages"),
                cell(actor, "processing_seconds"), cell(actor, "restarts"), cell(actor, "parent")});
    }
  rows.print(std::cout);
}

} // namespace

void add_cluster_view_commands(command cluster, cli_context& context) {
  add_command<no_options>(cluster, context, "shards", "Which node owns how many shards, and what moved last",
                          "  lode cluster shards\n  lode cluster shards --json", [](auto&, auto&) {},
                          [](cli_context& c, const no_options&) { return ask(c, "GET", "/api/v1/shards", {}, print_shards); });
  add_command<no_options>(cluster, context, "actors", "What runs on each node: mailboxes, messages, restarts",
                          "  lode cluster actors\n  lode cluster actors --json", [](auto&, auto&) {},
                          [](cli_context& c, const no_options&) { return ask(c, "GET", "/api/v1/cluster", {}, print_actors); });
}

} // namespace lode
