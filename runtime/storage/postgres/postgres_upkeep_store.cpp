#include "runtime/storage/postgres/postgres_upkeep_store.hpp"

namespace lode {

namespace {

constexpr statement trim_runs{"trim_runs", "SELECT lode_trim_runs($1::bigint, $2::bigint, $3::bigint)"};

/// Ids follow the time of writing: the oldest ones come first.
constexpr statement trim_dead_letters{
  "trim_dead_letters",
  "DELETE FROM dead_letter d USING (SELECT id FROM dead_letter ORDER BY id LIMIT $2::bigint) oldest "
  "WHERE d.id = oldest.id AND d.created < now() - $1::bigint * interval '1 microsecond' "
  "RETURNING 1"};

constexpr statement trim_feed{"trim_feed", "SELECT lode_trim_feed($1::bigint)"};

constexpr statement make_feed_partitions{"make_feed_partitions", "SELECT lode_feed_partitions()"};

/// Rows of lives that ended: a node's row names its present one. Their evidence is of no use: nobody asks for it.
constexpr statement trim_writers{
  "trim_writers", "DELETE FROM writer WHERE (incarnation, number) IN (SELECT w.incarnation, w.number FROM writer w "
                  "WHERE NOT EXISTS (SELECT FROM node n WHERE n.incarnation = w.incarnation) "
                  "AND NOT EXISTS (SELECT FROM shard s WHERE s.owner = w.incarnation) LIMIT $1::bigint) RETURNING 1"};

class postgres_upkeep_store final : public upkeep_store {
public:
  postgres_upkeep_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<bool> tidy_some(const retention& keep, size_t rows) override {
    auto has_more = step(keep, static_cast<int64_t>(rows));
    if (!has_more || *has_more)
      return has_more;
    at_ = at_ == stage::writers ? stage::runs : static_cast<stage>(static_cast<int>(at_) + 1);
    return at_ != stage::runs;
  }

private:
  enum class stage : int { runs, dead_letters, feed, partitions, writers };

  /// Whether the stage has more to do.
  caf::expected<bool> step(const retention& keep, int64_t rows) {
    switch (at_) {
      case stage::runs:
        return keep.runs.count() > 0 ? next_runs(keep, rows) : false;
      case stage::dead_letters:
        return keep.dead_letters.count() > 0
                 ? removed_all(trim_dead_letters, parameters{}.add(keep.dead_letters.count()).add(rows), rows)
                 : false;
      case stage::feed:
        return keep.feed.count() > 0 ? next_week(keep) : false;
      case stage::partitions:
        return made_partitions();
      case stage::writers:
        break;
    }
    return removed_all(trim_writers, parameters{}.add(rows), rows);
  }

  caf::expected<bool> next_runs(const retention& keep, int64_t rows) {
    auto done = link_.execute(trim_runs, parameters{}.add(last_run_).add(keep.runs.count()).add(rows));
    if (!done)
      return done.error();
    bool has_more = !done->is_null(0, 0);
    last_run_ = has_more ? done->number(0, 0) : 0;
    return has_more;
  }

  caf::expected<bool> next_week(const retention& keep) {
    auto done = link_.execute(trim_feed, parameters{}.add(keep.feed.count()));
    if (!done)
      return done.error();
    return done->boolean(0, 0);
  }

  caf::expected<bool> made_partitions() {
    auto done = link_.execute(make_feed_partitions);
    if (!done)
      return done.error();
    return false;
  }

  /// Whether as many rows were there as were asked for.
  caf::expected<bool> removed_all(const statement& what, const parameters& values, int64_t rows) {
    auto done = link_.execute(what, values);
    if (!done)
      return done.error();
    return done->rows() >= rows;
  }

  postgres_connection link_;
  stage at_ = stage::runs;
  int64_t last_run_ = 0; ///< that this pass has looked at
};

} // namespace

std::unique_ptr<upkeep_store> make_postgres_upkeep_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_upkeep_store>(settings, role);
}

} // namespace lode
