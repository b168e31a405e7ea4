#include "runtime/storage/postgres/postgres_membership_store.hpp"

#include <tuple>

#include "runtime/storage/generation_store.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

/// Lives of before under this name that are not over, or own shards still.
constexpr statement find_earlier{
  "find_earlier", "SELECT incarnation FROM node n WHERE name = $1::text AND incarnation <> $2::bigint "
                  "AND (state <> 3 OR EXISTS (SELECT FROM shard WHERE owner = n.incarnation)) ORDER BY incarnation"};

/// Lives that are gone and own some of these shards.
constexpr statement find_gone{
  "find_gone", "SELECT DISTINCT owner FROM shard s WHERE id = ANY ($1::bigint[]) AND owner NOT IN (0, $2::bigint) "
               "AND NOT EXISTS (SELECT FROM node WHERE incarnation = s.owner AND state <> 3) ORDER BY owner"};

constexpr statement join_statement{"join", "SELECT out_view, out_flaps, out_shards, out_epochs "
                                           "FROM lode_join($1::text, $2::bigint, $3::text, $4::bigint, $5::bigint[])"};

constexpr statement claim_statement{
  "claim", "SELECT out_shard, out_epoch FROM lode_claim($1::bigint, $2::bigint, $3::bigint[], $4::bigint[])"};

constexpr statement enter_statement{"enter", "SELECT lode_set_node_state($1::bigint, ARRAY[0::bigint], 1)"};
constexpr statement drain_statement{"drain", "SELECT lode_set_node_state($1::bigint, ARRAY[0, 1]::bigint[], 2)"};
constexpr statement undrain_statement{"undrain", "SELECT lode_set_node_state($1::bigint, ARRAY[2::bigint], 1)"};

constexpr statement beat_statement{"beat",
                                   "UPDATE node SET beat = beat + 1 WHERE incarnation = $1::bigint AND state <> 3 RETURNING beat"};

constexpr statement find_successor{
  "find_successor", "SELECT o.name FROM node m JOIN node o ON o.name = m.name AND o.state <> 3 WHERE m.incarnation = $1::bigint"};

constexpr statement look_statement{
  "look", "SELECT c.view, n.name, n.incarnation, n.state, n.weight, n.beat, n.address, pg_is_in_recovery() "
          "FROM cluster c LEFT JOIN node n ON n.state <> 3 ORDER BY n.name"};

constexpr statement bury_statement{"bury", "SELECT lode_bury($1::bigint, $2::bigint, $3::bigint)"};
constexpr statement leave_statement{"leave", "SELECT lode_leave($1::bigint)"};
constexpr statement owners_statement{"owners", "SELECT id, owner, epoch FROM shard ORDER BY id"};
constexpr statement release_statement{"release", "SELECT lode_release($1::bigint, $2::bigint[])"};

constexpr statement make_feed_partitions{"make_feed_partitions", "SELECT lode_feed_partitions()"};

std::vector<int64_t> numbers_of(const std::vector<shard_id>& shards) {
  std::vector<int64_t> out;
  out.reserve(shards.size());
  for (auto shard : shards)
    out.push_back(shard.value);
  return out;
}

joined_node read_joined(const query_result& rows, int row) {
  joined_node out{rows.number(row, 0), {}, rows.number(row, 1)};
  const auto shards = rows.numbers(row, 2);
  const auto epochs = rows.numbers(row, 3);
  for (size_t i = 0; i < shards.size(); ++i)
    out.claims.push_back({{shards[i]}, {epochs[i]}});
  return out;
}

class postgres_membership_store final : public membership_store {
public:
  postgres_membership_store(const postgres_settings& settings, const std::string& purpose) : link_(settings, purpose) {}

  caf::expected<joined_node> join(const node_identity& node) override {
    if (!is_storable_text(node.name) || !is_storable_text(node.address))
      return store_error(errc::bad_argument, "the name and the address of a node are UTF-8 text");
    auto joined = after_ending(find_earlier, parameters{}.add_text(node.name).add(node.self.value), [&](auto ended) {
      parameters values;
      values.add_text(node.name).add(node.self.value).add_text(node.address).add(int64_t{node.weight}).add(ended);
      return link_.execute(join_statement, values);
    });
    if (!joined)
      return joined.error();
    // Without them the feed's rows land in the default partition: slower to trim, nothing else.
    std::ignore = link_.execute(make_feed_partitions);
    return read_joined(*joined, 0);
  }

  caf::error enter(incarnation self) override { return tell(enter_statement, self); }

  caf::error beat(incarnation self) override {
    auto beaten = link_.execute(beat_statement, parameters{}.add(self.value));
    if (!beaten || beaten->rows() > 0)
      return error_of(beaten);
    // In a statement of its own: who has just taken the name is not seen by the one that waited for that.
    auto other = link_.execute(find_successor, parameters{}.add(self.value));
    if (!other)
      return other.error();
    if (other->rows() > 0)
      return store_error(errc::conflict, "another process has registered as node \"" + other->string(0, 0)
                                           + "\": give each node a name of its own (node.name)");
    return store_error(errc::not_owner, "life " + to_string(self) + " of this node was declared gone");
  }

  caf::expected<cluster_view> look() override {
    auto rows = link_.execute(look_statement);
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "the store has no view: run `lode migrate`");
    if (rows->boolean(0, 7)) {
      link_.close();
      return store_error(errc::store_unavailable, "store.dsn led to a stand-by, which may be behind; expected the primary");
    }
    cluster_view out{rows->number(0, 0), {}};
    for (int row = 0; row < rows->rows(); ++row)
      if (!rows->is_null(row, 2))
        out.nodes.push_back({rows->string(row, 1), {rows->number(row, 2)}, static_cast<node_state>(rows->number(row, 3)),
                             static_cast<uint32_t>(rows->number(row, 4)), rows->number(row, 5), rows->string(row, 6)});
    return out;
  }

  caf::expected<bool> bury(incarnation dead, int64_t beat, int64_t view) override {
    auto done = link_.execute(bury_statement, parameters{}.add(dead.value).add(beat).add(view));
    if (!done)
      return done.error();
    return done->boolean(0, 0);
  }

  caf::error set_draining(incarnation self, bool is_draining) override {
    return tell(is_draining ? drain_statement : undrain_statement, self);
  }

  caf::error leave(incarnation self) override { return tell(leave_statement, self); }

  caf::expected<std::vector<shard_owner>> owners() override {
    return read_all(link_.execute(owners_statement), [](const query_result& rows, int row) {
      return shard_owner{{rows.number(row, 0)}, {rows.number(row, 1)}, {rows.number(row, 2)}};
    });
  }

  caf::expected<std::vector<shard_claim>> claim(incarnation self, int64_t view, const std::vector<shard_id>& shards) override {
    const auto wanted = numbers_of(shards);
    const std::span<const int64_t> ids{wanted};
    auto claimed = after_ending(find_gone, parameters{}.add(ids).add(self.value), [&](auto ended) {
      return link_.execute(claim_statement, parameters{}.add(self.value).add(view).add(ids).add(ended));
    });
    return read_all(claimed, [](const query_result& rows, int row) {
      return shard_claim{{rows.number(row, 0)}, {rows.number(row, 1)}};
    });
  }

  caf::error release(incarnation self, const std::vector<shard_id>& shards) override {
    const auto ids = numbers_of(shards);
    return error_of(link_.execute(release_statement, parameters{}.add(self.value).add(std::span<const int64_t>{ids})));
  }

private:
  caf::error tell(const statement& what, incarnation self) {
    return error_of(link_.execute(what, parameters{}.add(self.value)));
  }

  /// Ends the sessions of the lives that `find` finds, then does `act`.
  template <class Act>
  caf::expected<query_result> after_ending(const statement& find, const parameters& which, Act act) {
    // Between the end of its sessions and the act a zombie can come back and hold a lock: end it again.
    constexpr int attempts = 3;
    for (int attempt = 1;; ++attempt) {
      auto done = try_after_ending(find, which, act);
      if (done)
        return done;
      if (link_.last_failure().sqlstate == "LD008")
        return doubted_store(link_.last_failure().message);
      if (link_.last_failure().sqlstate != "55P03" || attempt == attempts)
        return done;
    }
  }

  template <class Act>
  caf::expected<query_result> try_after_ending(const statement& find, const parameters& which, Act act) {
    auto found = link_.execute(find, which);
    if (!found)
      return found.error();
    std::vector<int64_t> ended;
    for (int row = 0; row < found->rows(); ++row) {
      ended.push_back(found->number(row, 0));
      if (auto error = end_sessions_of(link_, {ended.back()}))
        return error;
    }
    return act(std::span<const int64_t>{ended});
  }

  postgres_connection link_;
};

} // namespace

std::unique_ptr<membership_store> make_postgres_membership_store(const postgres_settings& settings, const std::string& purpose) {
  return std::make_unique<postgres_membership_store>(settings, purpose);
}

} // namespace lode
