#pragma once

#include <string>

#include "runtime/cli/cli_context.hpp"

namespace lode {

/// Which suspended connections; "" = whatever it is.
struct resume_filter {
  std::string source; ///< name of their source
  std::string reason; ///< a part of why they were suspended
};

/// Resumes suspended connections of all tenants, not those that somebody paused, and tells how many. One that cannot be resumed is told of
/// and left; a node that does not answer any more ends it. To be repeated without harm.
int resume_all(cli_context& context, const resume_filter& which);

} // namespace lode
