#pragma once

#include <caf/error.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/node/extensions.hpp"

namespace lode {

/// What `lode new actor` was asked for.
struct actor_skeleton {
  std::string name;
  std::string kind;             ///< one of skeleton_kinds()
  std::filesystem::path folder; ///< that is made
};

const std::vector<std::string>& skeleton_kinds();

/// Why it can't be made under this name: errc::bad_argument, or errc::conflict when `known` has one of the kind by that name.
caf::error check(const actor_skeleton& asked, const extensions& known);

/// Writes the files and appends their names to `written`. Fails with errc::conflict when the folder exists, errc::bad_argument when it
/// can't be made or a file can't be written; what was written stays.
caf::error write(const actor_skeleton& asked, std::vector<std::string>& written);

/// Where the Lode is installed that this program belongs to, for CMAKE_PREFIX_PATH; empty when it runs from a build folder.
std::filesystem::path kit_of(const std::filesystem::path& program);

} // namespace lode
