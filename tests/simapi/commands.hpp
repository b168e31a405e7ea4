#pragma once

#include "tests/simapi/simulation.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace simapi {

/// A control command that cannot be carried out; `what()` is for a person.
struct command_error : std::runtime_error {
  command_error(uint16_t status, const std::string& message) : std::runtime_error(message), status(status) {}

  uint16_t status;
};

/// Carries out a control command that changes something and answers its body; the same code serves the control port and the replay of
/// the journal. `real` is the machine's time at which the command was given. Throws command_error.
std::string apply_command(simulation& sim, std::string_view path, const std::string& body, int64_t real);

/// The tenant of this name. Throws command_error.
tenant_state& need_tenant(simulation& sim, const std::string& name);

/// The line of GET /control/tenants, without the newline.
std::string tenant_line(const simulation& sim, const tenant_state& of);

} // namespace simapi
