#pragma once

#include "runtime/http/http_client.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace lode {

/// Undoes Content-Encoding: gzip (also of several members), deflate (with and without zlib's head), identity.
/// `encodings` is the header's value: a list, applied left to right by the server. Stops at `limit` decoded bytes with
/// `too_large`; data that ends early is `truncated`, anything else that does not decode is `malformed`. `host` is for
/// the message.
std::variant<std::string, http_error> decode_content(std::string_view encodings, std::string body, std::size_t limit,
                                                     std::string_view host);

} // namespace lode
