#include "runtime/manifest/made_by_name.hpp"

namespace lode {

std::string only_key(const manifest_node& node) {
  const manifest_node::entry* only = nullptr;
  for (auto& each : node.entries) {
    if (each.first == "$parameters")
      continue;
    if (only != nullptr)
      return {};
    only = &each;
  }
  return only != nullptr && only->second->is == manifest_node::shape::map ? only->first : std::string{};
}

} // namespace lode
