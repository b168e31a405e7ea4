#include "runtime/console/lookup.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "messages/type_ids.hpp"

namespace lode {

bool has_code(const caf::error& error, errc code) {
  return error.category() == caf::type_id_v<errc> && static_cast<errc>(error.code()) == code;
}

caf::error check_name(const std::string& what, const std::string& name) {
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > 200 || name.front() == ' ' || name.back() == ' ' || std::ranges::any_of(name, is_control))
    return caf::make_error(errc::bad_argument,
                           what + ": expected a name of 1 to 200 bytes without control characters or spaces at its ends");
  return {};
}

caf::expected<connection_row> find_connection(catalog_store& catalog, const tenant_row& tenant, const std::string& name) {
  auto row = catalog.find_connection(tenant.id, name);
  if (!row && has_code(row.error(), errc::not_found))
    return caf::make_error(errc::not_found, "tenant " + tenant.name + " has no connection " + name);
  return row;
}

caf::expected<tenant_row> routed_tenant(const api_request& request, api_context& context) {
  return context.stores.catalog->find_tenant(request.parameter("tenant"));
}

caf::expected<connection_row> routed_connection(const api_request& request, api_context& context) {
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  return find_connection(*context.stores.catalog, *tenant, request.parameter("connection"));
}

caf::expected<source_row> find_source(catalog_store& catalog, const std::string& name) {
  auto row = catalog.find_source(name);
  if (!row && has_code(row.error(), errc::not_found))
    return caf::make_error(errc::not_found, "there is no source " + name + "; put it first: lode source put FILE");
  return row;
}

std::string stream_name(const connection_row& connection, stream_id id) {
  for (const auto& stream : connection.streams)
    if (stream.id == id)
      return stream.name;
  return "#" + to_string(id);
}

std::string_view name_of(activity state) {
  constexpr std::array<std::string_view, 4> names{"active", "paused", "suspended", "deleting"};
  return names.at(static_cast<size_t>(state));
}
std::string_view name_of(run_kind kind) {
  constexpr std::array<std::string_view, 5> names{"scheduled", "manual", "backfill", "repair", "full"};
  return names.at(static_cast<size_t>(kind));
}
std::string_view name_of(run_phase phase) {
  constexpr std::array<std::string_view, 4> names{"open", "finished", "incomplete", "cancelled"};
  return names.at(static_cast<size_t>(phase));
}
std::string_view name_of(change_kind kind) {
  constexpr std::array<std::string_view, 5> names{"inserted", "updated", "deleted", "reordered", "reformed"};
  return names.at(static_cast<size_t>(kind));
}
std::string_view name_of(request_answer answer) {
  constexpr std::array<std::string_view, 3> names{"requested", "already_requested", "already_open"};
  return names.at(static_cast<size_t>(answer));
}

std::string hex_of(const content_hash& hash) {
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

bool is_silent(const node_row& node, const peers_surveyed& found) {
  if (std::ranges::find(found.silent, node.self) != found.silent.end())
    return true;
  auto link = std::ranges::find(found.links, node.self, &peer_link::peer);
  return node.state != node_state::joining && link != found.links.end() && link->phase != link_phase::up && link->phase != link_phase::no_address;
}

api_response json_response(const boost::json::value& value, int status) {
  api_response out;
  out.status = status;
  out.body = boost::json::serialize(value) + "\n";
  return out;
}

} // namespace lode
