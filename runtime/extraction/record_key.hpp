#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/storage.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// A key, or why the record has none that can be stored.
struct key_reading {
  std::string key;
  std::string problem; ///< empty: the key is good
};

/// One field: its decoded text (of a number or boolean the text that was received). Several: a JSON array of them in canonical form.
/// Missing, null, empty, longer than max_key_bytes, not UTF-8, or with U+0000: a problem.
key_reading read_key(json_node record, const std::vector<field_path>& primary_key);

/// The value of an ordering field: a datetime by `format` in microseconds; without a format an integer as it is, a decimal
/// cut to an integer, text as an ISO datetime. 0 when missing or null. Fails with what was found.
expression::result<int64_t> read_order(json_node record, const field_path& field, const std::string& format);

/// The value of a cursor field by the first format that fits, or nothing.
std::optional<instant> read_cursor(json_node field, const incremental_plan& plan);

} // namespace lode
