#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <caf/expected.hpp>

#include <string>

#include "messages/node_status.hpp"
#include "runtime/console/router.hpp"
#include "runtime/storage/run_store.hpp"

/// What several resources need.
namespace lode {

/// Whether `error` is that one of ours.
bool has_code(const caf::error& error, errc code);

/// 1 to 200 printable characters without spaces at the ends; names stand in paths and logs.
caf::error check_name(const std::string& what, const std::string& name);

caf::expected<connection_row> find_connection(catalog_store& catalog, const tenant_row& tenant, const std::string& name);
/// The one that the route's {tenant} and {connection} name.
caf::expected<connection_row> routed_connection(const api_request& request, api_context& context);
caf::expected<tenant_row> routed_tenant(const api_request& request, api_context& context);
caf::expected<source_row> find_source(catalog_store& catalog, const std::string& name);
/// Name of a stream of `connection`, or its number when it is not chosen any more.
std::string stream_name(const connection_row& connection, stream_id id);

std::string_view name_of(activity state);
std::string_view name_of(run_kind kind);
std::string_view name_of(run_phase phase);
std::string_view name_of(change_kind kind);
std::string_view name_of(request_answer answer);
std::string hex_of(const content_hash& hash);

/// What a node says of itself, in an answer.
boost::json::object shown_status(const node_status& node);

/// A node with a part of the work that does not answer: it was asked in vain, or the link to it is down.
bool is_silent(const node_row& node, const peers_surveyed& found);

api_response json_response(const boost::json::value& value, int status = 200);

} // namespace lode
