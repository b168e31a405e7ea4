#pragma once

#include <boost/json/value.hpp>

#include <optional>

namespace lode {

/// What makes `before` into `after` as a JSON merge patch (RFC 7396): an empty object when they are equal. Arrays are replaced whole.
/// Nothing where no merge patch can say it: a member that becomes null (that would remove it), or a root that is no object.
std::optional<boost::json::value> merge_patch_between(const boost::json::value& before, const boost::json::value& after);

} // namespace lode
