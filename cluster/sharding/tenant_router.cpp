#include "cluster/sharding/tenant_router.hpp"

#include <caf/all.hpp>

#include "cluster/links/peer_codec.hpp"

namespace lode {

namespace {

constexpr const char* died_over_it = "the node that had it died before it said what became of it; look at the tenant";

bool is_ours(const caf::error& error) {
  return error.category() == caf::type_id_v<errc>;
}

/// The ledger said no for good: asking again would not help.
bool is_refusal(const caf::error& error) {
  return error == errc::bad_argument || error == errc::not_found || error == errc::conflict;
}

} // namespace

tenant_router_state::tenant_router_state(tenant_router_actor::pointer self, tenant_router_parts p)
  : self(self), parts(std::move(p)), room(parts.bounds) {}

tenant_router_actor::behavior_type tenant_router_state::make_behavior() {
  return {
    [this](ask_tenant& ask) { return accept(ask); },
    [this](deliver_here& here) -> caf::result<command_answer> {
      if (auto wrong = id_mistake(here.ask.id); !wrong.empty())
        return caf::make_error(errc::bad_argument, wrong);
      auto to = self->make_response_promise<command_answer>();
      carry_out(std::move(here.ask), [to](caf::expected<command_answer> what) mutable {
        if (what)
          to.deliver(std::move(*what));
        else
          to.deliver(std::move(what.error()));
      });
      return to;
    },
    [this](const view_seen& seen) {
      view = seen.view;
      retry_waiting();
    },
    [this](const shard_table_pointer& next) {
      table = next;
      retry_waiting();
    },
    [this](const timer_fired& fired) {
      if (fired.token == token)
        look();
    },
  };
}

waiting_room::time_point tenant_router_state::now() const {
  return self->clock().now();
}

command_answer tenant_router_state::said(command_outcome outcome, std::string reason) const {
  return {outcome, std::move(reason), parts.name};
}

// -- what is asked here -------------------------------------------------------------------------------------------------

caf::result<command_answer> tenant_router_state::accept(ask_tenant& ask) {
  if (auto wrong = id_mistake(ask.id); !wrong.empty())
    return caf::make_error(errc::bad_argument, wrong);
  auto to = self->make_response_promise<command_answer>();
  key which{ask.command.tenant.value, ask.id};
  if (auto known = numbers.find(which); known != numbers.end()) {
    open[known->second].askers.push_back(to);
    return to;
  }
  const auto number = ++last;
  numbers[which] = number;
  const auto shard = shard_of(ask.command.tenant, parts.shard_count);
  open[number] = {std::move(ask), now() + parts.bounds.patience, {to}};
  if (room.holds(shard))
    wait(number, "others of its shard wait before it");
  else
    send_off(number);
  return to;
}

void tenant_router_state::send_off(uint64_t number) {
  const auto& ask = open[number].ask;
  auto way = way_of(shard_of(ask.command.tenant, parts.shard_count), table.get(), view.get(), parts.self);
  switch (way.where) {
    case command_way::here:
      return carry_out(ask, [this, number](caf::expected<command_answer> what) { judge(number, parts.name, std::move(what)); });
    case command_way::peer: return send_to_peer(number, way);
    case command_way::nowhere: return wait(number, way.why);
  }
}

void tenant_router_state::send_to_peer(uint64_t number, const command_way& way) {
  if (!parts.links)
    return wait(number, "it is on node " + way.node + ", to which this node has no link (cluster.listen)");
  auto bytes = encode({0, false, {}, open[number].ask});
  if (!bytes)
    return answer(number, said(command_outcome::refused, message_of(bytes.error())));
  self->request(parts.links, caf::infinite, ask_peer{way.owner, std::move(*bytes)})
    .then(
      [this, number, node = way.node](const peer_message& bytes) {
        auto envelope = decode(bytes);
        if (!envelope)
          return judge(number, node, caf::make_error(errc::unknown_outcome, message_of(envelope.error())));
        if (envelope->failed)
          return judge(number, node, std::move(envelope->failed));
        if (auto* what = std::get_if<command_answer>(&envelope->content))
          return judge(number, node, std::move(*what));
        judge(number, node, caf::make_error(errc::unknown_outcome, node + " answered with something else"));
      },
      [this, number, node = way.node](caf::error& why) {
        // Not one of ours: the links ended, and nobody knows what was sent.
        judge(number, node, is_ours(why) ? std::move(why) : caf::make_error(errc::unknown_outcome, "this node's links ended"));
      });
}

void tenant_router_state::judge(uint64_t number, const std::string& node, caf::expected<command_answer> what) {
  if (what)
    return answer(number, std::move(*what));
  const auto& why = what.error();
  // These two promise that nothing was carried out.
  if (why == errc::not_owner || why == errc::unreachable)
    return wait(number, message_of(why));
  if (is_refusal(why))
    return answer(number, {command_outcome::refused, message_of(why), node});
  answer(number, {command_outcome::unknown, message_of(why), node});
}

void tenant_router_state::wait(uint64_t number, const std::string& why) {
  auto i = open.find(number);
  if (i == open.end())
    return;
  auto& entry = i->second;
  entry.why = why;
  if (entry.until <= now())
    return answer(number, said(command_outcome::refused, "its tenant could not be reached in time: " + why));
  if (!room.add(shard_of(entry.ask.command.tenant, parts.shard_count), number, bytes_of(entry.ask), entry.until, is_repeatable(entry.ask.command)))
    return answer(number, said(command_outcome::refused, "too many commands wait on this node (" + std::to_string(room.count()) + "): " + why));
  if (!is_armed) {
    is_armed = true;
    self->send(parts.timers, arm_timer{tick, ++token});
  }
}

void tenant_router_state::retry_waiting() {
  for (auto number : room.take_all())
    send_off(number);
}

void tenant_router_state::answer(uint64_t number, command_answer what) {
  auto i = open.find(number);
  if (i == open.end())
    return;
  auto ended = std::move(i->second);
  open.erase(i);
  numbers.erase({ended.ask.command.tenant.value, ended.ask.id});
  for (auto& to : ended.askers)
    to.deliver(what);
}

void tenant_router_state::look() {
  is_armed = false;
  for (auto number : room.take_expired(now()))
    if (auto i = open.find(number); i != open.end())
      answer(number, said(command_outcome::refused, "its tenant could not be reached within "
                                                      + std::to_string(parts.bounds.patience.count()) + " ms: " + i->second.why));
  for (const auto& [which, what] : std::map<key, settle_command>{unsettled})
    write_down(what);
  retry_waiting();
  if (!is_armed && (room.count() > 0 || !unsettled.empty())) {
    is_armed = true;
    self->send(parts.timers, arm_timer{tick, ++token});
  }
}

// -- what is carried out here ---------------------------------------------------------------------------------------------

void tenant_router_state::carry_out(ask_tenant ask, std::function<void(caf::expected<command_answer>)> done) {
  key which{ask.command.tenant.value, ask.id};
  if (auto known = unsettled.find(which); known != unsettled.end())
    return done(said(known->second.outcome, known->second.reason));
  auto& entry = work[which];
  entry.done.push_back(std::move(done));
  if (entry.done.size() > 1)
    return; // joined
  entry.command = std::move(ask.command);
  if (is_repeatable(entry.command))
    return deliver_unwritten(which);
  self->request(parts.keeper, caf::infinite, take_command{ask.id, entry.command.tenant})
    .then([this, which](const command_standing& standing) { taken(which, standing); },
          [this, which](caf::error& why) {
            // Without an answer it may stand as taken: asked again it is then settled as nobody's.
            const bool is_safe = why == errc::not_owner || is_refusal(why);
            finish(which, is_safe ? std::move(why) : caf::make_error(errc::unknown_outcome, message_of(why)));
          });
}

void tenant_router_state::taken(const key& which, const command_standing& standing) {
  if (standing.is_new)
    return deliver(which);
  if (standing.is_settled)
    return finish(which, said(standing.outcome, standing.reason));
  // Under way it would be among `work`, and this actor would not have asked: whoever took it, in an earlier epoch of the shard
  // or an earlier life of this actor, does not come back to it.
  settle(which, command_outcome::refused, died_over_it);
}

void tenant_router_state::deliver(const key& which) {
  self->request(parts.region, caf::infinite, deliver_command{work[which].command})
    .then([this, which] { settle(which, command_outcome::done, ""); },
          [this, which](caf::error& why) {
            if (!is_ours(why) || why == errc::unknown_outcome)
              return finish(which, caf::make_error(errc::unknown_outcome, "the tenant's supervisor ended in the middle of it"));
            if (why != errc::not_owner)
              return settle(which, command_outcome::refused, message_of(why));
            // The tenant is leaving: its next owner may take the same id. Only when that is written may it be asked there.
            settle_command back{which.second, tenant_id{which.first}, {}, {}, true};
            self->request(parts.keeper, caf::infinite, std::move(back))
              .then([this, which, why] { finish(which, why); },
                    [this, which](const caf::error& failed) {
                      finish(which, caf::make_error(errc::unknown_outcome,
                                                    "the tenant is leaving, and the store did not take the command back: " + message_of(failed)));
                    });
          });
}

void tenant_router_state::deliver_unwritten(const key& which) {
  self->request(parts.region, caf::infinite, deliver_command{work[which].command})
    .then([this, which] { finish(which, said(command_outcome::done, "")); },
          [this, which](caf::error& why) {
            if (!is_ours(why)) // the supervisor or the region ended
              why = caf::make_error(errc::unknown_outcome, "the tenant's supervisor ended in the middle of it");
            // Those two are waited for or told; everything else is an answer.
            if (why == errc::not_owner || why == errc::unknown_outcome)
              return finish(which, std::move(why));
            auto refused = said(command_outcome::refused, message_of(why));
            refused.code = static_cast<errc>(why.code());
            finish(which, std::move(refused));
          });
}

void tenant_router_state::settle(const key& which, command_outcome outcome, std::string reason) {
  settle_command what{which.second, tenant_id{which.first}, outcome, reason};
  self->request(parts.keeper, caf::infinite, what)
    .then([this, which, what] { finish(which, said(what.outcome, what.reason)); },
          [this, which, what](const caf::error&) {
            // What became of it is known here, so it is told, and written down later; without room, asking again says "refused".
            if (unsettled.size() < max_unsettled)
              unsettled[which] = what;
            finish(which, said(what.outcome, what.reason));
            if (!is_armed) {
              is_armed = true;
              self->send(parts.timers, arm_timer{tick, ++token});
            }
          });
}

void tenant_router_state::write_down(settle_command what) {
  key which{what.tenant.value, what.id};
  self->request(parts.keeper, caf::infinite, std::move(what))
    .then([this, which] { unsettled.erase(which); },
          [this, which](const caf::error& why) {
            if (why != errc::store_unavailable) // its shard is another's and so is the ledger's row, or it stands there otherwise
              unsettled.erase(which);
          });
}

void tenant_router_state::finish(const key& which, caf::expected<command_answer> what) {
  auto i = work.find(which);
  if (i == work.end())
    return;
  auto ended = std::move(i->second);
  work.erase(i);
  for (auto& done : ended.done)
    done(what);
}

} // namespace lode
