#pragma once

#include <memory>

#include "runtime/storage/admin_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The admin_store on PostgreSQL. `role` names its session.
std::unique_ptr<admin_store> make_postgres_admin_store(const postgres_settings& settings, const std::string& role = "admin");

} // namespace lode
