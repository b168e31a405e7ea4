#pragma once

#include <memory>

#include "runtime/storage/page_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The page_store of writer `number` of this node on PostgreSQL. Connects at the first call; a second connection exists
/// only while an unknown outcome is settled.
std::unique_ptr<page_store> make_postgres_page_store(const postgres_settings& settings, int64_t number);

} // namespace lode
