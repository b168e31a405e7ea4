#include "cluster/links/cluster_transport.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include "cluster/links/peer_links.hpp"
#include "config/listen_address.hpp"
#include "runtime/security/certificates.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

constexpr std::chrono::hours warn_before{24 * 30};

std::string in_brackets(const std::string& host) {
  return host.find(':') == host.npos ? host : "[" + host + "]";
}

} // namespace

bool uses_tls(const cluster_settings& cluster) {
  return !cluster.certificate_file.empty();
}

caf::error check_transport(const cluster_settings& cluster) {
  if (cluster.listen.empty() || !uses_tls(cluster))
    return {};
  auto left = check_certificates({cluster.certificate_file, cluster.key_file, cluster.ca_file});
  if (!left)
    return left.error();
  if (*left < warn_before)
    log_warning("the certificates of the cluster are over in " + std::to_string(*left / std::chrono::hours{24}) + " days ("
                + cluster.certificate_file + ", " + cluster.ca_file + "): make new ones with `lode cluster certificate`");
  return {};
}

void configure_transport(caf::actor_system_config& config, const cluster_settings& cluster) {
  if (cluster.listen.empty())
    return;
  config.load<caf::io::middleman>();
  config.set("caf.middleman.heartbeat-interval", caf::timespan{link_heartbeat});
  config.set("caf.middleman.connection-timeout", caf::timespan{link_timeout});
  config.set("caf.middleman.app-identifiers", std::vector<std::string>{"lode-" + std::to_string(cluster_wire_version) + "-caf0.18"});
  config.set("caf.middleman.workers", size_t{1}); // what crosses is small
  if (!uses_tls(cluster))
    return;
  config.load<caf::openssl::manager>(); // after the middleman
  config.openssl_certificate = cluster.certificate_file;
  config.openssl_key = cluster.key_file;
  config.openssl_cafile = cluster.ca_file;
  config.set("caf.openssl.certificate", cluster.certificate_file);
  config.set("caf.openssl.key", cluster.key_file);
  config.set("caf.openssl.cafile", cluster.ca_file);
}

caf::expected<open_gate_result> open_gate(caf::actor_system& system, const cluster_settings& cluster) {
  if (cluster.listen.empty())
    return open_gate_result{};
  auto at = parse_listen_address(cluster.listen);
  if (!at)
    return caf::make_error(errc::bad_argument, "cluster.listen: found \"" + cluster.listen + "\", expected address:port");
  peer_gate_actor gate = system.spawn<peer_gate>();
  auto port = uses_tls(cluster) ? caf::openssl::publish(gate, at->port, at->host.c_str(), true)
                                : system.middleman().publish(gate, at->port, at->host.c_str(), true);
  if (!port) {
    caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
    return caf::make_error(errc::bad_argument, "cluster.listen (" + cluster.listen + ") cannot be used: " + to_string(port.error())
                                                 + "; is another node running there?");
  }
  return open_gate_result{gate, cluster.advertise.empty() ? in_brackets(at->host) + ":" + std::to_string(*port) : cluster.advertise};
}

void close_gate(caf::actor_system& system, const open_gate_result& open) {
  if (!open.gate)
    return;
  caf::scoped_actor self{system};
  self->send_exit(open.gate, caf::exit_reason::user_shutdown);
  self->wait_for(open.gate);
}

caf::actor connector_of(caf::actor_system& system, const cluster_settings& cluster) {
  return uses_tls(cluster) ? caf::actor_cast<caf::actor>(system.openssl_manager().actor_handle())
                           : caf::actor_cast<caf::actor>(system.middleman().actor_handle());
}

probe_function probe_of(const cluster_settings& cluster) {
  using std::chrono::milliseconds;
  return make_tcp_probe(milliseconds{2'000}, uses_tls(cluster) ? milliseconds{300} : milliseconds{2'000});
}

} // namespace lode
