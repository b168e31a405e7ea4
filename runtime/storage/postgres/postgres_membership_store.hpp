#pragma once

#include <memory>
#include <string>

#include "runtime/storage/membership_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The membership_store on PostgreSQL. `settings.self` is the life that joins; `purpose` names its session.
std::unique_ptr<membership_store> make_postgres_membership_store(const postgres_settings& settings, const std::string& purpose);

} // namespace lode
