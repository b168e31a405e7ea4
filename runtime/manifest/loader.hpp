#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/manifest_setup.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Where something stands in a manifest.
struct manifest_place {
  uint32_t line = 0; ///< 1-based
  std::string path;  ///< e.g. `#/streams/0`
};

/// What became of a manifest.
struct loaded_manifest {
  /// Null if there is any error. Streams that need what Lode lacks stand in its `unsupported`.
  source_plan_pointer plan;
  std::vector<diagnostic> notes; ///< all errors and warnings, not just the first, in the order of lines

  std::map<std::string, manifest_place> places; ///< of the streams in the list, by name

  bool has_errors() const;
};

/// Reads and compiles a manifest. An unreadable file is an error among the notes.
loaded_manifest load_manifest(const std::filesystem::path& file, const manifest_setup& setup = {});
/// The same for text; `file` names it in messages and its stem is the source's name.
loaded_manifest load_manifest_text(std::string_view text, const std::filesystem::path& file,
                                   const manifest_setup& setup = {});

} // namespace lode
