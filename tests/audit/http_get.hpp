#pragma once

#include <string>
#include <string_view>

namespace audit {

/// The body of `GET target` from `http://HOST:PORT`. Throws could_not_audit, also for any status but 200.
std::string http_get(const std::string& base, const std::string& target);

/// The body of a whole HTTP/1.1 response, chunked or with a length. Throws could_not_audit when it is cut short.
std::string body_of(std::string_view response);

} // namespace audit
