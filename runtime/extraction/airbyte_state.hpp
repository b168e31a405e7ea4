#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/value.hpp"
#include "runtime/extraction/imported_cursor.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// The connection that a state is meant for.
struct state_target {
  const source_plan& source;
  const expression::value& config;  ///< with the secrets laid over it, as runs read it
  std::vector<std::string> streams; ///< the chosen ones
  instant now{};                    ///< for templates
};

/// The cursors that an Airbyte STATE (read_airbyte_messages) stands for, so that a connection goes on where Airbyte was.
/// Datetimes are read with the stream's declared formats. A state over all partitions becomes one per value of the
/// list routers; states of full refreshes and empty ones say nothing. All or nothing: errc::bad_argument names every
/// entry that cannot be taken over, what was found and what was expected.
caf::expected<std::vector<imported_cursor>> read_airbyte_state(std::string_view text, const state_target& target);

} // namespace lode
