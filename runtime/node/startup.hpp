#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/redis/redis_connection.hpp"
#include "runtime/security/sealer.hpp"
#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/postgres/store_identity.hpp"
#include "runtime/websocket/websocket_client.hpp"

/// The steps of a node's start. Each fails with a message that names the setting and what to do.
namespace lode {

incarnation random_incarnation();
postgres_settings postgres_of(const settings& config, incarnation self);
caf::expected<sealer> open_sealer(const security_settings& security);
caf::expected<std::unique_ptr<http_client>> open_http_client(const http_settings& http);
/// The same network for live capture; `held`: bytes of messages that are not committed yet.
caf::expected<std::unique_ptr<websocket_client>> open_websocket_client(const http_settings& http, byte_count held);
/// Nothing where no Redis is configured; an address that cannot be is an error, a Redis that does not answer is none.
caf::expected<std::optional<redis_settings>> redis_of(const cache_settings& cache);
/// The store as the node begins with it.
struct opened_store {
  int64_t generation = 0;
  int64_t positions = 0; ///< of the feed that it has given out, as it shows or Redis remembers
};

/// Brings the schema up to date. Waits as long as the database does not answer; `is_told` waits
/// that long and says whether the node is to stop (then errc::store_unavailable). errc::conflict: the database is
/// newer than this program, or it lacks what it had said was committed; then no node mines it before `lode restored` was run.
/// errc::bad_argument: store.dsn cannot be read, or the store is another cluster's or sealed with another key than `own`.
caf::expected<opened_store> open_store(const postgres_settings& postgres, const store_identity& own,
                                       const std::optional<redis_settings>& redis,
                                       const std::function<bool(std::chrono::milliseconds)>& is_told);

} // namespace lode
