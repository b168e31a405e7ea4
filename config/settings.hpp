#pragma once

#include "config/settings_visitor.hpp"

/// Every setting of a node. The default stands at the member, bounds and meaning in the describe() right below it; file,
/// environment, command line, checks, the example file and --help-config all follow from these.
namespace lode {

using namespace std::chrono_literals;

struct node_settings {
  std::string name = "node1";
  uint32_t scheduler_threads = 0;
  uint32_t writers = 2;
  uint32_t processors = 0;
  milliseconds shutdown_timeout = 10s;
};
inline void describe(settings_visitor& v, node_settings& s) {
  v.section("node", "This process.");
  v.field("name", s.name, "unique among the nodes of a store; a node that comes back under its name gets its shards back");
  v.field("scheduler_threads", s.scheduler_threads, {0, 256}, "threads that run actors; 0 = one per core");
  v.field("writers", s.writers, {1, 32}, "page writers, each with one database connection");
  v.field("processors", s.processors, {0, 256}, "processors, which parse and hash pages; 0 = one per core");
  v.field("shutdown_timeout", s.shutdown_timeout, {0ms, 10min}, "time for pages in flight when the node is told to stop");
}

struct cluster_settings {
  std::string name = "lode";
  std::string listen;
  std::string advertise;
  uint32_t weight = 100;
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
  milliseconds drain_timeout = 10s;
};
inline void describe(settings_visitor& v, cluster_settings& s) {
  v.section("cluster", "Other nodes of the same store. They share the work with or without a link; over links they tell each other at once.");
  v.field("name", s.name, "nodes of another cluster are refused");
  v.field("listen", s.listen, "address:port for other nodes; port 0 = any free one; beyond loopback certificates are needed; \"\" = no links");
  v.field("advertise", s.advertise, "host:port at which other nodes reach this one; \"\" = where it listens");
  v.field("weight", s.weight, {1, 10'000}, "share of the work, beside the weights of the others");
  v.field("certificate_file", s.certificate_file, "PEM file with this node's certificate; `lode cluster certificate` makes one");
  v.field("key_file", s.key_file, "PEM file with its private key");
  v.field("ca_file", s.ca_file, "PEM file with the certificate of the cluster's own authority; `lode cluster init` makes one");
  v.field("drain_timeout", s.drain_timeout, {0ms, 10min},
          "pages in flight of a tenant that moves to another node have so long; then they are abandoned and "
          "fetched again there");
}

struct store_settings {
  std::string dsn;
  uint32_t group_rows = 2'000;
  byte_count group_bytes = 8_MiB;
  milliseconds group_wait = 5ms;
  milliseconds retry_min = 100ms;
  milliseconds retry_max = 5s;
  milliseconds statement_timeout = 1900ms;
  milliseconds lock_timeout = 1500ms;
  milliseconds keep_runs = 90 * 24h;
  milliseconds keep_dead_letters = 365 * 24h;
  milliseconds keep_feed = 90 * 24h;
};
inline void describe(settings_visitor& v, store_settings& s) {
  v.section("store", "PostgreSQL, where everything is kept.");
  v.secret("dsn", s.dsn, "libpq connection string, e.g. host=/run/postgresql dbname=lode");
  v.field("group_rows", s.group_rows, {1, 50'000}, "a writer commits at the latest when pages with so many records have gathered");
  v.field("group_bytes", s.group_bytes, {64_KiB, 256_MiB}, "... or so many bytes of responses");
  v.field("group_wait", s.group_wait, {0ms, 1s}, "... or when the first of them has waited so long for others; 0 = no page waits");
  v.field("retry_min", s.retry_min, {1ms, 60s}, "first wait before the store is tried again in an outage");
  v.field("retry_max", s.retry_max, {1ms, 10min}, "longest wait between tries");
  v.field("statement_timeout", s.statement_timeout, {100ms, 1999ms}, "the database ends a statement of a writer after this time; below half the lease of 4s");
  v.field("lock_timeout", s.lock_timeout, {10ms, 1999ms}, "the database ends a wait of a writer for a lock after this time");
  v.field("keep_runs", s.keep_runs, {0ms, 3650 * 24h}, "ended runs are removed after this time, but the latest of each connection; 0 = never");
  v.field("keep_dead_letters", s.keep_dead_letters, {0ms, 3650 * 24h}, "dead letters are removed so long after they were last seen; 0 = never");
  v.field("keep_feed", s.keep_feed, {0ms, 3650 * 24h},
          "changes are removed after this time, a week at once; a reader that is further behind gets an "
          "error; 0 = never");
}

struct cache_settings {
  byte_count memory = 256_MiB;
  std::string redis_url;
  std::string redis_ca_file;
  milliseconds redis_timeout = 250ms;
};
inline void describe(settings_visitor& v, cache_settings& s) {
  v.section("cache", "What is remembered of committed records, so that unchanged ones need not be looked up in the store.");
  v.field("memory", s.memory, {1_MiB, 256_GiB}, "memory for it, some 20 bytes a record; streams that were not mined longest are forgotten first");
  v.secret("redis_url", s.redis_url,
          "Redis, which remembers it over restarts: redis://[[user]:password@]host[:port][/database], "
          "rediss:// for TLS, or unix:///path; \"\" = none");
  v.field("redis_ca_file", s.redis_ca_file, "PEM file of the certificates to trust for rediss:// in place of the system's");
  v.field("redis_timeout", s.redis_timeout, {1ms, 10s}, "Redis is asked no longer than this; without an answer the store is asked");
}

struct http_settings {
  milliseconds connect_timeout = 10s;
  milliseconds first_byte_timeout = 30s;
  milliseconds total_timeout = 2min;
  milliseconds idle_timeout = 30s;
  uint32_t connections_per_host = 64;
  uint32_t connections = 1'024;
  uint32_t threads = 1;
  byte_count max_response_bytes = 64_MiB;
  std::string user_agent = "lode";
  std::string ca_file;
  std::string extra_ca_file;
  std::string http_proxy;
  std::string https_proxy;
  std::vector<std::string> no_proxy;
  std::map<std::string, std::string> resolve;
};
inline void describe(settings_visitor& v, http_settings& s) {
  v.section("http", "Requests to the APIs that are mined. A source may set shorter timeouts for itself.");
  v.field("connect_timeout", s.connect_timeout, {1ms, 10min}, "name resolution, TCP, proxy and TLS handshake together");
  v.field("first_byte_timeout", s.first_byte_timeout, {1ms, 1h}, "from the request sent to the first byte of the response");
  v.field("total_timeout", s.total_timeout, {1ms, 6h}, "the whole exchange with all redirects");
  v.field("idle_timeout", s.idle_timeout, {0ms, 1h}, "an unused connection is closed after this time");
  v.field("connections_per_host", s.connections_per_host, {1, 10'000}, "open connections to one host name");
  v.field("connections", s.connections, {1, 100'000}, "open connections to all hosts together");
  v.field("threads", s.threads, {1, 64}, "I/O threads");
  v.field("max_response_bytes", s.max_response_bytes, {1_KiB, 1_GiB}, "a longer response is refused, before and after decoding");
  v.field("user_agent", s.user_agent, "User-Agent header of requests whose source names none");
  v.field("ca_file", s.ca_file, "PEM file of the certificates to trust in place of the system's");
  v.field("extra_ca_file", s.extra_ca_file, "PEM file of certificates to trust beside the system's");
  v.secret("http_proxy", s.http_proxy, "proxy for http targets: http://[user:password@]host:port");
  v.secret("https_proxy", s.https_proxy, "proxy for https targets (CONNECT)");
  v.field("no_proxy", s.no_proxy, "hosts reached without proxy: host, .domain, host:port or *");
  v.field("resolve", s.resolve, "like curl --resolve: host:port, host or *.domain -> address[:port]");
}

struct mining_settings {
  byte_count bytes_in_flight = 256_MiB;
  byte_count live_bytes_in_flight = 64_MiB;
  uint32_t window = 4;
  uint32_t miners_per_tenant = 4;
  uint32_t runs_started_per_second = 100;
  uint32_t runs_resumed_per_second = 1'000;
  uint32_t max_open_runs = 10'000;
  uint32_t request_retries = 5;
  milliseconds retry_min = 500ms;
  milliseconds retry_max = 60s;
  uint32_t dead_records_limit = 1'000;
  uint32_t dead_records_percent = 1;
  uint32_t delete_brake_percent = 20;
  uint32_t restart_budget = 5;
  milliseconds restart_window = 1min;
  milliseconds continuation_deadline = 5min;
};
inline void describe(settings_visitor& v, mining_settings& s) {
  v.section("mining", "How much is fetched at once, and what happens to failures.");
  v.field("bytes_in_flight", s.bytes_in_flight, {1_MiB, 64_GiB}, "responses requested and not yet committed, all tenants");
  v.field("live_bytes_in_flight", s.live_bytes_in_flight, {1_MiB, 64_GiB},
          "messages heard over WebSockets and not yet committed, all tenants; beyond it no socket is read");
  v.field("window", s.window, {1, 64}, "pages of one continuation in flight; 1 = nothing is fetched ahead");
  v.field("miners_per_tenant", s.miners_per_tenant, {1, 256}, "slices and partitions of a tenant read side by side");
  v.field("runs_started_per_second", s.runs_started_per_second, {1, 100'000}, "steady rate of run starts, also of those that came due while no node was up");
  v.field("runs_resumed_per_second", s.runs_resumed_per_second, {1, 100'000}, "steady rate at which runs that a restart left open go on");
  v.field("max_open_runs", s.max_open_runs, {1, 1'000'000}, "runs open on this node; more wait until one has ended");
  v.field("request_retries", s.request_retries, {0, 100}, "tries of a page after the first; a source's error rules may say otherwise");
  v.field("retry_min", s.retry_min, {1ms, 10min}, "first wait before a page is tried again; doubles each time");
  v.field("retry_max", s.retry_max, {1ms, 24h}, "longest wait between tries of a page");
  v.field("dead_records_limit", s.dead_records_limit, {0, 1'000'000'000},
          "records of a stream that a run may fail to use; one more stops the stream in that run. A source "
          "may say otherwise");
  v.field("dead_records_percent", s.dead_records_percent, {0, 100}, "... or more than so many in a hundred, of 1000 records and more");
  v.field("delete_brake_percent", s.delete_brake_percent, {0, 100},
          "a full pass that misses more than so many in a hundred of a stream's records deletes nothing and "
          "asks; 100 = never asks. A source may say otherwise");
  v.field("restart_budget", s.restart_budget, {0, 1'000}, "miner failures of a connection within restart_window; one more suspends it");
  v.field("restart_window", s.restart_window, {1s, 24h}, "see restart_budget");
  v.field("continuation_deadline", s.continuation_deadline, {1s, 24h}, "a page unanswered for so long inside the node counts as lost and is read again");
}

enum class missed_runs : uint8_t { run_once, skip };
struct schedule_settings {
  milliseconds every = 15min;
  milliseconds jitter = 1min;
  missed_runs missed = missed_runs::run_once;
};
inline void describe(settings_visitor& v, schedule_settings& s) {
  v.section("schedule", "What a connection without a schedule of its own gets.");
  v.field("every", s.every, {1s, 366 * 24h}, "time between the starts of two runs");
  v.field("jitter", s.jitter, {0ms, 24h}, "a start moves by up to this much, so that tenants spread out");
  v.choice("missed", s.missed, {"run_once", "skip"}, "runs missed while no node was up: start one at once, or wait for the next time");
}

struct console_settings {
  std::string listen = "127.0.0.1:7788";
  std::string token_file;
  std::string certificate_file;
  std::string key_file;
  uint32_t threads = 2;
  byte_count max_body = 16_MiB;
};
inline void describe(settings_visitor& v, console_settings& s) {
  v.section("console", "The node's HTTP port: API, health, metrics.");
  v.field("listen", s.listen, "address:port; port 0 = any free one; beyond loopback a token_file is needed");
  v.field("token_file", s.token_file, "file with the hashes of the bearer tokens that let in, made by `lode token new`; \"\" = none");
  v.field("certificate_file", s.certificate_file,
          "PEM file with the certificate of this port and those between it and its authority; with it the "
          "port speaks TLS only");
  v.field("key_file", s.key_file, "PEM file with its private key");
  v.field("threads", s.threads, {1, 64}, "requests answered at once, each with its own database connection");
  v.field("max_body", s.max_body, {1_KiB, 1_GiB}, "a longer request body is refused");
}

struct security_settings {
  std::string key_file;
  std::string key;
};
inline void describe(settings_visitor& v, security_settings& s) {
  v.section("security", "Secrets and page tokens are sealed with one key before they are stored. Without it they are lost.");
  v.field("key_file", s.key_file, "file that holds the key: 64 hexadecimal digits; `lode doctor` says how to make one");
  v.secret("key", s.key, "the key itself, best as LODE_SECURITY_KEY in the environment; instead of key_file");
}

enum class log_level : uint8_t { trace, debug, info, warning, error };
enum class log_format : uint8_t { text, json };
struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::text;
};
inline void describe(settings_visitor& v, log_settings& s) {
  v.section("log", "Log lines, on standard error.");
  v.choice("level", s.level, {"trace", "debug", "info", "warning", "error"}, "the least that is written");
  v.choice("format", s.format, {"text", "json"}, "for people or for machines");
}

/// All of them. Values only; config/load.hpp fills and checks it.
struct settings {
  node_settings node;
  cluster_settings cluster;
  store_settings store;
  cache_settings cache;
  http_settings http;
  mining_settings mining;
  schedule_settings schedule;
  console_settings console;
  security_settings security;
  log_settings log;
};
inline void describe(settings_visitor& v, settings& s) {
  describe(v, s.node);
  describe(v, s.cluster);
  describe(v, s.store);
  describe(v, s.cache);
  describe(v, s.http);
  describe(v, s.mining);
  describe(v, s.schedule);
  describe(v, s.console);
  describe(v, s.security);
  describe(v, s.log);
}

} // namespace lode
