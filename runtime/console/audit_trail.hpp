#pragma once

#include "runtime/console/router.hpp"

namespace lode {

/// Writes down what changes something, or was to: every request but those that only read. A store that is away is told to the log only,
/// as the request has been answered by then.
void note_in_trail(api_context& context, bool has_token, const api_request& request, const api_response& answer);

} // namespace lode
