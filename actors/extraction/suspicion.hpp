#pragma once

#include <string>

#include "messages/runs.hpp"

namespace lode {

struct connection_context; // actors/extraction/connection_context.hpp

/// What the deaths of the process say about an open continuation.
enum class standing : uint8_t {
  trusted,
  suspect,   ///< open through three deaths without a page between: its page goes through the quarantine
  condemned, ///< in two deaths its page was in work with nothing beside it: a person has to look
};

/// Decides from the durable counters alone; deaths that found other pages in work make suspects, never culprits.
standing standing_of(const continuation_row& row);

inline bool is_suspect(const continuation_row& row) {
  return standing_of(row) != standing::trusted;
}

/// The reason with which the connection of a condemned continuation is suspended: what died, where, and what to do.
std::string reason_for_suspension(const connection_context& connection, size_t stream, const continuation_row& row);

} // namespace lode
