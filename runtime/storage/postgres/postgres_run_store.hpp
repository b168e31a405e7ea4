#pragma once

#include <memory>

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// The run_store of this life of a node (`settings.self`) on PostgreSQL. `role` names its session.
std::unique_ptr<run_store> make_postgres_run_store(const postgres_settings& settings, const std::string& role = "runs");

} // namespace lode
