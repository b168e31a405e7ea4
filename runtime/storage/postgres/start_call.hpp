#pragma once

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// The call that starts a run; it answers with its id and those of its continuations.
const statement& start_statement();

/// The parameters of that call, for a run that this life of a node starts.
parameters start_parameters(incarnation self, const run_start& wanted);

} // namespace lode
