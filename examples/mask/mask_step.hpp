#pragma once

#include "runtime/manifest/processor_step.hpp"

namespace lode::examples {

/// The step `mask_matches`: takes e-mail addresses, card numbers and what else matches a pattern out of the texts of records. (The
/// step `redact` that Lode brings takes whole fields.)
///
///     steps:
///       - mask_matches:
///           find: [email, card_number]     # presets, and
///           patterns: ['\bAB-\d{6}\b']     # patterns of RE2 (https://github.com/google/re2/wiki/Syntax); one of both at least
///           fields: [notes, [calls, '*', subject]]   # only in these and below them; all texts if it is absent
///           replace: mask                  # "***"; or hash: equal texts stay equal
///
/// Fields of the primary key are left alone, and may not be named. Names of fields and numbers are not looked into.
processor_step_pointer make_mask_step(const step_request& request);

} // namespace lode::examples
