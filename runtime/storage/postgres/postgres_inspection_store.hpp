#pragma once

#include <memory>

#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

std::unique_ptr<inspection_store> make_postgres_inspection_store(const postgres_settings& settings, const std::string& role = "inspection");

} // namespace lode
