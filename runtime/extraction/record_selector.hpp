#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/lode_extension.hpp"

namespace lode {

/// The value at a path without wildcards (list elements by number), or nothing.
json_node value_at(json_node from, const field_path& path);

/// All values that a path with dpath globs (`*`, `?`, `[...]`, `**`) leads to.
void append_matches(std::vector<json_node>& out, json_node from, const field_path& path);

/// True when an element holds a glob.
bool has_glob(const field_path& path);

/// `pattern` with `*`, `?` and `[abc]`, as Python's fnmatch.
bool matches_glob(std::string_view pattern, std::string_view text);

/// The records of a body: an empty path is the body itself; a list yields its elements, one map itself, what is empty
/// nothing. A top-level list is a sequence of bodies. Fails with errc::bad_response when the body has another shape: a
/// scalar where records are expected, or no such path in a body that reports an error.
caf::expected<std::vector<json_node>> select_records(json_node body, const field_path& path);

} // namespace lode
