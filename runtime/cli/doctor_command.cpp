#include <boost/json.hpp>

#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/node/startup.hpp"
#include "runtime/redis/redis_report.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/security/sealer.hpp"
#include "runtime/storage/postgres/migrate.hpp"
#include "runtime/storage/postgres/store_identity.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct doctor_options {
  std::string make_key;
};

/// What was looked at, and how it was found.
class findings {
public:
  void good(const std::string& what, const std::string& how) { add(what, "ok", how); }
  void wrong(const std::string& what, const std::string& how) {
    add(what, "WRONG", how);
    has_wrong_ = true;
  }
  void note(const std::string& what, const std::string& how) { add(what, "note", how); }

  int print(bool as_json) const {
    if (as_json) {
      std::cout << json::serialize(json::object{{"healthy", !has_wrong_}, {"findings", items_}}) << "\n";
      return has_wrong_ ? exit_failed : exit_ok;
    }
    table rows{{"WHAT", "STATE", "HOW"}};
    for (const auto& item : items_)
      rows.add({cell(item.as_object(), "what"), cell(item.as_object(), "state"), cell(item.as_object(), "how")});
    rows.print(std::cout);
    return has_wrong_ ? exit_failed : exit_ok;
  }

private:
  void add(const std::string& what, const char* state, const std::string& how) {
    items_.push_back({{"what", what}, {"state", state}, {"how", redact(how)}});
  }
  json::array items_;
  bool has_wrong_ = false;
};

/// Whose the store is, where it can be asked.
std::optional<store_identity> identity_of(const store_settings& store) {
  postgres_settings postgres;
  postgres.dsn = store.dsn;
  if (store.dsn.empty() || check_schema(postgres))
    return std::nullopt;
  auto found = read_identity(postgres);
  return found ? std::optional{*found} : std::nullopt;
}

void look_at_key(const security_settings& security, const std::optional<store_identity>& store, findings& out) {
  if (security.key.empty() && security.key_file.empty())
    return out.wrong("key", "security.key_file is not set; make one: lode doctor --make-key lode.key");
  auto seal = security.key.empty() ? sealer::from_file(security.key_file) : sealer::from_hexadecimal(security.key);
  if (!seal)
    return out.wrong("key", message_of(seal.error()));
  if (auto wrong = store ? wrong_key(*store, seal->key_name()) : std::string{}; !wrong.empty())
    return out.wrong("key", wrong);
  out.good("key", "key " + seal->key_name() + (store && !store->key.empty() ? ", that of the store" : ""));
}

void look_at_cluster(const cluster_settings& cluster, const std::optional<store_identity>& store, findings& out) {
  if (!store || store->cluster.empty())
    return;
  if (store->cluster == cluster.name)
    out.good("cluster", "\"" + cluster.name + "\", that of the store");
  else
    out.wrong("cluster", "this store is that of cluster \"" + store->cluster + "\", cluster.name is \"" + cluster.name
                           + "\": no node of it begins while one of the other runs");
}

void look_at_store(const store_settings& store, findings& out) {
  if (store.dsn.empty())
    return out.wrong("store", "store.dsn is not set");
  postgres_settings postgres;
  postgres.dsn = store.dsn;
  auto found = inspect_postgres(postgres);
  if (!found)
    return out.wrong("store", message_of(found.error()));
  out.good("store", "PostgreSQL " + found->server_version);
  if (auto problem = check_schema(postgres))
    out.wrong("schema", message_of(problem));
  else
    out.good("schema", "version " + std::to_string(found->schema_version));
  auto is_durable = found->fsync && found->full_page_writes && found->synchronous_commit != "off";
  auto durability = "fsync " + std::string{found->fsync ? "on" : "off"} + ", full_page_writes "
                    + (found->full_page_writes ? "on" : "off") + ", synchronous_commit " + found->synchronous_commit;
  if (is_durable)
    out.good("durability", durability);
  else
    out.wrong("durability", durability + ": a crash of the database loses what it said was committed");
  if (found->oldest_snapshot_seconds > 600)
    out.wrong("oldest transaction", std::to_string(found->oldest_snapshot_seconds) + " s: it keeps old row versions alive; end it");
  else
    out.good("oldest transaction", std::to_string(found->oldest_snapshot_seconds) + " s");
  if (found->default_feed_rows > 0)
    out.note("feed", std::to_string(found->default_feed_rows)
                       + " rows outside their week's partition: they go when they are older than store.keep_feed");
}

void look_at_redis(const cache_settings& cache, findings& out) {
  auto settings = redis_of(cache);
  if (!settings)
    return out.wrong("redis", message_of(settings.error()));
  if (!*settings)
    return out.note("redis", "not used (cache.redis_url): a node that restarts asks the store instead, which takes longer");
  auto found = inspect_redis(**settings);
  if (!found)
    return out.wrong("redis", message_of(found.error()) + "; asked for cache.redis_timeout (" + std::to_string(cache.redis_timeout.count())
                                + " ms). Nodes work without it and ask the store instead, which takes longer after a restart");
  auto tenths = std::to_string(found->round_trip.count() / 100);
  tenths.insert(0, tenths.size() < 2 ? "0" : "");
  tenths.insert(tenths.size() - 1, ".");
  out.good("redis", (found->version.empty() ? "version not shown (give its user +info)" : "Redis " + found->version) + ", answers in "
                      + tenths + " ms");
  if (!found->refused.empty())
    out.wrong("redis rights", found->refused + "; its user needs +hget +hmget +hgetall +hset +hdel +unlink +pexpire +time "
                                               "+eval on keys lode:*, on a server that takes writes");
  if (found->round_trip * 2 > cache.redis_timeout)
    out.wrong("redis speed", "an answer takes more than half of cache.redis_timeout: it will often count as none; move Redis closer "
                             "or raise it");
  if (found->policy == "noeviction")
    out.note("redis memory", std::string{found->memory == 0 ? "maxmemory is not set: it grows with the records, 25 to 60 bytes each"
                                                            : "when it is full it refuses what nodes tell it"}
                               + "; set maxmemory and maxmemory-policy allkeys-lru");
}

void look_at_node(const cli_context& context, findings& out) {
  auto client = context.client();
  if (!client)
    return;
  auto reply = client->call("GET", "/readyz");
  if (reply.status == 0)
    out.note("node", "none answers at " + client->address());
  else if (reply.status == 200)
    out.good("node", "ready at " + client->address());
  else
    out.wrong("node", "at " + client->address() + ": " + reply.body.substr(0, reply.body.find('\n')));
}

int make_key(const cli_context& context, const std::string& path) {
  if (auto failed = random_key_file(path))
    return complain(context, failed == errc::conflict ? exit_conflict : exit_failed, message_of(failed));
  if (context.as_json)
    std::cout << json::serialize(json::object{{"key_file", path}}) << "\n";
  else
    std::cout << "wrote a new key to " << path << "; keep a copy: without it all stored secrets are lost\n";
  return exit_ok;
}

int examine(cli_context& context, const doctor_options& o) {
  if (!o.make_key.empty())
    return make_key(context, o.make_key);
  auto loaded = context.load();
  if (!loaded)
    return exit_usage;
  findings out;
  const auto store = identity_of(loaded->store);
  look_at_key(loaded->security, store, out);
  look_at_store(loaded->store, out);
  look_at_cluster(loaded->cluster, store, out);
  look_at_redis(loaded->cache, out);
  look_at_node(context, out);
  return out.print(context.as_json);
}

} // namespace

void add_doctor_command(command program, cli_context& context) {
  add_command<doctor_options>(
    program, context, "doctor", "Look at key, database, Redis and node, and say what is wrong",
    "  lode doctor --config lode.yaml\n  lode doctor --make-key lode.key",
    [](command c, doctor_options& o) {
      c.option("--make-key", o.make_key, "Write a new key for secrets to this file, if there is none");
    },
    examine);
}

} // namespace lode
