#pragma once

#include <string>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/loader.hpp"

namespace lode {

/// What is legal but risky in `x-lode.live`; internal to this folder. `loaded` has a plan.
void lint_live(const std::string& file, const loaded_manifest& loaded, std::vector<diagnostic>& warnings);

} // namespace lode
