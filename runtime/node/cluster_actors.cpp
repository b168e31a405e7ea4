#include "runtime/node/cluster_actors.hpp"

#include <caf/all.hpp>

#include <mutex>

#include "cluster/links/peer_codec.hpp"
#include "cluster/links/peer_links.hpp"
#include "cluster/membership/membership.hpp"
#include "cluster/sharding/shard_keeper.hpp"
#include "cluster/sharding/tenant_router.hpp"
#include "runtime/node/mining_tree.hpp"
#include "runtime/node/reports.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"

namespace lode {

namespace {

/// Whom the links tell what peers say: they are spawned before those.
class late_actors {
public:
  void set(const cluster_actors& all) {
    std::lock_guard lock{mutex_};
    all_ = all;
  }
  cluster_actors get() const {
    std::lock_guard lock{mutex_};
    return all_;
  }

private:
  mutable std::mutex mutex_;
  cluster_actors all_;
};
using slots = std::shared_ptr<late_actors>;

template <class Handle, class Message>
void tell(const Handle& whom, Message message) {
  if (whom)
    caf::anon_send(whom, std::move(message));
}

peer_handlers handlers_of(mining_resources& resources, const slots& others) {
  peer_handlers handlers;
  handlers.router = [others] { return others->get().router; };
  handlers.shards_freed = [others] { tell(others->get().keeper, shards_freed{}); };
  handlers.look_early = [others] { tell(others->get().membership, look_early{}); };
  handlers.drain = [others](bool is_draining) { tell(others->get().membership, set_draining{is_draining}); };
  handlers.report = [&resources](std::optional<tenant_id> about) { return resources.report(about); };
  handlers.linked = [](const node_row& peer) { log_info("linked with node " + peer.name); };
  handlers.unlinked = [](const node_row& peer) { log_info("no link with node " + peer.name + " any more"); };
  return handlers;
}

peer_links_actor spawn_links(caf::actor_system& system, mining_resources& resources, const timers_actor& clock, const slots& others) {
  const auto& config = resources.config;
  if (!resources.gate.gate)
    return {};
  peer_links_parts parts;
  parts.self = {config.node.name, resources.self(), config.cluster.name};
  parts.timers = clock;
  parts.connector = connector_of(system, config.cluster);
  parts.uses_tls = uses_tls(config.cluster);
  parts.probe = probe_of(config.cluster);
  parts.handlers = handlers_of(resources, others);
  return system.spawn<peer_links>(std::move(parts));
}

/// What it tells is told again, so nobody looks at the answers.
std::function<void(const successor_ready&)> teller_of(caf::actor_system& system, const tenant_router_actor& router) {
  return [&system, router, told = uint64_t{0}](const successor_ready& ready) mutable {
    auto id = "successor-" + std::to_string(ready.said.subscription) + "-" + std::to_string(++told);
    caf::anon_send(router, ask_tenant{std::move(id), {ready.tenant, ready.said}});
  };
}

shard_keeper_actor spawn_keeper(caf::actor_system& system, mining_resources& resources, const mining_actors& mining,
                                const tenant_router_actor& router, const peer_links_actor& links,
                                const successor_actor& successor) {
  shard_keeper_parts parts;
  parts.store = resources.open_membership("shards");
  parts.self = resources.self();
  parts.drain_timeout = resources.config.cluster.drain_timeout;
  parts.keeper = mining.keeper;
  parts.region = mining.region;
  parts.scheduler = mining.scheduler;
  parts.publish = [router](const shard_table_pointer& table) { tell(router, table); };
  parts.tell_freed = [links] {
    if (auto bytes = encode(peer_envelope{0, false, {}, shards_freed{}}))
      tell(links, tell_peers{std::move(*bytes)});
  };
  if (successor) {
    parts.tell_coming = [successor](const std::vector<shard_id>& shards) { tell(successor, shards_coming{shards}); };
    parts.for_successor = parts.drain_timeout / 2;
  }
  parts.report_owned = shards_report(resources);
  parts.report_trouble = [](const caf::error& why) { log_warning("shards cannot be claimed: " + message_of(why)); };
  return system.spawn<shard_keeper, caf::detached>(std::move(parts));
}

} // namespace

cluster_actors spawn_cluster(caf::actor_system& system, mining_resources& resources, const mining_actors& mining) {
  cluster_actors made;
  auto late = std::make_shared<late_actors>();
  made.links = spawn_links(system, resources, mining.timers, late);
  made.router = system.spawn<tenant_router>(tenant_router_parts{resources.self(), resources.config.node.name, mining.keeper,
                                                                mining.region, made.links, mining.timers});
  if (made.links)
    made.successor = mining.make_successor(teller_of(system, made.router));
  made.keeper = spawn_keeper(system, resources, mining, made.router, made.links, made.successor);
  membership_parts parts;
  parts.store = resources.open_membership("membership");
  parts.self = resources.self();
  parts.flaps = resources.flaps;
  parts.held = &resources.held;
  parts.publish = [&resources, keeper = made.keeper, router = made.router, links = made.links](const view_pointer& view) {
    resources.views.put(view);
    tell(keeper, view_seen{view});
    tell(router, view_seen{view});
    tell(links, view_seen{view});
  };
  parts.report_outage = [&health = resources.health](const std::string& why) {
    why.empty() ? health.outage_ends() : health.outage_begins(why);
  };
  made.membership = system.spawn<membership, caf::detached>(std::move(parts));
  late->set(made);
  return made;
}

} // namespace lode
