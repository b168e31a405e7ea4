#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace simapi {

enum class dialect : uint8_t { graph, crm, shop, graphql };
inline constexpr dialect all_dialects[] = {dialect::graph, dialect::crm, dialect::shop, dialect::graphql};
enum class stream_kind : uint8_t { posts, comments, contacts, orders, products, customers };

std::string_view name_of(dialect value);
std::string_view name_of(stream_kind value);

/// The streams of a dialect, in the order in which a tenant holds them.
const std::vector<stream_kind>& streams_of(dialect value);

/// What an API allows one tenant. 0 = no limit unless a comment says otherwise.
struct limits {
  uint32_t graph_calls_per_hour = 0;
  uint32_t graphql_calls_per_hour = 0;
  uint32_t crm_daily_quota = 0;
  uint32_t crm_result_window = 10'000;    // results that one search gives at most
  uint32_t crm_token_lifetime_s = 1800;   // of access tokens, on the simulated clock
  bool crm_rotate_refresh_tokens = false; // a refresh token can be used once
  uint32_t shop_bucket = 40;              // calls that the bucket holds
  uint32_t shop_leak_per_second = 0;      // 0 = the bucket is shown, not enforced
  uint32_t page_token_lifetime_s = 0;
};

/// How quickly and how badly every tenant is answered.
struct behaviour {
  uint32_t latency_ms = 0;
  uint32_t latency_jitter_ms = 0;
  double error_rate = 0; // 0..1
};

/// Everything the command line can say. Defaults are those of PROTOCOL.md.
struct settings {
  uint64_t seed = 1;
  uint32_t tenants = 3;
  std::vector<dialect> dialects{dialect::graph, dialect::crm, dialect::shop};
  uint16_t port = 0;
  uint16_t control_port = 0;
  std::string address = "127.0.0.1"; ///< of the data port
  uint32_t threads = 1;
  std::string ready_file;
  std::string state_file;
  std::string tls_certificate;
  std::string tls_key;
  bool gzip = false;
  std::map<std::string, uint32_t> records; // "posts" or "graph-000.posts" -> count
  uint32_t record_bytes = 520;
  int64_t start_ms = 1'704'067'200'000; // 2024-01-01
  int64_t end_ms = 1'735'689'600'000;   // 2025-01-01
  uint32_t request_log = 500'000;
  uint32_t page_cache_mb = 512;
  double bench_seconds = 0;
  limits allowed;
  behaviour manners;

  /// How many records a tenant's stream begins with (comments: per post, on average).
  uint32_t count_of(const std::string& tenant, stream_kind stream) const;

  /// What a state file must agree on: the settings that the initial world is made from.
  std::string world_fingerprint() const;
};

/// What --help prints: every option.
std::string help_text();

/// Reads the command line (without the program name). Throws std::invalid_argument with a message for a person.
settings parse_command_line(const std::vector<std::string>& arguments);

} // namespace simapi
