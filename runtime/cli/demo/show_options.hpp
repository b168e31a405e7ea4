#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

/// `lode demo`. It is a program around programs: what goes wrong ends the show with a message, from any depth, and every
/// child must be stopped on the way out. That is what exceptions are for, so here (and only here) they are used.
namespace lode::demo {

/// The show cannot go on; the message says what happened and what to do.
struct failure : std::runtime_error {
  using runtime_error::runtime_error;
};

/// SIGINT or SIGTERM came: stop the children, keep the show, exit 130.
struct interrupted : std::runtime_error {
  interrupted() : runtime_error("interrupted") {}
};

/// The nodes of the show.
inline constexpr std::array node_names{"n1", "n2", "n3"};

struct show_options {
  std::string folder;     ///< data of the show; "" = in the user's cache folder
  std::string report_file; ///< where the report goes; "" = nowhere
  bool is_fresh = false;  ///< an unfinished show is discarded
  bool stays = false;     ///< keep it up at the end
  uint32_t tenants = 0;   ///< 0 = 500, or those of the unfinished show
  uint64_t seed = 0;      ///< 0 = a random one, or that of the unfinished show
  uint32_t percent = 0;   ///< size of a tenant's data; 0 = 100, or that of the unfinished show
};

} // namespace lode::demo
