#include <boost/json.hpp>

#include <chrono>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>

#include "messages/type_ids.hpp"
#include "runtime/cli/api_client.hpp"
#include "runtime/cli/cluster_view_command.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/figures.hpp"
#include "runtime/security/certificates.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct init_options {
  std::string directory;
  std::string name = "lode";
  uint32_t days = 3'650;
};
struct certificate_options {
  std::string node;
  std::string directory;
  uint32_t days = 825;
};

struct no_options {};
struct drain_options {
  std::string node;
  bool waits = false;
  uint32_t timeout = 600;
};

constexpr option_range days_range{1, 36'500};

int told(const cli_context& context, const caf::expected<certificate_files>& made, const std::string& what_next) {
  if (!made)
    return complain(context, exit_code_of(code_of(made.error())), message_of(made.error()));
  if (context.as_json)
    std::cout << json::serialize(json::object{{"certificate", made->certificate}, {"key", made->key}}) << "\n";
  else
    std::cout << "certificate " << made->certificate << "\nkey " << made->key << "\n" << what_next << "\n";
  return exit_ok;
}

int init(cli_context& context, const init_options& options) {
  if (options.directory.empty())
    return complain(context, exit_usage, "--directory is missing: where the cluster's authority is to be kept");
  return told(context, make_authority(options.directory, options.name, options.days),
              "keep the key away from the nodes: whoever has it can make nodes. Next: lode cluster certificate NODE --directory "
                + options.directory);
}

int certificate(cli_context& context, const certificate_options& options) {
  if (options.directory.empty())
    return complain(context, exit_usage, "--directory is missing: where `lode cluster init` has put the cluster's authority");
  return told(context, issue_certificate(options.directory, options.node, options.days),
              "copy both and " + options.directory + "/ca.pem to " + options.node
                + " and name them there in cluster.certificate_file, cluster.key_file and cluster.ca_file");
}

std::string link_cell(const json::object& node) {
  const auto& link = node.at("link").as_object();
  if (node.at("is_asked").as_bool())
    return "this node";
  if (node.at("is_silent").as_bool())
    return "does not answer";
  auto why = cell(link, "why_not");
  return cell(link, "state") + (why.empty() ? "" : ": " + why);
}

std::string rate_cell(const json::object& figures) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << figures.at("pages_per_second").to_number<double>();
  return std::move(out).str();
}

std::string memory_cell(const json::object& figures) {
  auto bytes = number_in(figures, "memory_bytes");
  return bytes ? bytes_text(*bytes) : "?";
}

/// Of all its actors, after defects; "?" when it does not say.
std::string restarts_cell(const json::object& node) {
  std::optional<int64_t> sum;
  for (const auto& actor : node.at("actors").as_array())
    if (auto restarts = number_in(actor.as_object(), "restarts"))
      sum = sum.value_or(0) + static_cast<int64_t>(*restarts);
  return sum ? std::to_string(*sum) : "?";
}

/// Requests since the node's start, and how many of them brought nothing: "1200 (3 failed)".
std::string calls_cell(const json::object& figures) {
  auto calls = number_in(figures, "calls");
  auto failed = number_in(figures, "failed_calls").value_or(0);
  return !calls ? "?" : std::to_string(static_cast<int64_t>(*calls)) + (failed > 0 ? " (" + std::to_string(static_cast<int64_t>(failed)) + " failed)" : "");
}

void print_cluster(const json::value& value) {
  const auto& answer = value.as_object();
  table rows{{"NODE", "STATE", "SHARDS", "TENANTS", "RUNS", "MINERS", "PAGES/S", "CALLS", "MEMORY", "RESTARTS", "LINK"}};
  for (const auto& item : answer.at("nodes").as_array()) {
    const auto& node = item.as_object();
    const auto* figures = node.at("figures").if_object();
    rows.add({cell(node, "name"), cell(node, "state"), cell(node, "shards"), cell(node, "tenants"), figures ? cell(*figures, "open_runs") : "?",
              figures ? cell(*figures, "miners") : "?", figures ? rate_cell(*figures) : "?",
              figures ? calls_cell(*figures) : "?", figures ? memory_cell(*figures) : "?", figures ? restarts_cell(node) : "?", link_cell(node)});
  }
  rows.print(std::cout);
  std::cout << cell(answer, "shards") << " shards";
  if (auto left = cell(answer, "shards_without_node"); left != "0")
    std::cout << ", " << left << " of them without a node at the moment";
  std::cout << "; view " << cell(answer, "view") << "; asked " << cell(answer, "asked") << "\n";
}

int show_cluster(cli_context& context, const no_options&) {
  return ask(context, "GET", "/api/v1/cluster", {}, print_cluster);
}

/// How many shards the node owns yet; nothing when it is no part of the cluster any more.
std::optional<int64_t> shards_of(const json::value& cluster, const std::string& name) {
  for (const auto& node : cluster.at("nodes").as_array())
    if (node.at("name").as_string() == name)
      return node.at("shards").to_number<int64_t>();
  return std::nullopt;
}

int wait_until_drained(cli_context& context, const drain_options& o) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{o.timeout};
  int64_t left = 0;
  do {
    int code = exit_ok;
    auto cluster = answer_in(context, *client, client->call("GET", "/api/v1/cluster"), code);
    if (!cluster)
      return code;
    const auto owned = shards_of(*cluster, o.node);
    left = owned.value_or(0);
    if (left == 0) {
      if (!context.as_json)
        std::cout << "node " << o.node << (owned ? " owns no shards any more\n" : " is no part of the cluster any more\n");
      return exit_ok;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
  } while (std::chrono::steady_clock::now() < end);
  return complain(context, exit_failed, "node " + o.node + " still owns " + std::to_string(left) + " shards after "
                                          + std::to_string(o.timeout) + " s; it goes on giving them away: lode cluster status");
}

int drain(cli_context& context, const drain_options& o) {
  auto code = ask(context, "POST", "/api/v1/nodes/" + path_segment(o.node) + "/drain", {}, [&](const json::value&) {
    std::cout << "node " << o.node << " gives its shards to the others and stays up; undo: lode node undrain " << o.node << "\n";
  });
  return code == exit_ok && o.waits ? wait_until_drained(context, o) : code;
}

int undrain(cli_context& context, const drain_options& o) {
  return ask(context, "POST", "/api/v1/nodes/" + path_segment(o.node) + "/undrain", {},
             [&](const json::value&) { std::cout << "node " << o.node << " takes its part of the work again\n"; });
}

} // namespace

void add_node_command(command program, cli_context& context) {
  auto node = program.group("node", "One of several nodes");
  add_command<drain_options>(
    node, context, "drain", "Give all of a node's work to the others; it stays up",
    "  lode node drain n2 --wait",
    [](command& c, drain_options& o) {
      c.argument("NAME", o.node, "Of the node; any node may be asked");
      c.flag("--wait", o.waits, "Return when it owns nothing any more");
      c.option("--timeout", o.timeout, "Wait at most so many seconds", {1, 86'400});
    },
    drain);
  add_command<drain_options>(
    node, context, "undrain", "Let a node take its part of the work again", "  lode node undrain n2",
    [](command& c, drain_options& o) { c.argument("NAME", o.node, "Of the node; any node may be asked"); }, undrain);
}

void add_cluster_command(command program, cli_context& context) {
  auto cluster = program.group("cluster", "Several nodes that share the work");
  add_command<init_options>(
    cluster, context, "init", "Make the authority whose certificates let nodes talk to each other; needs no node",
    "  lode cluster init --directory /etc/lode/cluster --name prod",
    [](command& c, init_options& o) {
      c.option("--directory", o.directory, "Where ca.pem and ca.key are written; nothing is overwritten");
      c.option("--name", o.name, "Of the cluster, for people who read the certificate");
      c.option("--days", o.days, "How long it holds", days_range);
    },
    init);
  add_command<certificate_options>(
    cluster, context, "certificate", "Make a node's certificate and key; needs no node",
    "  lode cluster certificate n1 --directory /etc/lode/cluster",
    [](command& c, certificate_options& o) {
      c.argument("NODE", o.node, "Its name");
      c.option("--directory", o.directory, "Where ca.pem and ca.key are; NODE.pem and NODE.key are written there");
      c.option("--days", o.days, "How long it holds, at most as long as the authority", days_range);
    },
    certificate);
  add_command<no_options>(cluster, context, "status", "The nodes, what they do and how they are linked",
                          "  lode cluster status\n  lode cluster status --json", [](auto&, auto&) {}, show_cluster);
  add_cluster_view_commands(cluster, context);
}

} // namespace lode
