#include "cluster/links/peer_links.hpp"

#include <caf/actor_registry.hpp>
#include <caf/all.hpp>
#include <caf/io/middleman_actor.hpp>

#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

constexpr std::chrono::seconds connect_limit{15}; // two of CAF's own handshake limits
constexpr std::chrono::milliseconds greet_limit{2'000};
constexpr size_t max_serving = 4'096;

caf::error unknown(const std::string& why) {
  return caf::make_error(errc::unknown_outcome, why);
}

caf::error unreachable(const std::string& why) {
  return caf::make_error(errc::unreachable, why);
}

/// Takes "host:port" and "[::1]:port" apart.
bool split_address(const std::string& address, std::string& host, uint16_t& port) {
  auto colon = address.rfind(':');
  if (colon == address.npos)
    return false;
  host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const auto number = std::strtoul(address.c_str() + colon + 1, nullptr, 10);
  port = static_cast<uint16_t>(number);
  return !host.empty() && number > 0 && number <= UINT16_MAX;
}

std::string handshake_failed(const std::string& name, bool uses_tls) {
  return uses_tls ? "the TLS handshake with " + name + " failed: its certificate or this node's is not of the other's cluster.ca_file, or is over"
                  : "the handshake with " + name + " failed: it listens with certificates, or is no Lode node";
}

std::string in_words(const caf::error& error, const std::string& name, bool uses_tls) {
  // The probe has just reached it: what fails after that is the handshake, which CAF reports in one of three ways.
  const bool is_handshake = error == caf::sec::disconnect_during_handshake || error == caf::sec::request_timeout
                            || (uses_tls && error == caf::sec::cannot_connect_to_node);
  if (is_handshake)
    return handshake_failed(name, uses_tls);
  if (error == caf::sec::incompatible_application_ids)
    return name + " runs a release of Lode that this one cannot talk to: run the same on both";
  return "connecting to " + name + " failed: " + to_string(error);
}

} // namespace

peer_links_state::peer_links_state(impl_actor::pointer self, peer_links_parts p)
  : self(self), parts(std::move(p)), table(parts.self) {}

peer_links_state::impl_actor::behavior_type peer_links_state::make_behavior() {
  auto& registry = self->system().registry();
  registry.erase(name); // that of an earlier life
  registry.put(name, caf::actor_cast<caf::strong_actor_ptr>(self));
  self->set_node_down_handler([this](caf::node_down_msg& down) { dropped_by_node(down.node, to_string(down.reason)); });
  self->set_down_handler([this](caf::down_msg& down) {
    if (auto i = lives.find(down.source); i != lives.end())
      drop(incarnation{i->second}, "the node has ended or stopped its links");
  });
  // Peers know this actor: only its own node ends it.
  self->set_exit_handler([this](caf::exit_msg& exit) {
    if (!exit.source || exit.source.node() == self->system().node())
      end(exit.reason);
  });
  self->send(parts.timers, arm_timer{tick, ++token});
  return {
    [this](const view_seen& seen) { see(seen.view); },
    [this](ask_peer& ask) -> caf::result<peer_message> {
      auto promise = self->make_response_promise<peer_message>();
      auto envelope = decode(ask.message);
      if (!envelope)
        return envelope.error();
      call_peer(ask.peer, std::move(*envelope), parts.call_limit, [promise](caf::expected<peer_message> answer) mutable {
        if (answer)
          promise.deliver(std::move(*answer));
        else
          promise.deliver(std::move(answer.error()));
      });
      return promise;
    },
    [this](const tell_peers& tell) {
      for (const auto& [life, link] : links)
        self->send(link.peer, tell.message);
    },
    [this](const survey_peers& ask) { return begin_survey(ask); },
    [this](const timer_fired& fired) {
      if (fired.token == token)
        look();
    },
    [this](const peer_message& bytes) { receive(bytes); },
  };
}

link_table::time_point peer_links_state::now() const {
  return self->clock().now();
}

const node_row* peer_links_state::row_of(incarnation peer) const {
  if (view)
    for (const auto& row : view->nodes)
      if (row.self == peer)
        return &row;
  return nullptr;
}

// -- links come and go --------------------------------------------------------------------------------------------------

void peer_links_state::see(const view_pointer& next) {
  auto before = std::exchange(view, next);
  for (auto life : table.see(*view, now()))
    if (links.count(life)) {
      self->send(links[life].peer, *encode({0, false, {}, peer_goodbye{"the store does not show this life any more"}}));
      drop(life, "its life is over");
    }
  look();
}

void peer_links_state::look() {
  const auto time = now();
  std::vector<uint64_t> late;
  for (const auto& [number, call] : calls)
    if (call.deadline <= time)
      late.push_back(number);
  for (auto number : late)
    if (auto i = calls.find(number); i != calls.end())
      finish(number, i->second.late);
  for (const auto& to : table.due(time))
    dial(to);
  for (const auto& peer : table.overdue(time))
    log_warning("not linked to " + peer + ": it has the lower name, so it dials this node, but has not for "
                + std::to_string(link_table::overdue_after / std::chrono::seconds{1})
                + " s; its log says why (another authority's certificate, cluster.advertise of this node, a firewall)");
  self->send(parts.timers, arm_timer{tick, ++token});
}

void peer_links_state::dial(const link_table::dial& to) {
  std::string host;
  uint16_t port = 0;
  if (!split_address(to.address, host, port))
    return give_up(to, "the address of " + to.name + " is \"" + to.address + "\", expected host:port: look at its cluster.advertise", true);
  caf::weak_actor_ptr me{self->ctrl()};
  parts.probe(host, port, [this, me, to, host, port](probe_outcome probed) {
    // On another thread: `this` is touched only in the actor's turn.
    if (auto strong = me.lock())
      caf::anon_send(caf::actor_cast<caf::actor>(strong),
                     caf::make_action([this, to, host, port, probed] { connect(to, host, port, probed); }));
  });
}

void peer_links_state::connect(const link_table::dial& to, const std::string& host, uint16_t port, const probe_outcome& probed) {
  if (!table.is_current(to.peer, to.attempt))
    return;
  if (!probed.is_open)
    return give_up(to, to.name + " cannot be reached at " + to.address + ": " + probed.why, false);
  if (parts.uses_tls && probed.speaks_first)
    return give_up(to, to.name + " listens without certificates, this node has some: set cluster.certificate_file, key_file and ca_file there too", true);
  if (!parts.uses_tls && !probed.speaks_first)
    return give_up(to, to.name + " listens with certificates (or is no Lode node), this node has none: set cluster.certificate_file, key_file and ca_file here too", true);
  self->request(parts.connector, connect_limit, caf::connect_atom_v, host, port)
    .then([this, to](const caf::node_id& node, const caf::strong_actor_ptr& gate,
                     const std::set<std::string>&) { greet(to, node, gate); },
          [this, to](const caf::error& error) { give_up(to, in_words(error, to.name, parts.uses_tls), true); });
}

void peer_links_state::greet(const link_table::dial& to, const caf::node_id& node, const caf::strong_actor_ptr& gate) {
  if (!table.is_current(to.peer, to.attempt))
    return;
  if (!gate)
    return give_up(to, "at " + to.address + " nothing is published for nodes: it is no Lode node", true);
  const auto number = ++last_call;
  calls[number] = {to.peer, now() + greet_limit, unreachable(to.name + " does not answer the greeting"), true,
                   [this, to, node](const caf::expected<peer_message>& answer) {
                     auto envelope = answer ? decode(*answer) : caf::expected<peer_envelope>{answer.error()};
                     if (!envelope)
                       return give_up(to, message_of(envelope.error()), false);
                     if (envelope->failed)
                       return give_up(to, message_of(envelope->failed), false);
                     auto* said = std::get_if<peer_hello_answer>(&envelope->content);
                     auto by = caf::actor_cast<caf::strong_actor_ptr>(self->current_sender());
                     if (!said || !by || by->node() != node)
                       return give_up(to, to.name + " answered the greeting with something else", false);
                     greeted(to, node, by, *said);
                   }};
  self->send(caf::actor_cast<peer_gate_actor>(gate), *encode({number, false, {}, table.hello_to(to.peer)}));
}

void peer_links_state::greeted(const link_table::dial& to, const caf::node_id&, const caf::strong_actor_ptr& by,
                               const peer_hello_answer& answer) {
  const bool is_current = table.is_current(to.peer, to.attempt);
  const auto wrong = table.judge(to.peer, answer);
  if (answer.is_accepted && (!is_current || !wrong.empty()))
    self->send(caf::actor_cast<peer_gate_actor>(by), *encode({0, false, {}, peer_goodbye{wrong}}));
  if (!is_current)
    return;
  if (!wrong.empty())
    return give_up(to, wrong, !answer.is_to_come_again);
  raise(to.peer, by);
}

void peer_links_state::give_up(const link_table::dial& to, const std::string& why, bool is_refusal) {
  if (!table.is_current(to.peer, to.attempt))
    return;
  if (!table.failed(to.peer, why, is_refusal, now()))
    return;
  auto line = "not linked to " + to.name + " (" + to.address + "), tried again: " + why;
  is_refusal ? log_warning(line) : log_info(line);
}

void peer_links_state::raise(incarnation peer, const caf::strong_actor_ptr& by) {
  if (links.count(peer))
    drop(peer, "it has linked itself anew");
  auto handle = caf::actor_cast<peer_gate_actor>(by);
  self->monitor(handle);
  self->monitor(by->node()); // the actor alone is not enough, and neither is the node: each misses deaths that the other shows
  lives[handle.address()] = peer;
  links[peer] = {handle, by->node(), 0};
  table.up(peer, now());
  if (auto row = row_of(peer)) {
    log_info("linked to " + row->name);
    parts.handlers.linked(*row);
  }
}

void peer_links_state::drop(incarnation peer, const std::string& why) {
  auto i = links.find(peer);
  if (i == links.end())
    return;
  auto gone = std::move(i->second);
  links.erase(i);
  lives.erase(gone.peer.address());
  self->demonitor(gone.peer);
  self->demonitor(gone.node);
  table.down(peer, why, now());
  if (auto row = row_of(peer)) {
    log_warning("the link to " + row->name + " is lost: " + why);
    parts.handlers.unlinked(*row);
  }
  std::vector<uint64_t> pending;
  for (const auto& [number, call] : calls)
    if (call.peer == peer && !call.is_greeting)
      pending.push_back(number);
  for (auto number : pending)
    finish(number, unknown("the link was lost before the answer came: " + why));
  parts.handlers.look_early();
}

void peer_links_state::dropped_by_node(const caf::node_id& node, const std::string& why) {
  std::vector<incarnation> gone;
  for (const auto& [life, link] : links)
    if (link.node == node)
      gone.push_back(life);
  for (auto life : gone)
    drop(life, why.empty() || why == "none" ? "the connection broke" : "the connection broke (" + why + ")");
}

// -- what peers say -------------------------------------------------------------------------------------------------------

void peer_links_state::receive(const peer_message& bytes) {
  auto from = caf::actor_cast<caf::strong_actor_ptr>(self->current_sender());
  auto envelope = decode(bytes);
  if (!from)
    return;
  if (!envelope)
    return log_warning("ignored: " + message_of(envelope.error()));
  if (envelope->is_answer)
    return answered(*envelope, bytes, from);
  if (std::holds_alternative<peer_hello>(envelope->content))
    return said_hello(*envelope, from);
  auto life = lives.find(from->address());
  if (life != lives.end())
    return serve(life->second, *envelope, from);
  // It takes this node for linked: nothing is carried out, and it is told to greet again.
  if (std::holds_alternative<peer_goodbye>(envelope->content))
    return;
  if (envelope->call)
    reply(from, envelope->call, unreachable("this node is not linked to the asker"));
  self->send(caf::actor_cast<peer_gate_actor>(from), *encode({0, false, {}, peer_goodbye{"it is not linked to this one"}}));
}

void peer_links_state::answered(peer_envelope& envelope, const peer_message& bytes, const caf::strong_actor_ptr& from) {
  auto i = calls.find(envelope.call);
  if (i == calls.end())
    return; // late
  if (!i->second.is_greeting) {
    auto link = links.find(i->second.peer);
    if (link == links.end() || link->second.peer.address() != from->address())
      return; // not whom it was asked
  }
  // A greeting is judged by what it says, a refusal of it too.
  if (envelope.failed && !i->second.is_greeting)
    finish(envelope.call, std::move(envelope.failed));
  else
    finish(envelope.call, bytes);
}

void peer_links_state::said_hello(const peer_envelope& envelope, const caf::strong_actor_ptr& from) {
  const auto& hello = std::get<peer_hello>(envelope.content);
  auto answer = table.judge(hello);
  peer_envelope out{envelope.call, true, {}, answer};
  reply(from, envelope.call, std::move(out));
  if (answer.is_accepted)
    raise(hello.self, from);
  else if (answer.is_to_come_again)
    parts.handlers.look_early();
  else if (table.refused(hello, answer.reason))
    log_warning("refused a link from " + hello.name.substr(0, 64) + ": " + answer.reason);
}

void peer_links_state::serve(incarnation peer, peer_envelope& envelope, const caf::strong_actor_ptr& from) {
  const auto number = envelope.call;
  if (auto* ask = std::get_if<ask_tenant>(&envelope.content))
    return carry_out(number, std::move(*ask), from);
  if (auto* question = std::get_if<status_question>(&envelope.content))
    return reply(from, number, peer_envelope{number, true, {}, parts.handlers.report(question->about)});
  if (auto* bye = std::get_if<peer_goodbye>(&envelope.content))
    return drop(peer, bye->reason.empty() ? "it said goodbye" : bye->reason);
  if (std::holds_alternative<shards_freed>(envelope.content))
    return parts.handlers.shards_freed();
  if (auto* drain = std::get_if<drain_request>(&envelope.content))
    return parts.handlers.drain(drain->is_draining);
  if (envelope.failed) // its content could not be read
    return reply(from, number, envelope.failed);
  if (number)
    reply(from, number, caf::make_error(errc::bad_argument, table.self().name + " does not know this question: it runs another release"));
}

void peer_links_state::carry_out(uint64_t number, ask_tenant ask, const caf::strong_actor_ptr& for_whom) {
  auto router = parts.handlers.router ? parts.handlers.router() : tenant_router_actor{};
  if (!router)
    return reply(for_whom, number, unreachable("the node is about to begin"));
  if (serving >= max_serving)
    return reply(for_whom, number, unreachable("the node has " + std::to_string(serving) + " commands of peers in work"));
  ++serving;
  self->request(router, caf::infinite, deliver_here{std::move(ask)})
    .then(
      [this, number, for_whom](command_answer& answer) {
        --serving;
        reply(for_whom, number, peer_envelope{number, true, {}, std::move(answer)});
      },
      [this, number, for_whom](caf::error& why) {
        --serving;
        // Not one of ours: the router ended, perhaps in the middle of it.
        const bool is_ours = why.category() == caf::type_id_v<errc>;
        reply(for_whom, number, is_ours ? std::move(why) : unknown("the node stopped while the command was in work"));
      });
}

void peer_links_state::reply(const caf::strong_actor_ptr& to, uint64_t number, caf::expected<peer_envelope> answer) {
  if (number == 0)
    return;
  if (!answer)
    answer = peer_envelope{number, true, std::move(answer.error()), {}};
  auto bytes = encode(*answer);
  if (!bytes)
    bytes = encode({number, true, bytes.error(), {}});
  self->send(caf::actor_cast<peer_gate_actor>(to), std::move(*bytes));
}

// -- what this node asks ----------------------------------------------------------------------------------------------------

void peer_links_state::call_peer(incarnation peer, peer_envelope envelope, std::chrono::milliseconds limit, answer_handler done) {
  auto i = links.find(peer);
  if (i == links.end())
    return done(unreachable(table.knows(peer) ? "not linked to " + table.name_of(peer) : "no node has this life"));
  if (i->second.calls >= max_calls)
    return done(unreachable(table.name_of(peer) + " has not answered " + std::to_string(max_calls) + " calls yet"));
  envelope.call = ++last_call;
  auto bytes = encode(envelope);
  if (!bytes)
    return done(bytes.error());
  ++i->second.calls;
  calls[envelope.call] = {peer, now() + limit,
                          unknown("no answer of " + table.name_of(peer) + " within " + std::to_string(limit.count()) + " ms"), false,
                          std::move(done)};
  self->send(i->second.peer, std::move(*bytes));
}

void peer_links_state::finish(uint64_t number, caf::expected<peer_message> answer) {
  auto i = calls.find(number);
  if (i == calls.end())
    return;
  auto ended = std::move(i->second);
  calls.erase(i);
  if (auto link = links.find(ended.peer); link != links.end() && !ended.is_greeting && link->second.calls > 0)
    --link->second.calls;
  ended.done(std::move(answer));
}

caf::result<peers_surveyed> peer_links_state::begin_survey(const survey_peers& ask) {
  auto s = std::make_shared<survey>();
  s->promise = self->make_response_promise<peers_surveyed>();
  s->found.view = view;
  s->found.links = table.links();
  s->found.reports.push_back(parts.handlers.report(ask.about)); // this node's own
  for (const auto& [life, link] : links)
    s->open.insert(life);
  for (auto life : std::set<incarnation>{s->open})
    call_peer(life, {0, false, {}, status_question{ask.about}}, parts.survey_limit, [this, s, life](caf::expected<peer_message> answer) {
      auto envelope = answer ? decode(*answer) : caf::expected<peer_envelope>{answer.error()};
      if (auto* report = envelope ? std::get_if<node_report>(&envelope->content) : nullptr)
        s->found.reports.push_back(std::move(*report));
      else
        s->found.silent.push_back(life);
      end_part(s, life);
    });
  if (links.empty())
    s->promise.deliver(std::move(s->found));
  return s->promise;
}

void peer_links_state::end_part(const std::shared_ptr<survey>& s, incarnation peer) {
  s->open.erase(peer);
  if (s->open.empty())
    s->promise.deliver(std::move(s->found));
}

void peer_links_state::end(const caf::error& why) {
  self->system().registry().erase(name);
  for (const auto& [life, link] : links)
    self->send(link.peer, *encode({0, false, {}, peer_goodbye{"the node stops"}}));
  auto pending = std::move(calls);
  calls.clear();
  for (auto& [number, call] : pending)
    if (!call.is_greeting)
      call.done(unknown("this node stops"));
  self->quit(why);
}

} // namespace lode
