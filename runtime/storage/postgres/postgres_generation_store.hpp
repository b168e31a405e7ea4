#pragma once

#include <memory>

#include "runtime/storage/generation_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The generation_store on PostgreSQL. `role` names its session.
std::unique_ptr<generation_store> make_postgres_generation_store(const postgres_settings& settings,
                                                                 const std::string& role = "generation");

} // namespace lode
