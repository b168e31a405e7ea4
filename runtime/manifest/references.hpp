#pragma once

#include <string>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/node.hpp"

namespace lode {

/// Replaces texts that start with `#/` by their target and merges the target of `$ref` under its
/// siblings (siblings win, one level deep). A path is tried whole as a key at each level, then by its
/// first segment; integers index lists. Missing targets and cycles become errors in `notes`.
manifest_node_pointer resolve_references(const manifest_node_pointer& root, const std::string& file,
                                         std::vector<diagnostic>& notes);

} // namespace lode
