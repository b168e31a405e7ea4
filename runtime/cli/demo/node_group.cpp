#include "runtime/cli/demo/node_group.hpp"

#include <algorithm>

#include "runtime/cli/demo/ask_each.hpp"
#include "runtime/cli/demo/interrupt.hpp"

namespace lode::demo {

namespace {

constexpr int start_tries = 1200;
constexpr int try_ms = 50;

} // namespace

node_group::show_node::show_node(const workplace& place, const std::string& name)
  : name(name), process("node " + name, place.in(name + ".pid"), place.in(name + ".log")) {}

node_group::node_group(const workplace& place, show_state& state, std::function<void()> check)
  : place_(place), state_(state), check_(std::move(check)) {
  for (const auto* name : node_names)
    nodes_.push_back(std::make_unique<show_node>(place, name));
}

void node_group::start(const servers_shown& servers) {
  place_.make_cluster_files();
  for (auto& node : nodes_)
    if (!node->process.is_running() && node->name != state_.lost_node)
      begin(*node, servers);
  for (auto& node : nodes_)
    if (node->process.is_running()) {
      await_ready(*node);
      node->figures = node->client->figures();
    }
}

void node_group::begin(show_node& node, const servers_shown& servers) {
  if (node.port == 0)
    node.port = free_port();
  place_.write_settings({node.name, servers.dsn, servers.redis_url, node.port});
  node.counted_cpu = 0;
  node.figures = {};
  node.process.start({place_.own_program(), "serve", "--config", place_.in(node.name + ".yaml")});
  node.client = std::make_unique<node_client>(node.port);
}

void node_group::await_ready(const show_node& node) {
  for (int tries = 0; !node.client->is_ready(); ++tries) {
    check_();
    if (tries == start_tries)
      throw failure{"node " + node.name + " does not get ready; the end of its log:\n" + node.process.last_words()};
    pause_ms(try_ms);
  }
}

void node_group::await_shared() {
  for (int tries = 0;; ++tries) {
    auto seen = any().cluster();
    auto is_whole = [&](const auto& node) {
      const auto* member = seen.find(node->name);
      return !node->process.is_running() || (member && member->state == "member" && member->shards > 0 && member->is_linked);
    };
    if (seen.shards_without_node == 0 && std::ranges::all_of(nodes_, is_whole))
      break;
    check_();
    if (tries == start_tries)
      throw failure{"the nodes do not come to share the work; their logs are in " + place_.folder()};
    pause_ms(try_ms);
  }
  for (size_t i = 0; i < nodes_.size(); ++i)
    look();
}

void node_group::kill(show_node& node) {
  node.process.kill_hard();
  node.records_before += node.figures.records;
  node.figures = {};
}

void node_group::kill_all() {
  account();
  // As close to each other as signals can be: none may be seen to take over from another one.
  for (auto& node : nodes_)
    node->process.kill_soon();
  for (auto& node : nodes_)
    kill(*node);
}

void node_group::lose(const std::string& name) {
  account();
  state_.lost_node = name;
  for (auto& node : nodes_)
    if (node->name == name)
      kill(*node);
}

void node_group::stop(int patience_ms) {
  account();
  for (auto& node : nodes_)
    node->process.ask_to_stop();
  for (auto& node : nodes_)
    node->process.stop(patience_ms);
}

void node_group::check_alive() {
  for (auto& node : nodes_)
    if (node->process.is_running())
      node->process.check_alive();
}

void node_group::account() {
  for (auto& node : nodes_) {
    if (!node->process.is_running())
      continue;
    auto used = node->process.figures();
    state_.cpu_seconds += std::max(0.0, used.cpu_seconds - node->counted_cpu);
    node->counted_cpu = std::max(node->counted_cpu, used.cpu_seconds);
    state_.peak_rss_bytes = std::max(state_.peak_rss_bytes, used.peak_rss_bytes);
  }
}

void node_group::look() {
  auto& node = *nodes_[next_look_++ % nodes_.size()];
  if (node.process.is_running())
    node.figures = node.client->figures();
}

std::vector<const node_client*> node_group::all() const {
  std::vector<const node_client*> out;
  for (const auto& node : nodes_)
    if (node->process.is_running())
      out.push_back(node->client.get());
  if (out.empty())
    throw failure{"no node runs"};
  return out;
}

const node_client& node_group::any() const {
  return *all().front();
}

std::vector<run_shown> node_group::latest_runs(const std::vector<std::string>& tenants) const {
  return ask_each(all(), tenants, [](const node_client& node, const std::string& tenant) { return node.latest_run(tenant); });
}

int64_t node_group::records() const {
  int64_t out = 0;
  for (const auto& node : nodes_)
    out += node->records_before + node->figures.records;
  return out;
}

int64_t node_group::waiting_for_quota() const {
  int64_t out = 0;
  for (const auto& node : nodes_)
    out += node->figures.waiting_for_quota;
  return out;
}

std::vector<node_line> node_group::lines() const {
  std::vector<node_line> out;
  for (const auto& node : nodes_)
    out.push_back({node->name, node->process.is_running(), node->figures.shards, node->figures.open_runs});
  return out;
}

} // namespace lode::demo
