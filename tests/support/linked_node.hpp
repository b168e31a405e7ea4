#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "actors/supervision/timers.hpp"
#include "cluster/links/cluster_transport.hpp"
#include "cluster/links/peer_links.hpp"

namespace lode::test {

/// Waits for a condition, at most 20 s.
inline bool wait_until(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds{20}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

struct node_config : caf::actor_system_config {
  explicit node_config(const cluster_settings& cluster) {
    set("caf.scheduler.policy", "sharing");
    set("caf.scheduler.max-threads", size_t{2});
    set("caf.scheduler.max-throughput", size_t{50});
    configure_transport(*this, cluster);
  }
};

/// A node as far as its links go: a real actor system that listens on loopback, with other nodes in the same process.
class linked_node {
public:
  linked_node(std::string name, int64_t life, cluster_settings cluster, uint32_t wire_version = cluster_wire_version)
    : cluster_(std::move(cluster)), config_(cluster_), system_(config_) {
    row_.name = std::move(name);
    row_.self = incarnation{life};
    row_.state = node_state::member;
    wire_version_ = wire_version;
    auto open = open_gate(system_, cluster_);
    if (!open)
      throw std::runtime_error(to_string(open.error()));
    gate_ = *open;
    row_.address = gate_.address;
    timers_ = system_.spawn<timers>();
  }

  ~linked_node() {
    stop_links();
    close_gate(system_, gate_);
    stop(timers_);
    gate_.gate = nullptr;
    timers_ = nullptr;
  }

  /// Begins a life's links; `handlers` may be left as they are.
  void start_links(peer_handlers handlers = {}) {
    links_ = system_.spawn<peer_links>(
      peer_links_parts{{row_.name, row_.self, cluster_.name, wire_version_, true}, timers_, connector_of(system_, cluster_),
                       uses_tls(cluster_), probe_of(cluster_), std::move(handlers), call_limit});
  }
  void stop_links() {
    if (links_)
      stop(links_);
    links_ = nullptr;
  }
  /// Others reach it there.
  void advertise(const std::string& address) { row_.address = address; }
  void begin_life(int64_t life) { row_.self = incarnation{life}; }

  void see(const std::vector<node_row>& rows, int64_t number = 1) {
    caf::anon_send(links_, view_seen{std::make_shared<cluster_view>(cluster_view{number, rows})});
  }

  peers_surveyed survey() {
    caf::scoped_actor self{system_};
    peers_surveyed out;
    self->request(links_, std::chrono::seconds{10}, survey_peers{})
      .receive([&](peers_surveyed& found) { out = std::move(found); }, [](const caf::error& why) { ADD_FAILURE() << to_string(why); });
    return out;
  }
  peer_link link_to(const std::string& name) {
    for (auto& link : survey().links)
      if (link.name == name)
        return link;
    return {};
  }
  bool is_linked_to(const std::string& name) { return link_to(name).phase == link_phase::up; }

  const node_row& row() const { return row_; }
  peer_links_actor links() const { return links_; }
  timers_actor timer() const { return timers_; }
  caf::actor_system& system() { return system_; }

  std::chrono::milliseconds call_limit{10'000};

  template <class Handle>
  void stop(const Handle& handle) {
    caf::scoped_actor self{system_};
    self->send_exit(handle, caf::exit_reason::user_shutdown);
    self->wait_for(handle);
  }

private:
  cluster_settings cluster_;
  node_config config_;
  caf::actor_system system_;
  node_row row_;
  uint32_t wire_version_ = cluster_wire_version;
  open_gate_result gate_;
  timers_actor timers_;
  peer_links_actor links_;
};

} // namespace lode::test
