#pragma once

#include "tests/simapi/simulation.hpp"

#include <functional>
#include <string>

namespace simapi {

/// An answer of the control port: a body, then further pieces as long as `more` appends some and answers true.
struct control_reply {
  uint16_t status = 200;
  std::string content_type = "application/json";
  std::string headers;
  std::string body;
  std::function<bool(std::string& piece)> more;
};

/// The tenant that the query names, or nullptr for all. Throws command_error.
tenant_state* tenant_of(simulation& sim, const parameters& query);

/// A number of the query. Throws command_error.
uint64_t number_of(const parameters& query, const char* name, uint64_t otherwise);

/// Answers one request of the control port. Takes the simulation's mutex itself, also in `more`.
control_reply answer_control(simulation& sim, bool post, const std::string& target, const std::string& body);

/// The truth of one tenant (nullptr = all) as a sequence of NDJSON pieces; lines last touched up to `since` are left out.
std::function<bool(std::string& piece)> truth_pieces(simulation& sim, const tenant* only, uint64_t since);

} // namespace simapi
