#include "runtime/extraction/processor_steps.hpp"

#include <exception>

#include "runtime/extraction/json_tree.hpp"
#include "runtime/extraction/redact_step.hpp"

namespace lode {

namespace {

/// Steps are users' code: what they throw costs the record, not the processor.
step_result apply_guarded(const named_step& each, json_tree& record, const step_inputs& inputs) {
  try {
    return each.step->apply(record, inputs);
  } catch (const std::exception& problem) {
    return {step_result::fate::bury, problem.what()};
  } catch (...) {
    return {step_result::fate::bury, "step " + each.name + " threw what is no std::exception"};
  }
}

} // namespace

step_registry builtin_steps() {
  return step_registry{"processor step", {{"redact", make_redact_step}}};
}

stepped_record run_steps(const std::vector<named_step>& steps, json_node record, const step_inputs& inputs) {
  auto tree = json_tree::from(record);
  step_result result;
  for (const auto& each : steps) {
    result = apply_guarded(each, tree, inputs);
    if (result.what == step_result::fate::keep)
      continue;
    result.reason = "step " + each.name + ": " + result.reason;
    break;
  }
  return {std::move(result), tree.to_json()};
}

} // namespace lode
