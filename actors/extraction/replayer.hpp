#pragma once

#include "actors/extraction/mining_services.hpp"
#include "messages/actors.hpp"

namespace lode {

/// Reads one dead letter again and commits what it is now:
///
///   load connection -> load dead letter -> (read) -> commit -> off the list -> answer; then it ends
///
/// It is as old as it was: its original stamp goes with it, so whatever is known that is newer stands.
struct replayer_state {
  static constexpr const char* name = "lode.replayer";

  replayer_state(replayer_actor::pointer self, services_pointer services, const tenant_supervisor_actor& supervisor);
  replayer_actor::behavior_type make_behavior();

  void load();
  void read(const connection_pointer& connection, const dead_letter& letter);
  void commit(const connection_context& connection, stream_id stream, hashed_record record, const fact_order& order);
  void committed();
  void deadline();
  void answer(const caf::error& why = {});

  replayer_actor::pointer self;
  services_pointer services;
  replay_dead_letter order;
  caf::typed_response_promise<void> asked;
};
using replayer = replayer_actor::stateful_impl<replayer_state>;

} // namespace lode
