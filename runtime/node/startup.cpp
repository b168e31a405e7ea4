#include "runtime/node/startup.hpp"

#include <algorithm>
#include <chrono>
#include <random>

#include "messages/actors.hpp"
#include "messages/fault_point.hpp"
#include "runtime/node/known_store.hpp"
#include "runtime/redis/shared_positions.hpp"
#include "runtime/storage/postgres/migrate.hpp"
#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/postgres/store_identity.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

http_client_settings client_settings_of(const http_settings& http) {
  http_client_settings settings;
  settings.connect_timeout = http.connect_timeout;
  settings.first_byte_timeout = http.first_byte_timeout;
  settings.total_timeout = http.total_timeout;
  settings.idle_timeout = http.idle_timeout;
  settings.max_connections_per_host = http.connections_per_host;
  settings.max_connections = http.connections;
  settings.max_response_bytes = http.max_response_bytes.value;
  settings.threads = http.threads;
  settings.user_agent = http.user_agent;
  settings.ca_file = http.ca_file;
  settings.extra_ca_file = http.extra_ca_file;
  settings.http_proxy = http.http_proxy;
  settings.https_proxy = http.https_proxy;
  settings.no_proxy = http.no_proxy;
  settings.resolve = http.resolve;
  return settings;
}

} // namespace

incarnation random_incarnation() {
  std::random_device device;
  auto high = static_cast<uint64_t>(device()) << 32;
  // Positive and never 0: the database shows it as a bigint, and 0 names nothing.
  return incarnation{static_cast<int64_t>((high | device()) >> 1) | 1};
}

postgres_settings postgres_of(const settings& config, incarnation self) {
  postgres_settings result;
  result.dsn = config.store.dsn;
  result.self = self;
  result.node = config.node.name;
  result.statement_timeout = config.store.statement_timeout;
  result.lock_timeout = config.store.lock_timeout;
  if (LODE_FAULT("store.waits_long")) // a commit that a test holds stays in work
    result.statement_timeout = result.lock_timeout = std::chrono::seconds{50};
  return result;
}

caf::expected<sealer> open_sealer(const security_settings& security) {
  if (!security.key.empty())
    return sealer::from_hexadecimal(security.key);
  if (!security.key_file.empty())
    return sealer::from_file(security.key_file);
  return caf::make_error(errc::bad_argument, "security.key_file is not set: secrets and page tokens are sealed with a key. "
                                             "Make one with `lode doctor --make-key lode.key` and name it there");
}

caf::expected<std::unique_ptr<http_client>> open_http_client(const http_settings& http) {
  auto made = make_beast_http_client(client_settings_of(http));
  if (auto* error = std::get_if<http_error>(&made))
    return caf::make_error(errc::bad_argument, "http: " + error->message);
  return std::get<std::unique_ptr<http_client>>(std::move(made));
}

caf::expected<std::unique_ptr<websocket_client>> open_websocket_client(const http_settings& http, byte_count held) {
  websocket_client_settings settings;
  settings.network = client_settings_of(http);
  settings.threads = http.threads;
  settings.max_held_bytes = held.value;
  auto made = make_websocket_client(settings);
  if (auto* error = std::get_if<http_error>(&made))
    return caf::make_error(errc::bad_argument, "http: " + error->message);
  return std::get<std::unique_ptr<websocket_client>>(std::move(made));
}

caf::expected<std::optional<redis_settings>> redis_of(const cache_settings& cache) {
  if (cache.redis_url.empty())
    return std::optional<redis_settings>{};
  auto address = parse_redis_url(cache.redis_url);
  if (auto wrong = std::get_if<std::string>(&address))
    return caf::make_error(errc::bad_argument, "cache.redis_url: " + *wrong);
  redis_settings result;
  result.address = std::get<redis_address>(std::move(address));
  result.timeout = cache.redis_timeout;
  result.ca_file = cache.redis_ca_file;
  return std::optional{std::move(result)};
}

namespace {

/// The store, if it lacks nothing of what Redis remembers.
caf::expected<opened_store> trusted_store(const postgres_settings& postgres, const std::optional<redis_settings>& redis) {
    auto store = make_postgres_generation_store(postgres, "start");
  auto seen = store->look();
  if (!seen)
    return seen.error();
  opened_store out{seen->generation, 0};
  // Redis first: what the store shows afterwards is what Redis was told, or more.
  if (redis)
    out.positions = shared_positions{*redis, out.generation}.read().value_or(0);
  seen = store->look();
  if (!seen)
    return seen.error();
  known_store known{out.generation, out.positions};
  if (known.judge(*seen).what == store_finding::went_back) { // unless this session had landed on a server that is behind
    store = make_postgres_generation_store(postgres, "start");
    seen = store->look();
    if (!seen)
      return seen.error();
  }
  if (auto found = known.judge(*seen); found.what == store_finding::went_back) {
    if (auto error = store->doubt(out.generation, found.why))
      return error;
    return doubted_store(found.why);
  }
  out.positions = std::max(out.positions, seen->positions);
  return out;
}

caf::expected<opened_store> try_open(const postgres_settings& postgres, const store_identity& own,
                                     const std::optional<redis_settings>& redis) {
  // Another cluster's store is not migrated by mistake; one that is too old to have names, or empty, has nobody to ask.
  if (auto wrong = settle_identity(postgres, own); wrong == errc::bad_argument)
    return wrong;
  auto migrated = migrate(postgres);
  if (!migrated)
    return migrated.error();
  for (const auto& name : migrated->applied)
    log_info("applied migration " + name);
  if (auto wrong = settle_identity(postgres, own))
    return wrong;
  return trusted_store(postgres, redis);
}

} // namespace

caf::expected<opened_store> open_store(const postgres_settings& postgres, const store_identity& own,
                                       const std::optional<redis_settings>& redis,
                                       const std::function<bool(std::chrono::milliseconds)>& is_told) {
  for (int tries = 0;; ++tries) {
    auto opened = try_open(postgres, own, redis);
    if (opened || opened.error() != errc::store_unavailable)
      return opened;
    if (tries % 10 == 0)
      log_warning("waiting for PostgreSQL (store.dsn): " + message_of(opened.error()));
    if (is_told(std::chrono::milliseconds{500}))
      return opened;
  }
}

} // namespace lode
