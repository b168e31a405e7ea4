#pragma once

#include "messages/storage.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// How the whole cluster keeps up with its work, as one look at the store shows it.
struct backlog {
  double lateness = 0; ///< seconds; 95 of 100 connections that are due are less late
  double queue = 0;    ///< continuations that are open
};

/// Asks with a session of its own. Used by one thread.
class backlog_query {
public:
  explicit backlog_query(const postgres_settings& settings) : link_(settings, "history") {}
  caf::expected<backlog> ask(instant now);

private:
  postgres_connection link_;
};

} // namespace lode
