#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "runtime/console/console_services.hpp"
#include "runtime/manifest/manifest_setup.hpp"

namespace lode {

/// What the console tells of a manifest: loaded as the node would, not kept.
manifest_summary inspect_manifest(const std::string& name, const std::string& text, const manifest_setup& setup);

/// Inspects manifests and remembers the latest text of each name: an import asks for the same few sources line by line.
/// Used from several threads.
class manifest_memory {
public:
  explicit manifest_memory(manifest_setup setup) : setup_(std::move(setup)) {}

  manifest_summary inspect(const std::string& name, const std::string& text);

private:
  struct entry {
    std::string text;
    manifest_summary summary;
  };
  const manifest_setup setup_;
  std::mutex guard_;
  std::unordered_map<std::string, entry> known_;
};

} // namespace lode
