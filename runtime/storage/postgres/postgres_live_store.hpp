#pragma once

#include <memory>

#include "runtime/storage/live_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The live_store of this life of a node (`settings.self`) on PostgreSQL. `role` names its session.
std::unique_ptr<live_store> make_postgres_live_store(const postgres_settings& settings, const std::string& role = "live");

} // namespace lode
