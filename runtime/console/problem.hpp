#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace lode {

/// Media type of what `problem_of` makes (RFC 9457).
inline constexpr const char* problem_type = "application/problem+json";

/// What a code says, the same each time: "Not found" for "not_found".
std::string title_of(std::string_view code);

/// `{"type","title","status","detail","code"}` as RFC 9457 wants it; `type` is a pointer into the document that a node serves.
/// Secrets are taken out of `detail`. More members may be added.
boost::json::object problem_of(int status, std::string_view code, std::string_view detail);

} // namespace lode
