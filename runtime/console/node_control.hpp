#pragma once

#include <caf/error.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/error.hpp"
#include "messages/node_status.hpp"
#include "messages/runs.hpp"
#include "messages/scheduling.hpp"
#include "messages/type_ids.hpp"

namespace lode {

/// What the console makes the node do. Called from any thread; returns at once: what it starts goes on by itself.
class node_control {
public:
  virtual ~node_control() = default;

  /// State, secrets or configuration of a connection changed in the store, or it is being erased; without one, those of
  /// all the tenant's connections.
  virtual void connection_changed(tenant_id tenant, std::optional<connection_id> connection) = 0;
  /// A connection that was not there before: who has its tenant listens to it, where its source says so. Its runs are found in the store.
  virtual void connection_added(tenant_id tenant, connection_id connection) = 0;
  /// Something became due in the store: look for it now, not at the next tick.
  virtual void look_for_work() = 0;
  /// The run is already cancelled in the store; this ends its miners early.
  virtual void cancel_run(tenant_id tenant, connection_id connection, run_id run) = 0;

  virtual node_status status() = 0;
  /// What runs on this node.
  virtual std::vector<actor_figures> actors() { return {}; }
  /// The same, and what works here for a tenant.
  virtual node_report report(std::optional<tenant_id> /*about*/) { return {status(), actors(), {}}; }
  /// What all linked nodes say, asked now; takes a second at most. Without a view: this node has no links.
  virtual peers_surveyed survey(std::optional<tenant_id> /*about*/) { return {}; }
  /// The store's view of the nodes was changed: look at it now.
  virtual void look_early() {}
  /// Sinks were put, removed, paused or resumed in the store.
  virtual void sinks_changed() {}
  /// Hands a request to the listener of its connection, wherever that is. `done` is called once, from any thread: with nothing when all
  /// that the request tells is committed, with errc::unauthorized when its signature is not the connection's, with errc::bad_argument
  /// when it cannot be read; anything else may be otherwise when it is sent again.
  virtual void pass_webhook(tenant_id tenant, hear_webhook request, std::function<void(const caf::error&)> done) = 0;
  /// The same for a dead letter that is to be read again. `id`: under it that is carried out once. errc::bad_argument: it cannot be
  /// used now either.
  virtual void replay(tenant_id /*tenant*/, const std::string& /*id*/, replay_dead_letter /*request*/, std::function<void(const caf::error&)> done) {
    done(caf::make_error(errc::store_unavailable, "this node mines nothing"));
  }
  /// A webhook's request was answered with this status.
  virtual void webhook_answered(int /*status*/) {}
  /// Prometheus text.
  virtual std::string metrics_text() = 0;
  /// Whether the node mines; if not, `why` says what is missing.
  virtual bool ready(std::string& why) = 0;
};

} // namespace lode
