#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>

#include "runtime/expression/context.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// True when records of this stream are filtered or changed; those of others are kept as the API sent them.
bool changes_records(const stream_plan& stream);

/// Filters and transforms one record. `names` holds config and stream_slice; `record` is set in it. Nothing when the
/// record is filtered out; else its new JSON text. Fails with errc::bad_source.
caf::expected<std::optional<std::string>> transform_record(const stream_plan& stream, json_node record,
                                                           expression::context& names);

} // namespace lode
