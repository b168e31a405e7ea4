#include <caf/actor_registry.hpp>
#include <caf/all.hpp>

#include "cluster/links/peer_links.hpp"

namespace lode {

peer_gate_actor::behavior_type peer_gate_state::make_behavior() {
  // Whoever connects can send anything, an exit too; only this node ends its gate.
  self->set_exit_handler([this](caf::exit_msg& exit) {
    if (exit.source.node() == self->system().node() || !exit.source)
      self->quit(std::move(exit.reason));
  });
  return {
    [this](peer_message& msg) {
      auto links = self->system().registry().get<caf::strong_actor_ptr>(peer_links_state::name);
      auto from = caf::actor_cast<caf::strong_actor_ptr>(self->current_sender());
      if (links) {
        // As if the peer had sent it there: what is answered goes to it.
        links->enqueue(from, caf::make_message_id(), caf::make_message(std::move(msg)), nullptr);
        return;
      }
      auto envelope = decode(msg);
      if (!envelope || envelope->is_answer || envelope->call == 0 || !from)
        return;
      peer_envelope answer{envelope->call, true, caf::make_error(errc::unreachable, "the node is about to begin"), {}};
      if (auto bytes = encode(answer))
        caf::anon_send(caf::actor_cast<peer_gate_actor>(from), std::move(*bytes));
    },
  };
}

} // namespace lode
