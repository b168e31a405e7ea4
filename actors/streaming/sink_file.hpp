#pragma once

#include <string>
#include <vector>

#include "actors/streaming/sink_registry.hpp"
#include "runtime/manifest/diagnostic.hpp"

namespace lode {

/// A sink as people describe it: KIND with its settings, `streams`, `from`.
struct sink_file {
  std::string kind;
  std::vector<std::string> streams; ///< SOURCE/STREAM, where * is anything; empty: all
  bool from_now = false;
  sink_spawner spawn;            ///< empty where there is an error among the notes
  std::vector<diagnostic> notes; ///< all that is wrong, in the order of lines

  bool is_usable() const { return bool{spawn}; }
};

/// Reads the YAML of the sink `name`, with its kind's own checks, and makes nothing.
sink_file read_sink_file(const std::string& name, const std::string& text, const sink_registry& known);

} // namespace lode
