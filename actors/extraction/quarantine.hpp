#pragma once

#include <deque>

#include "messages/actors.hpp"

namespace lode {

/// Gives turns to continuations that may have killed the process. With one of them in work at a time, a page that ends the
/// process is found after a few deaths and takes nobody with it. Holds nothing durable: a restart begins with no turn.
struct quarantine_state {
  static constexpr const char* name = "lode.quarantine";

  explicit quarantine_state(quarantine_actor::pointer self) : self(self) {}
  quarantine_actor::behavior_type make_behavior();

  struct patient {
    continuation_id continuation;
    caf::actor_addr asker;
    caf::typed_response_promise<void> turn;
  };
  void admit_next();
  void leave(continuation_id continuation);

  quarantine_actor::pointer self;
  std::deque<patient> patients; ///< the first one has its turn
};
using quarantine = quarantine_actor::stateful_impl<quarantine_state>;

} // namespace lode
