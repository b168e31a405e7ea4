#pragma once

#include <string>
#include <vector>

#include "runtime/manifest/diagnostic.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// What is legal but risky in `x-lode.live`; internal to this folder.
void lint_live(const std::string& file, const source_plan& plan, std::vector<diagnostic>& warnings);

} // namespace lode
