#pragma once

#include <string>

#include "actors/streaming/sink_registry.hpp"
#include "examples/jsonl/change_files.hpp"

namespace lode::examples {

/// Reads the settings of a sink of kind "jsonl".
sink_spawner make_jsonl_sink(const sink_request& request);

/// One line per change.
std::string lines_of(const deliver_changes& batch);

/// Appends changes to files of the node that delivers; answers when a batch is on the disk. Blocks: spawned detached. A batch that could
/// not be written whole leaves nothing. Whatever the reason of its end, what it wrote is finished then, or when it is next started.
struct jsonl_sink_state {
  static constexpr const char* name = "lode.sink.jsonl";

  jsonl_sink_state(sink_actor::pointer self, const jsonl_settings& settings, const std::string& who);
  sink_actor::behavior_type make_behavior();
  void rotate_in_time();

  sink_actor::pointer self;
  std::chrono::milliseconds rotate_every;
  change_files files;
};
using jsonl_sink = sink_actor::stateful_impl<jsonl_sink_state>;

} // namespace lode::examples
