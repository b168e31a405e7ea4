#pragma once

#include <memory>

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/standing_store.hpp"

namespace lode {

/// The standing_store of this life of a node (`settings.self`) on PostgreSQL. `role` names its session.
std::unique_ptr<standing_store> make_postgres_standing_store(const postgres_settings& settings, const std::string& role = "standing");

} // namespace lode
