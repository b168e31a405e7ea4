#pragma once

#include <memory>

#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The catalog_store on PostgreSQL. `role` names its session.
std::unique_ptr<catalog_store> make_postgres_catalog_store(const postgres_settings& settings,
                                                           const std::string& role = "catalog");

} // namespace lode
