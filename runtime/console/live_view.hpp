#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <caf/expected.hpp>

#include "messages/gaps.hpp"
#include "runtime/console/router.hpp"
#include "runtime/storage/admin_store.hpp"

/// Live capture as answers show it.
namespace lode {

/// `connection` knows the names of its streams.
boost::json::object shown_gap(const gap_row& gap, const connection_row& connection);
/// Beside it stand the names of tenant and connection.
boost::json::object shown_gap(const open_gap& gap);
boost::json::object shown_recheck(const recheck_row& row, const connection_row& connection);
boost::json::object shown_live(const live_counts& counts);

/// Whether and since when the connection is heard, with how much is in doubt; null where it never was.
caf::expected<boost::json::value> shown_listening(const connection_row& connection, api_context& context);

} // namespace lode
