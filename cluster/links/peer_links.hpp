#pragma once

#include <caf/actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "cluster/links/link_table.hpp"
#include "cluster/links/tcp_probe.hpp"
#include "messages/actors.hpp"

namespace lode {

/// Whom it concerns what peers say. Called by the links actor; must not block.
struct peer_handlers {
  std::function<tenant_router_actor()> router; ///< for commands of peers; may be asked before there is one
  std::function<void()> shards_freed = [] {};
  std::function<void()> look_early = [] {}; ///< a link came or went: the view may be old
  std::function<node_report(std::optional<tenant_id> about)> report = [](auto) { return node_report{}; };
  std::function<void(bool)> drain = [](bool) {};
  std::function<void(const node_row&)> linked = [](const node_row&) {};
  std::function<void(const node_row&)> unlinked = [](const node_row&) {};
};

struct peer_links_parts {
  link_self self;
  timers_actor timers;
  caf::actor connector; ///< middleman or its TLS sister: answers connect_atom
  bool uses_tls = false;
  probe_function probe;
  peer_handlers handlers;
  std::chrono::milliseconds call_limit{10'000}; ///< an answer that takes longer is unknown
  std::chrono::milliseconds survey_limit{1'000};
};

/// One link to each other node of the view that listens. Calls that are pending when a link goes end at once: CAF would
/// leave them to their time-out. A link is by life, not by name: a node that begins anew is greeted anew.
///
///   due --probe, connect, hello--> up --node or peer down, goodbye, other view--> due
///   awaited --hello of the other--> up
struct peer_links_state {
  /// The links actor is its node's voice too: peers answer to it.
  using impl_actor = caf::typed_actor<caf::result<void>(view_seen), caf::result<peer_message>(ask_peer),
                                      caf::result<void>(tell_peers), caf::result<peers_surveyed>(survey_peers),
                                      caf::result<void>(timer_fired), caf::result<void>(peer_message)>;
  static constexpr const char* name = "lode.peer-links";
  static constexpr std::chrono::milliseconds tick{250};
  static constexpr size_t max_calls = 1'024; ///< unanswered ones of one peer; more are refused

  peer_links_state(impl_actor::pointer self, peer_links_parts parts);
  impl_actor::behavior_type make_behavior();

  using answer_handler = std::function<void(caf::expected<peer_message>)>;
  struct link {
    peer_gate_actor peer;
    caf::node_id node;
    size_t calls = 0;
  };
  struct call {
    incarnation peer;
    link_table::time_point deadline;
    caf::error late; ///< what it fails with when no answer comes
    bool is_greeting = false;
    answer_handler done;
  };
  struct survey {
    caf::typed_response_promise<peers_surveyed> promise;
    peers_surveyed found;
    std::set<incarnation> open;
  };

  // Links come and go.
  void see(const view_pointer& next);
  void dial(const link_table::dial& to);
  void connect(const link_table::dial& to, const std::string& host, uint16_t port, const probe_outcome& probed);
  void greet(const link_table::dial& to, const caf::node_id& node, const caf::strong_actor_ptr& gate);
  void greeted(const link_table::dial& to, const caf::node_id& node, const caf::strong_actor_ptr& by,
               const peer_hello_answer& answer);
  void give_up(const link_table::dial& to, const std::string& why, bool is_refusal);
  void raise(incarnation peer, const caf::strong_actor_ptr& by);
  void drop(incarnation peer, const std::string& why);
  void dropped_by_node(const caf::node_id& node, const std::string& why);

  // What peers say.
  void receive(const peer_message& bytes);
  void answered(peer_envelope& envelope, const peer_message& bytes, const caf::strong_actor_ptr& from);
  void said_hello(const peer_envelope& envelope, const caf::strong_actor_ptr& from);
  void serve(incarnation peer, peer_envelope& envelope, const caf::strong_actor_ptr& from);
  void carry_out(uint64_t number, ask_tenant ask, const caf::strong_actor_ptr& for_whom);
  void reply(const caf::strong_actor_ptr& to, uint64_t number, caf::expected<peer_envelope> answer);

  // What this node asks.
  void call_peer(incarnation peer, peer_envelope envelope, std::chrono::milliseconds limit, answer_handler done);
  void finish(uint64_t number, caf::expected<peer_message> answer);
  caf::result<peers_surveyed> begin_survey(const survey_peers& ask);
  void end_part(const std::shared_ptr<survey>& s, incarnation peer);

  void look();
  void end(const caf::error& why);
  link_table::time_point now() const;
  const node_row* row_of(incarnation peer) const;

  impl_actor::pointer self;
  peer_links_parts parts;
  link_table table;
  view_pointer view;
  std::map<incarnation, link> links;
  std::unordered_map<caf::actor_addr, incarnation> lives; ///< by the actor that speaks for them
  std::map<uint64_t, call> calls;
  uint64_t last_call = 0;
  uint64_t token = 0;
  size_t serving = 0;
};
using peer_links = peer_links_state::impl_actor::stateful_impl<peer_links_state>;

/// What is published on cluster.listen, once for all lives of a process: hands on to the links of the present life, and asks
/// to come again while there are none.
struct peer_gate_state {
  static constexpr const char* name = "lode.peer-gate";

  explicit peer_gate_state(peer_gate_actor::pointer self) : self(self) {}
  peer_gate_actor::behavior_type make_behavior();

  peer_gate_actor::pointer self;
};
using peer_gate = peer_gate_actor::stateful_impl<peer_gate_state>;

} // namespace lode
