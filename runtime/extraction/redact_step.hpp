#pragma once

#include "runtime/manifest/processor_step.hpp"

namespace lode {

/// `redact: {remove: [...], mask: [...], hash: [...]}`: fields, or lists of names (paths, globs allowed), that are left
/// out, become "***", or become the hash of their value with the store's seed, so that equal values stay equal.
processor_step_pointer make_redact_step(const step_request& request);

} // namespace lode
