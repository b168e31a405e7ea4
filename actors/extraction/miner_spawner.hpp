#pragma once

#include "actors/extraction/miner.hpp"

namespace lode {

/// The miner of one continuation. All kinds are the one actor: the plan holds how its stream's pages are asked for and taken apart
/// (page_protocol). Each runs under a name of its kind, by which CAF's metrics and people tell them apart: "lode.miner", or
/// "lode.miner.NAME" where `x-lode.miner` names another than default_miner.
miner_actor spawn_miner(caf::actor_system& system, miner_job job);

} // namespace lode
