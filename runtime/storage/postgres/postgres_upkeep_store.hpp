#pragma once

#include <memory>

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/upkeep_store.hpp"

namespace lode {

/// The upkeep_store on PostgreSQL. `role` names its session.
std::unique_ptr<upkeep_store> make_postgres_upkeep_store(const postgres_settings& settings,
                                                         const std::string& role = "upkeep");

} // namespace lode
