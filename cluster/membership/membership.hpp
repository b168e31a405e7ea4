#pragma once

#include <caf/disposable.hpp>

#include <functional>
#include <memory>

#include "cluster/membership/member_watch.hpp"
#include "messages/actors.hpp"
#include "runtime/lease.hpp"
#include "runtime/storage/membership_store.hpp"

namespace lode {

struct membership_parts {
  std::unique_ptr<membership_store> store; ///< its statements end below half the lease
  incarnation self;
  int64_t flaps = 0; ///< joined_node::flaps
  lease* held = nullptr;
  std::function<void(const view_pointer&)> publish; ///< called by the actor's thread
  std::function<lease::duration()> boot_time = lease::now;
  /// The store does not answer, with the reason; "": it answers again. One of each for an outage; also when the actor ends in it.
  std::function<void(const std::string& why)> report_outage = [](const std::string&) {};
};

/// Beats, looks, enters and buries for one life of the node; see member_watch for who is dead. Everything stands in the store: one
/// that is made again for the same life goes on.
///
///   joining --(wait after flaps, enter)--> member <--(set_draining)--> draining
///      \________________ not_owner, conflict: lease ends, actor ends ______/
struct membership_state {
  static constexpr const char* name = "lode.membership";

  membership_state(membership_actor::pointer self, membership_parts parts);
  ~membership_state();
  membership_actor::behavior_type make_behavior();

  using time_point = member_watch::time_point;

  /// What is due, the beat first: one statement waits for another one for less than half the lease.
  void work();
  /// Nobody looks without having beaten: who cannot write must not judge.
  bool beat();
  void look();
  void take_part(const cluster_view& view);
  void bury(const member_watch::burial& whom);
  void show(cluster_view&& view);
  /// Waits for the store; ends the actor when this life is over, and on a defect.
  void failed(const caf::error& why);
  void answered();
  void look_at(time_point when);
  void arm();

  membership_actor::pointer self;
  membership_parts parts;
  member_watch watch;
  view_pointer shown;
  time_point enter_at;
  time_point next_beat{}, next_look{}, last_look{};
  bool has_beaten = false; ///< the latest beat succeeded
  bool is_missed = false;  ///< something in the present look failed
  bool is_out = false;     ///< the store does not answer, and that was reported
  bool has_ended = false;
  caf::disposable alarm;
};
using membership = membership_actor::stateful_impl<membership_state>;

} // namespace lode
