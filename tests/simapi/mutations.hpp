#pragma once

#include "tests/simapi/simulation.hpp"

#include <boost/json/object.hpp>
#include <string>

namespace simapi {

/// POST /control/mutate: random changes by count, or single steps. Throws command_error.
std::string mutate(simulation& sim, const boost::json::object& body, int64_t now);

} // namespace simapi
