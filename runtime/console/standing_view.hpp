#pragma once

#include <boost/json/value.hpp>

#include "runtime/console/router.hpp"

/// Where connections stand, in answers.
namespace lode {

/// errc::store_unavailable: this node lists nothing over all tenants.
caf::expected<inspection_store*> inspection_of(api_context& context);

/// GET /tenants?view=standing: a row per connection.
caf::expected<api_response> list_standings(const api_request& request, api_context& context);

/// RFC 3339, or null.
boost::json::value time_or_null(const std::optional<instant>& time);
boost::json::string json_text(std::string_view text);

} // namespace lode
