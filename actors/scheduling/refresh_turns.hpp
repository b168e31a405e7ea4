#pragma once

#include <caf/actor_addr.hpp>

#include <deque>
#include <functional>
#include <map>

#include "messages/ids.hpp"

namespace lode {

/// Whose turn it is to refresh the token of a connection: one actor at a time, in the order of asking. An actor that was
/// told to go may still wait for an answer with the successor of a single-use token; its heir must not use the token too.
class refresh_turns {
public:
  /// Calls `begin` when it is the asker's turn: at once, or when those before it have left.
  void enter(connection_id connection, const caf::actor_addr& asker, std::function<void()> begin);
  /// Ends the turn of this asker, or its waiting for one.
  void leave(connection_id connection, const caf::actor_addr& asker);
  /// The same for an actor that has ended, whatever it waited for.
  void forget(const caf::actor_addr& gone);

  bool empty() const noexcept { return queues_.empty(); }

private:
  struct entry {
    caf::actor_addr asker;
    std::function<void()> begin;
  };
  std::map<connection_id, std::deque<entry>> queues_; ///< the first one has its turn
};

} // namespace lode
