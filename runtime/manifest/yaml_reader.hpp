#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/node.hpp"

namespace lode {

/// Reads YAML 1.1 the way PyYAML's safe loader does: `on` and `yes` are booleans, unquoted dates are
/// dates, `010` is 8, `1:30` is 90, `<<` merges, of duplicate keys the last wins (with a warning).
/// Null after an error, which is then in `notes`.
manifest_node_pointer read_yaml(std::string_view text, const std::string& file, std::vector<diagnostic>& notes);

/// The YAML 1.1 meaning of an unquoted scalar.
expression::value resolve_plain_scalar(const std::string& text);

} // namespace lode
