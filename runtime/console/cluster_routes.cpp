#include <boost/json.hpp>

#include <algorithm>
#include <map>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"

namespace lode {

namespace {

namespace json = boost::json;

const char* name_of(node_state state) {
  switch (state) {
    case node_state::joining: return "joining";
    case node_state::member: return "member";
    case node_state::draining: return "draining";
    case node_state::gone: break;
  }
  return "gone";
}

const char* name_of(link_phase phase) {
  switch (phase) {
    case link_phase::no_address: return "none";
    case link_phase::due:
    case link_phase::dialling: return "dialling";
    case link_phase::awaited: return "awaited";
    case link_phase::up: return "up";
    case link_phase::refused: break;
  }
  return "refused";
}

json::array shown(const std::vector<actor_figures>& actors) {
  json::array out;
  for (const auto& actor : actors)
    out.push_back({{"name", actor.name},
                   {"parent", actor.parent.empty() ? json::value(nullptr) : json::value(actor.parent)},
                   {"running", actor.running},
                   {"restarts", actor.restarts},
                   {"mailbox", actor.mailbox},
                   {"messages", actor.messages},
                   {"processing_seconds", actor.processing_seconds}});
  return out;
}

json::object shown_link(const peers_surveyed& found, incarnation peer) {
  for (const auto& link : found.links)
    if (link.peer == peer)
      return {{"state", name_of(link.phase)}, {"why_not", link.why.empty() ? json::value(nullptr) : json::value(link.why)}};
  return {{"state", "none"}, {"why_not", "this node has no links to others (cluster.listen), or has not seen this one yet"}};
}

json::object shown(const node_row& row, const peers_surveyed& found, const owned_share& share, const node_status& self,
                   const std::vector<actor_figures>& own_actors) {
  const bool is_this = row.self == self.self;
  json::object out{{"name", row.name},
                   {"state", name_of(row.state)},
                   {"weight", row.weight},
                   {"address", row.address.empty() ? json::value(nullptr) : json::value(row.address)},
                   {"beats", row.beat},
                   {"shards", share.shards},
                   {"tenants", share.tenants},
                   {"is_asked", is_this}};
  out["link"] = is_this ? json::object{{"state", "self"}, {"why_not", nullptr}} : shown_link(found, row.self);
  out["is_silent"] = is_silent(row, found);
  out["figures"] = nullptr;
  out["actors"] = json::array{};
  if (is_this) {
    out["figures"] = shown_status(self);
    out["actors"] = shown(own_actors);
  }
  for (const auto& report : found.reports)
    if (report.status.self == row.self) {
      out["figures"] = shown_status(report.status);
      out["actors"] = shown(report.actors);
    }
  return out;
}

caf::expected<membership_store*> membership_of(api_context& context) {
  if (auto* store = context.stores.membership.get())
    return store;
  return caf::make_error(errc::store_unavailable, "this node does not know the other nodes of its store");
}

/// As the store shows them; the links and what nodes answer as this node finds them.
caf::expected<api_response> cluster(const api_request&, api_context& context) {
  auto store = membership_of(context);
  if (!store)
    return store.error();
  auto view = (*store)->look();
  if (!view)
    return view.error();
  auto counted = context.stores.admin->count_shares();
  if (!counted)
    return counted.error();
  std::map<incarnation, owned_share> shares;
  int64_t shards = 0;
  for (const auto& share : *counted) {
    shares[share.owner] = share;
    shards += share.shards;
  }
  const auto self = context.services.node->status();
  const auto own_actors = context.services.node->actors();
  const auto found = context.services.node->survey(std::nullopt);
  json::array nodes;
  int64_t owned = 0;
  for (const auto& row : view->nodes) {
    nodes.push_back(shown(row, found, shares[row.self], self, own_actors));
    owned += shares[row.self].shards;
  }
  return json_response({{"view", view->number},
                        {"asked", self.name},
                        {"shards", shards},
                        {"shards_without_node", shards - owned},
                        {"nodes", std::move(nodes)}});
}

std::string names_of(const cluster_view& view) {
  std::string out;
  for (const auto& node : view.nodes)
    out += (out.empty() ? "" : ", ") + node.name;
  return out.empty() ? "none" : out;
}

/// Nobody would take what it gives away.
bool is_last_member(const cluster_view& view, const node_row& row) {
  return row.state == node_state::member && std::none_of(view.nodes.begin(), view.nodes.end(), [&](const auto& other) {
    return other.self != row.self && other.state == node_state::member;
  });
}

caf::expected<api_response> set_draining(const api_request& request, api_context& context, bool is_draining) {
  auto store = membership_of(context);
  if (!store)
    return store.error();
  auto view = (*store)->look();
  if (!view)
    return view.error();
  const auto& name = request.parameter("node");
  auto row = std::find_if(view->nodes.begin(), view->nodes.end(), [&](const auto& node) { return node.name == name; });
  if (row == view->nodes.end())
    return caf::make_error(errc::not_found, "there is no node " + name + "; there are " + names_of(*view));
  if (row->state == node_state::joining)
    return caf::make_error(errc::conflict, "node " + name + " is joining: it has no part of the work yet");
  if (is_draining && is_last_member(*view, *row))
    return caf::make_error(errc::conflict, "nobody could take the shards of node " + name
                                             + ": no other node is a member that does not drain. Start one, or let one take its part again: "
                                               "lode node undrain NAME");
  if (auto failed = (*store)->set_draining(row->self, is_draining))
    return failed;
  context.services.node->look_early();
  return json_response({{"node", name}, {"state", is_draining ? "draining" : "member"}});
}

caf::expected<api_response> drain(const api_request& request, api_context& context) {
  return set_draining(request, context, true);
}
caf::expected<api_response> undrain(const api_request& request, api_context& context) {
  return set_draining(request, context, false);
}

} // namespace

void add_cluster_routes(router& routes) {
  routes.add("GET", "/api/v1/cluster", cluster);
  routes.add("POST", "/api/v1/nodes/{node}/drain", drain);
  routes.add("POST", "/api/v1/nodes/{node}/undrain", undrain);
}

} // namespace lode
