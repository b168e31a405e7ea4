#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "messages/type_ids.hpp"
#include "runtime/extraction/request_fields.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/http/url.hpp"

/// What requests of pages and of single records have in common. Failures are errc::bad_source.
namespace lode {

/// `path` below `base`, whether or not the one ends and the other begins with a slash; `path` may be a whole URL.
std::string join_url(std::string base, std::string path);

/// Appends a value under its key, a list as one entry per element; none is left out. `bag` names the kind in messages.
caf::error append_values(std::vector<query_parameter>& out, const std::string& key, const expression::value& item,
                         std::string_view bag);

/// `url` with the parameters that it does not have yet with the same value.
caf::expected<std::string> with_parameters(std::string url, const request_fields::entries& parameters);

/// The same for a request that was made, or the failure to make it: for miners, whose requests begin with build_request().
caf::expected<http_request> with_parameters(caf::expected<http_request> made, const request_fields::entries& parameters);

http_timeouts timeouts_of(const lode_extension& extension);

} // namespace lode
