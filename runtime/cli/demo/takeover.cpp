#include "runtime/cli/demo/takeover.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/cli/demo/report.hpp"

namespace lode::demo {

namespace {

/// Nobody is declared gone so quickly. What is served within this time answers requests of the dead node.
constexpr int64_t aftermath_ms = 1'000;

std::string shards_by_node(const cluster_shown& cluster) {
  std::string out;
  for (const auto& member : cluster.members)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", member.name, with_commas(member.shards));
  return out;
}

} // namespace

takeover::takeover(std::string node, int64_t killed_at, std::set<std::string> in_mid_run)
  : node_(std::move(node)), in_mid_run_(in_mid_run.size()), tenants_(killed_at, std::move(in_mid_run), aftermath_ms) {}

double takeover::since(int64_t instant) const {
  return static_cast<double>(instant - killed_at()) / 1000;
}

std::vector<std::string> takeover::observe(const api_traffic& traffic, const cluster_shown& cluster) {
  std::vector<std::string> news;
  tenants_.observe(traffic);
  if (!declared_gone_ && !cluster.find(node_)) {
    declared_gone_ = traffic.now;
    news.push_back(fmt::format("{} is declared gone {:.1f} s after the kill", node_, since(traffic.now)));
  }
  if (declared_gone_ && !owned_ && cluster.shards_without_node == 0) {
    owned_ = traffic.now;
    news.push_back(fmt::format("all its shards have other owners {:.1f} s after the kill: {}", since(traffic.now), shards_by_node(cluster)));
  }
  return news;
}

double takeover::seconds() const {
  return std::max(tenants_.seconds(), owned_ ? since(*owned_) : 0);
}

void takeover::describe(node_line& node, int64_t now) const {
  node.fate = is_over() ? "dead" : fmt::format("killed {:.1f} s", since(now));
  node.tenants_waiting = is_over() ? fmt::format("replaced in {:.1f} s", seconds()) : fmt::format("{} of {} wait", tenants_.waiting(), in_mid_run_);
  node.share_waiting = in_mid_run_ == 0 ? 0 : static_cast<double>(tenants_.waiting()) / static_cast<double>(in_mid_run_);
}

} // namespace lode::demo
