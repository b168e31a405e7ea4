#pragma once

#include <string>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/node.hpp"

namespace lode {

/// Sends `$parameters` down a component's tree: the nearer definition wins, a component's own truthy
/// field wins over a parameter of that name, a parameter does not enter the field of its own name,
/// JSON schemas stay as they are. Components without `type` get the one that their place implies.
/// `place` is "ParentType.field". Each component of the result holds what reached it as `$parameters`.
manifest_node_pointer propagate_parameters(const manifest_node_pointer& component, const std::string& place,
                                           const std::string& file, std::vector<diagnostic>& notes);

} // namespace lode
