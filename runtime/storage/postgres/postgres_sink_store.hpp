#pragma once

#include <memory>

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/sink_store.hpp"

namespace lode {

/// The sink_store of this life of a node (`settings.self`) on PostgreSQL. `role` names its session.
std::unique_ptr<sink_store> make_postgres_sink_store(const postgres_settings& settings,
                                                     const std::string& role = "sinks");

} // namespace lode
