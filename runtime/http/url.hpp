#pragma once

#include "runtime/http/http_client.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lode {

/// An absolute http or https URL, ready to be asked for.
struct http_url {
  std::string scheme;     ///< "http" or "https"
  std::string host;       ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 0; ///< as given, or the scheme's own
  std::string target;     ///< path and query, encoded, begins with '/'; no fragment
};

/// Takes what people and APIs write: raw spaces and non-ASCII letters in path and query are encoded, a lone '%'
/// becomes "%25", a fragment is dropped. Refuses other schemes, user info, and hosts or ports that cannot be.
std::variant<http_url, http_error> parse_http_url(std::string_view text);

std::string to_string(const http_url& url);

/// "host:port" as messages name it; IPv6 addresses in brackets.
std::string authority_of(const http_url& url);

/// Same scheme, host and port.
bool same_origin(const http_url& left, const http_url& right);

/// Percent-encodes all but letters, digits, "_.-~" and `safe`, byte by byte (Python's urllib.parse.quote).
std::string quote(std::string_view text, std::string_view safe = "/");

/// As in form bodies and query values of Python's requests: quote with nothing safe, a space becomes '+'.
std::string quote_plus(std::string_view text);

/// Decodes percent escapes; what is no escape stays as it is.
std::string unquote(std::string_view text);
/// The same with '+' as a space first.
std::string unquote_plus(std::string_view text);

using query_parameter = std::pair<std::string, std::string>;

/// "a=1&b=x+y" of decoded names and values, in order (Python's urlencode; also a form body).
std::string encode_query(std::span<const query_parameter> parameters);

/// `url` with the parameters behind those that it has, in front of its fragment.
std::string append_query(std::string_view url, std::span<const query_parameter> parameters);

/// The decoded parameters of the query of `url`, in order; a name without '=' has an empty value.
std::vector<query_parameter> query_parameters(std::string_view url);

/// What `reference` means on the page `base` (RFC 3986, section 5.2).
std::string resolve_reference(std::string_view base, std::string_view reference);

} // namespace lode
