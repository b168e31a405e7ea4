#include "runtime/storage/postgres/store_identity.hpp"

#include <thread>

#include "messages/cluster.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr statement settle_statement{
  "settle_identity",
  "SELECT out_cluster, out_key, coalesce(out_living, ''), coalesce(out_beats, '') "
  "FROM lode_settle_identity($1::text, $2::text, $3::text)"};

constexpr statement read_statement{"read_identity", "SELECT cluster_name, key_name FROM store"};

constexpr const char* no_row = "the store has no row: run `lode migrate`";

store_identity identity_in(const query_result& rows, int row) {
  return {rows.string(row, 0), rows.string(row, 1)};
}

struct answer {
  store_identity store;
  std::string living; ///< nodes of another cluster that may be alive
  std::string beats;  ///< of them
};

/// `still`: beats that have not moved for as long as a node may be silent.
caf::expected<answer> ask(postgres_connection& link, const store_identity& own, const std::string& still) {
  return read_one(
    link.execute(settle_statement, parameters{}.add_text(own.cluster).add_text(own.key).add_text(still)),
    [](const query_result& rows, int row) {
      return answer{identity_in(rows, row), rows.string(row, 2), rows.string(row, 3)};
    },
    no_row);
}

} // namespace

std::string wrong_key(const store_identity& store, const std::string& key) {
  if (store.key.empty() || store.key == key)
    return {};
  return "this store (store.dsn) is sealed with key " + store.key + ", this node has key " + key
         + ": give it the key file of the other nodes (security.key_file), or a store of its own";
}

caf::error settle_identity(const postgres_settings& settings, const store_identity& own) {
  postgres_connection link{settings, "identity"};
  auto found = ask(link, own, "");
  if (found && wrong_key(found->store, own.key).empty() && found->store.cluster != own.cluster) {
    std::this_thread::sleep_for(heartbeat::lease + heartbeat::interval);
    found = ask(link, own, found->beats);
  }
  if (!found)
    return found.error();
  if (auto wrong = wrong_key(found->store, own.key); !wrong.empty())
    return store_error(errc::bad_argument, wrong);
  if (found->store.cluster == own.cluster)
    return {};
  return store_error(errc::bad_argument,
                     "this store (store.dsn) is that of cluster \"" + found->store.cluster
                       + "\", this node is of cluster \"" + own.cluster
                       + "\" (cluster.name): give it that name, or a store of its own. To rename the cluster stop "
                         "all its nodes first; running: "
                       + found->living);
}

caf::expected<store_identity> read_identity(const postgres_settings& settings) {
  postgres_connection link{settings, "identity"};
  return read_one(link.execute(read_statement), identity_in, no_row);
}

} // namespace lode
