#pragma once

#include <caf/expected.hpp>

#include <string>

#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// Whose a store is. Empty texts: nobody has begun with it yet.
struct store_identity {
  std::string cluster; ///< cluster.name of the nodes that work with it
  std::string key;     ///< sealer::key_name() of the key that seals what lies in it
};

/// Before a node works with the store, and after it has joined: the first one gives the store its names. The key's name stays for good;
/// the cluster's changes when no node lives that has joined: of another cluster's store this waits longer than a lease to see whether
/// any of them still counts. errc::bad_argument: it is another cluster's, or sealed with another key; the
/// message names both and says what to do. errc::store_unavailable: the database does not answer.
caf::error settle_identity(const postgres_settings& settings, const store_identity& own);

/// Whose it is; changes nothing. The schema must be this program's.
caf::expected<store_identity> read_identity(const postgres_settings& settings);

/// What is wrong with a key of this name for that store; "" when nothing is.
std::string wrong_key(const store_identity& store, const std::string& key);

} // namespace lode
