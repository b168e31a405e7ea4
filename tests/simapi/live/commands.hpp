#pragma once

#include "tests/simapi/live/hooks.hpp"

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace simapi {

class simulation;

// The control commands of the live side; like all commands they throw command_error and are carried out again when a journal is replayed.

std::string set_live(simulation& sim, const boost::json::object& body, int64_t real);
std::string cut_connections(simulation& sim, const boost::json::object& body, int64_t real);
std::string add_hooks(simulation& sim, const boost::json::object& body, int64_t real);
std::string remove_hooks(simulation& sim, const boost::json::object& body, int64_t real);

/// The hooks that such a body orders, one per tenant; `challenge` says whether their URLs are to be asked first.
std::vector<hook> read_hooks(simulation& sim, const boost::json::object& body, bool& challenge);

} // namespace simapi
