#include "runtime/node/live_control.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

#include <random>
#include <utility>

#include "runtime/http/http_client.hpp"
#include "runtime/node/version.hpp"
#include "runtime/telemetry/actor_figures.hpp"
#include "runtime/telemetry/metric_names.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/process_figures.hpp"
#include "runtime/telemetry/prometheus_text.hpp"

namespace lode {

namespace {

/// Joining until a view says something else.
node_state standing_in(const view_pointer& view, incarnation self) {
  for (size_t i = 0; view && i < view->nodes.size(); ++i)
    if (view->nodes[i].self == self)
      return view->nodes[i].state;
  return node_state::joining;
}

/// Unlike those that people give it is never written down: 128 bits that nobody has asked under before.
std::string new_command(const char* what) {
  static thread_local std::mt19937_64 random{(uint64_t{std::random_device{}()} << 32) | std::random_device{}()};
  return fmt::format("{}-{:016x}{:016x}", what, random(), random());
}

/// None: it was done. Without a code the way failed, not the tenant.
caf::error refusal_in(const command_answer& said) {
  switch (said.outcome) {
    case command_outcome::done: return {};
    case command_outcome::refused: return caf::make_error(said.code == errc::none ? errc::unreachable : said.code, said.reason);
    default: return caf::make_error(errc::unknown_outcome, said.reason);
  }
}

/// Asks the router, says what it said, and ends.
void carry_request(caf::event_based_actor* self, const tenant_router_actor& router, const ask_tenant& ask,
                   const std::function<void(const caf::error&)>& done) {
  self->request(router, caf::infinite, ask)
    .then([done](const command_answer& said) { done(refusal_in(said)); },
          [done](const caf::error&) { done(caf::make_error(errc::unknown_outcome, "the node is stopping")); });
}

} // namespace

live_control::live_control(caf::actor_system& system, mining_resources& resources) : system_(system), resources_(resources) {
  older_.at = newer_.at = started_;
}

void live_control::use(mining_tree* tree) {
  std::lock_guard lock{mutex_};
  tree_ = tree;
}

void live_control::connection_changed(tenant_id tenant, std::optional<connection_id> connection) {
  ask_owner("changed", tenant, lode::connection_changed{connection}); // its listeners end, and begin anew
  look_for_work();
}

void live_control::connection_added(tenant_id tenant, connection_id connection) {
  ask_owner("added", tenant, listen{connection});
  look_for_work();
}

/// Of whichever node has the tenant. Nobody waits for the answer.
void live_control::ask_owner(const char* what, tenant_id tenant, decltype(tenant_command::command) command) {
  std::lock_guard lock{mutex_};
  if (tree_)
    caf::anon_send(tree_->router(), ask_tenant{new_command(what), {tenant, std::move(command)}});
}

void live_control::look_for_work() {
  std::lock_guard lock{mutex_};
  if (tree_)
    tree_->look_for_work();
}

void live_control::cancel_run(tenant_id tenant, connection_id connection, run_id run) {
  ask_owner("cancelled", tenant, lode::cancel_run{connection, run, "cancelled by a person"});
}

node_status live_control::status() {
  const auto& figures = resources_.figures;
  node_status result;
  result.name = resources_.config.node.name;
  result.version = version;
  result.self = resources_.self();
  result.uptime = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  result.shards = static_cast<uint64_t>(figures.shards.load());
  result.open_runs = static_cast<uint64_t>(figures.open_runs.load());
  result.miners = static_cast<uint64_t>(figures.miners.load());
  result.requests_in_flight = resources_.http->stats().requests_in_flight;
  result.bytes_in_flight = static_cast<uint64_t>(figures.bytes_in_flight.load());
  result.bytes_allowed = resources_.config.mining.bytes_in_flight.value;
  result.waiting_for_quota = static_cast<uint64_t>(figures.waiting_for_quota.load());
  result.pages = static_cast<uint64_t>(figures.pages.load());
  result.records = static_cast<uint64_t>(figures.records.load());
  result.inserted = static_cast<uint64_t>(figures.inserted.load());
  result.updated = static_cast<uint64_t>(figures.updated.load());
  result.unchanged = static_cast<uint64_t>(figures.unchanged.load());
  result.dead = static_cast<uint64_t>(figures.dead.load());
  const auto calls = resources_.http->stats();
  result.calls = calls.requests_answered + calls.requests_failed;
  result.failed_calls = static_cast<uint64_t>(figures.failed_calls.load());
  result.memory_bytes = static_cast<uint64_t>(read_process_figures().resident_bytes);
  rate(result);
  return result;
}

std::vector<actor_figures> live_control::actors() {
  auto figures = actor_figures_of(system_.metrics());
  resources_.census.complete(figures, resources_.board);
  return figures;
}

node_report live_control::report(std::optional<tenant_id> about) {
  node_report result{status(), actors(), {}};
  if (about)
    for (const auto& each : resources_.board.of(*about))
      result.activities.push_back(told(each));
  return result;
}

peers_surveyed live_control::survey(std::optional<tenant_id> about) {
  peer_links_actor links;
  {
    std::lock_guard lock{mutex_};
    if (tree_)
      links = tree_->links();
  }
  peers_surveyed found;
  if (!links)
    return found;
  caf::scoped_actor self{system_};
  self->request(links, std::chrono::seconds{3}, survey_peers{about})
    .receive([&](peers_surveyed& answer) { found = std::move(answer); }, [](const caf::error&) {});
  return found;
}

void live_control::look_early() {
  std::lock_guard lock{mutex_};
  if (tree_)
    tree_->look_early();
}

void live_control::sinks_changed() {
  std::lock_guard lock{mutex_};
  if (tree_)
    tree_->sinks_changed();
}

void live_control::rate(node_status& status) {
  std::lock_guard lock{mutex_};
  sample now{std::chrono::steady_clock::now(), resources_.figures.pages, resources_.figures.records};
  if (now.at - newer_.at > std::chrono::seconds{1}) {
    older_ = newer_;
    newer_ = now;
  }
  auto span = std::chrono::duration<double>(now.at - older_.at).count();
  if (span <= 0)
    return;
  status.pages_per_second = static_cast<double>(now.pages - older_.pages) / span;
  status.records_per_second = static_cast<double>(now.records - older_.records) / span;
}

void live_control::pass_webhook(tenant_id tenant, hear_webhook request, std::function<void(const caf::error&)> done) {
  carry({new_command("hook"), {tenant, std::move(request)}}, std::move(done));
}

void live_control::replay(tenant_id tenant, const std::string& id, replay_dead_letter request, std::function<void(const caf::error&)> done) {
  carry({id, {tenant, request}}, std::move(done));
}

void live_control::carry(ask_tenant ask, std::function<void(const caf::error&)> done) {
  tenant_router_actor router;
  {
    std::lock_guard lock{mutex_};
    if (tree_)
      router = tree_->router();
  }
  if (!router)
    return done(caf::make_error(errc::store_unavailable, "the node is starting or stopping"));
  system_.spawn(carry_request, router, std::move(ask), std::move(done));
}

void live_control::webhook_answered(int status) {
  const auto& counted = resources_.measured->webhooks;
  (status == 200   ? counted.committed
   : status == 401 ? counted.unauthorized
   : status == 404 ? counted.nobodys
   : status == 503 ? counted.unavailable
                   : counted.refused)
    ->inc();
}

std::string live_control::metrics_text() {
  resources_.measured->waiting_for_lease->value(resources_.figures.waiting_for_lease);
  resources_.measured->requests_in_flight->value(static_cast<int64_t>(resources_.http->stats().requests_in_flight));
  std::string why;
  prometheus_writer node;
  node.family(metric_names::ready, "1 while the node mines, as /readyz says.", "gauge");
  node.sample(metric_names::ready, "", int64_t{ready(why)});
  return build_info_text(version) + node.take() + prometheus_text(system_.metrics()) + prometheus_text(read_process_figures());
}

bool live_control::ready(std::string& why) {
  std::lock_guard lock{mutex_};
  if (!tree_)
    why = "the node is starting or stopping";
  else if (resources_.health.is_out())
    why = "the store cannot commit at the moment: " + resources_.health.why();
  // Also with shards of its earlier life, which it mines: one that waits after flaps is not to be relied on.
  else if (auto standing = standing_in(resources_.views.latest(), resources_.self()); standing == node_state::joining)
    why = "the node is joining the cluster";
  else if (standing == node_state::draining)
    why = "the node gives its shards to the other nodes";
  return why.empty();
}

} // namespace lode
