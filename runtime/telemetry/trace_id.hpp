#pragma once

#include <cstdint>
#include <string>

#include "messages/ids.hpp"

namespace lode {

/// The trace id of a run: 32 hexadecimal digits, the size of W3C trace context. It follows from the store and the run alone,
/// so every node and every life of a node writes the same one, and no message and no row carries it.
/// `store_generation`: mined_reader::store_generation(); two stores number their runs alike.
std::string trace_id_of(int64_t store_generation, run_id run);

} // namespace lode
