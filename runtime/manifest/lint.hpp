#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/manifest_setup.hpp"

namespace lode {

/// What `lode source lint FILE` tells.
struct lint_report {
  std::vector<diagnostic> errors;      ///< the manifest can't be used
  std::vector<diagnostic> unsupported; ///< why single streams are left out
  std::vector<diagnostic> warnings;    ///< it runs, but people should know
  std::vector<std::string> supported_streams;
  std::vector<std::string> unsupported_streams;
};

/// Loads a manifest and looks for what is legal but risky: streams without a primary key, a cursor over
/// offset paging, windows without a start option, and so on.
lint_report lint(const std::filesystem::path& file, const manifest_setup& setup = {});
/// The same for text; `file` names it in messages.
lint_report lint_text(std::string_view text, const std::filesystem::path& file, const manifest_setup& setup = {});

} // namespace lode
