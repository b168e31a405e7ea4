#pragma once

#include "tests/simapi/commands.hpp"

#include <boost/json/object.hpp>

namespace simapi {

std::string add_fault(simulation& sim, const boost::json::object& body, int64_t real);
std::string clear_faults(simulation& sim, const boost::json::object& body, int64_t real);

} // namespace simapi
