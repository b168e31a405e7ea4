#pragma once

#include <string_view>
#include <vector>

#include "runtime/expression/value.hpp"
#include "runtime/http/http_client.hpp"

namespace lode {

/// `Link` headers (RFC 8288) as Python's requests gives them: a map from relation to {"url": .., "rel": .., ...}.
expression::value parse_links(const std::vector<http_header>& headers);

/// What templates see as `headers`: names as they were received, and `link` parsed.
expression::value headers_value(const std::vector<http_header>& headers);

} // namespace lode
