#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/expected.hpp>

#include <string>

#include "cluster/links/tcp_probe.hpp"
#include "config/settings.hpp"
#include "messages/actors.hpp"

/// How CAF's middleman is set up for the links of a node. The order: check_transport, configure_transport, the actor
/// system, open_gate, the life's peer_links.
namespace lode {

/// How CAF notices a dead link: a message at least every 2 s, gone after 8 s without.
inline constexpr std::chrono::milliseconds link_heartbeat{2'000};
inline constexpr std::chrono::milliseconds link_timeout{8'000};

bool uses_tls(const cluster_settings& cluster);

/// What would otherwise end the process inside CAF, or leave a node that nobody reaches: files and addresses. Warns in the log
/// when certificates are over within 30 days. errc::bad_argument names the setting and what to do.
caf::error check_transport(const cluster_settings& cluster);

/// Loads the middleman and its TLS into `config` when the node listens; nothing otherwise.
void configure_transport(caf::actor_system_config& config, const cluster_settings& cluster);

struct open_gate_result {
  peer_gate_actor gate;
  std::string address; ///< for node_identity: where other nodes reach this one; "" = it does not listen
};
/// Publishes the gate, once per process; blocks for a moment. errc::bad_argument: the address cannot be used.
caf::expected<open_gate_result> open_gate(caf::actor_system& system, const cluster_settings& cluster);
/// Nobody can link any more; the gate ends.
void close_gate(caf::actor_system& system, const open_gate_result& open);

/// Whom peer_links asks to connect.
caf::actor connector_of(caf::actor_system& system, const cluster_settings& cluster);
/// A probe that waits as long as it takes to tell a node with certificates from one without.
probe_function probe_of(const cluster_settings& cluster);

} // namespace lode
