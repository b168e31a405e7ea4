#pragma once

#include <caf/fwd.hpp>

#include <chrono>
#include <mutex>

#include "runtime/console/node_control.hpp"
#include "runtime/node/mining_tree.hpp"

namespace lode {

/// node_control of a running node: turns what the console asks into messages. The tree may be exchanged below it.
class live_control : public node_control {
public:
  live_control(caf::actor_system& system, mining_resources& resources);

  /// The tree to talk to; null while there is none.
  void use(mining_tree* tree);

  void connection_changed(tenant_id tenant, std::optional<connection_id> connection) override;
  void connection_added(tenant_id tenant, connection_id connection) override;
  void look_for_work() override;
  void cancel_run(tenant_id tenant, connection_id connection, run_id run) override;
  node_status status() override;
  std::vector<actor_figures> actors() override;
  node_report report(std::optional<tenant_id> about) override;
  peers_surveyed survey(std::optional<tenant_id> about) override;
  void look_early() override;
  void sinks_changed() override;
  void pass_webhook(tenant_id tenant, hear_webhook request, std::function<void(const caf::error&)> done) override;
  void replay(tenant_id tenant, const std::string& id, replay_dead_letter request, std::function<void(const caf::error&)> done) override;
  void webhook_answered(int status) override;
  std::string metrics_text() override;
  bool ready(std::string& why) override;

private:
  void carry(ask_tenant ask, std::function<void(const caf::error&)> done);
  void ask_owner(const char* what, tenant_id tenant, decltype(tenant_command::command) command);

  /// Pages and records at a moment: what rates are made of.
  struct sample {
    std::chrono::steady_clock::time_point at;
    int64_t pages = 0;
    int64_t records = 0;
  };
  void rate(node_status& status);

  caf::actor_system& system_;
  mining_resources& resources_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  mining_tree* tree_ = nullptr;
  sample older_;
  sample newer_;
};

} // namespace lode
