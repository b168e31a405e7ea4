#pragma once

#include <string>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/processor_step.hpp"
#include "runtime/registry.hpp"

namespace lode {

/// `redact`: takes fields out of records, masks or hashes them. Add steps of your own with add().
step_registry builtin_steps();

struct stepped_record {
  step_result result;
  std::string text; ///< the record as the last step left it
};

/// The record (a JSON object) after all steps, or after the one that drops or buries it.
stepped_record run_steps(const std::vector<named_step>& steps, json_node record, const step_inputs& inputs);

} // namespace lode
