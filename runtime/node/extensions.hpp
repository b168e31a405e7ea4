#pragma once

#include "actors/scheduling/schedule_registry.hpp"
#include "actors/streaming/listener_registry.hpp"
#include "actors/streaming/sink_registry.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/extraction/processor_steps.hpp"

namespace lode {

/// Everything that a node makes by name: what Lode brings and what a program of one's own adds before it runs. Only read
/// afterwards.
struct extensions {
  miner_registry miners;       ///< `x-lode.miner` of a stream
  step_registry steps;         ///< `x-lode.steps` of a stream
  listener_registry listeners; ///< `x-lode.live.listener` of a stream
  sink_registry sinks;         ///< the first key of a sink's file
  schedule_registry schedules; ///< the first key of a connection's schedule
};

/// What Lode brings; the one place that registers it.
extensions builtin_extensions();

} // namespace lode
