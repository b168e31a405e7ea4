#pragma once

#include <vector>

#include "runtime/expression/value.hpp"
#include "runtime/storage/stream_view.hpp"

namespace lode {

/// The fields that a stream's JSON schema declares, in its order; none where there is no schema. Types that SQL has no one type
/// for are JSON.
std::vector<view_field> declared_fields(const expression::value& schema);

} // namespace lode
