#pragma once

#include "runtime/http/http_client.hpp"
#include "runtime/http/route.hpp"
#include "runtime/http/url.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lode {

/// What makes this request unfit to be sent, if anything: method or headers that would break out of their place.
std::optional<http_error> check_request(const http_request& request, const http_url& url);

/// Set by the client for each hop; a caller's could desynchronise a kept connection.
bool is_about_the_connection(std::string_view name);

/// "host" or "host:port" as the Host header has it.
std::string host_field(const http_url& url);

/// Request line and headers with the empty line, as HTTP/1.1 puts them. The request has passed check_request.
std::string write_head(const http_request& request, const http_url& url, const http_route& route,
                       const std::string& user_agent);

/// The request that opens a tunnel to the origin.
std::string write_connect(const http_url& url, const http_route& route);

/// Asking twice does no more than asking once (RFC 9110, section 9.2.2).
bool is_idempotent(const std::string& method);

} // namespace lode
