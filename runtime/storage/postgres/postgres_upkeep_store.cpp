#include "runtime/storage/postgres/postgres_upkeep_store.hpp"

namespace lode {

namespace {

constexpr statement trim_runs{"trim_runs", "SELECT lode_trim_runs($1::bigint, $2::bigint, $3::bigint)"};

constexpr statement trim_dead_letters{"trim_dead_letters",
                                      "SELECT lode_trim_dead_letters($1::bigint, $2::bigint, $3::bigint)"};

constexpr statement trim_feed{"trim_feed", "SELECT lode_trim_feed($1::bigint)"};

constexpr statement trim_feed_strays{"trim_feed_strays", "SELECT lode_trim_feed_strays($1::bigint, $2::bigint)"};

constexpr statement make_feed_partitions{"make_feed_partitions", "SELECT lode_feed_partitions()"};

/// Rows of lives that are gone. Their evidence is of no use: nobody asks for it.
constexpr statement trim_writers{
  "trim_writers", "DELETE FROM writer WHERE (incarnation, number) IN (SELECT w.incarnation, w.number FROM writer w "
                  "WHERE NOT EXISTS (SELECT FROM node n WHERE n.incarnation = w.incarnation AND n.state <> 3) "
                  "AND NOT EXISTS (SELECT FROM shard s WHERE s.owner = w.incarnation) LIMIT $1::bigint) RETURNING 1"};

constexpr statement trim_marks{"trim_marks", "SELECT lode_trim_marks($1::bigint)"};

constexpr statement trim_commands{"trim_commands", "SELECT lode_trim_commands($1::bigint, $2::bigint)"};

constexpr statement trim_gaps{"trim_gaps", "SELECT lode_trim_gaps($1::bigint, $2::bigint)"};

constexpr statement trim_standings{"trim_standings", "SELECT lode_trim_standings($1::bigint)"};

constexpr statement trim_console{"trim_console", "SELECT lode_trim_console($1::bigint)"};

constexpr statement trim_nodes{"trim_nodes", "SELECT lode_trim_nodes($1::bigint, $2::bigint)"};

class postgres_upkeep_store final : public upkeep_store {
public:
  postgres_upkeep_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<bool> tidy_some(const retention& keep, size_t rows) override {
    auto has_more = step(keep, static_cast<int64_t>(rows));
    if (!has_more || *has_more)
      return has_more;
    at_ = at_ == stage::nodes ? stage::runs : static_cast<stage>(static_cast<int>(at_) + 1);
    return at_ != stage::runs;
  }

private:
  enum class stage : int { runs, dead_letters, feed, partitions, writers, marks, commands, standings, console, nodes };

  /// Whether the stage has more to do.
  caf::expected<bool> step(const retention& keep, int64_t rows) {
    switch (at_) {
      case stage::runs:
        return keep.runs.count() > 0 ? next_runs(keep, rows) : false;
      case stage::dead_letters:
        return keep.dead_letters.count() > 0 ? walk(trim_dead_letters, last_letter_, keep.dead_letters, rows) : false;
      case stage::feed:
        return keep.feed.count() > 0 ? next_week(keep, rows) : false;
      case stage::partitions:
        return made_partitions();
      case stage::writers:
        return trim_next_writers(rows);
      case stage::marks:
        return trim_next(trim_marks, parameters{}.add(rows), rows);
      case stage::commands:
        return trim_old(trim_commands, keep.cluster, rows);
      case stage::standings:
        return trim_next(trim_standings, parameters{}.add(rows), rows);
      case stage::console:
        return trim_next(trim_console, parameters{}.add(rows), rows);
      case stage::nodes:
        break;
    }
    return trim_old(trim_nodes, keep.cluster, rows);
  }

  /// Looks at the next rows after `last` in order of their ids; whether there are more.
  caf::expected<bool> walk(const statement& trim, int64_t& last, std::chrono::microseconds keep, int64_t rows) {
    auto done = link_.execute(trim, parameters{}.add(last).add(keep.count()).add(rows));
    if (!done)
      return done.error();
    bool has_more = !done->is_null(0, 0);
    last = has_more ? done->number(0, 0) : 0;
    return has_more;
  }

  /// Gaps first: a run stays as long as one names it.
  caf::expected<bool> next_runs(const retention& keep, int64_t rows) {
    auto has_more = trim_old(trim_gaps, keep.runs, rows);
    if (!has_more || *has_more)
      return has_more;
    return walk(trim_runs, last_run_, keep.runs, rows);
  }

  /// Weeks first: what strayed from its week stands behind those before.
  caf::expected<bool> next_week(const retention& keep, int64_t rows) {
    auto week = link_.execute(trim_feed, parameters{}.add(keep.feed.count()));
    if (!week)
      return week.error();
    if (week->boolean(0, 0))
      return true;
    auto strays = link_.execute(trim_feed_strays, parameters{}.add(keep.feed.count()).add(rows));
    if (!strays)
      return strays.error();
    return strays->number(0, 0) >= rows;
  }

  caf::expected<bool> made_partitions() {
    auto done = link_.execute(make_feed_partitions);
    if (!done)
      return done.error();
    return false;
  }

  caf::expected<bool> trim_next_writers(int64_t rows) {
    auto done = link_.execute(trim_writers, parameters{}.add(rows));
    if (!done)
      return done.error();
    return done->rows() >= rows;
  }

  caf::expected<bool> trim_old(const statement& trim, std::chrono::microseconds keep, int64_t rows) {
    if (keep.count() <= 0)
      return false;
    return trim_next(trim, parameters{}.add(int64_t{keep.count()}).add(rows), rows);
  }

  /// With a statement that says how many rows it removed.
  caf::expected<bool> trim_next(const statement& trim, const parameters& values, int64_t rows) {
    auto done = link_.execute(trim, values);
    if (!done)
      return done.error();
    return done->number(0, 0) >= rows;
  }

  postgres_connection link_;
  stage at_ = stage::runs;
  int64_t last_run_ = 0;    ///< that this pass has looked at
  int64_t last_letter_ = 0; ///< the same
};

} // namespace

std::unique_ptr<upkeep_store> make_postgres_upkeep_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_upkeep_store>(settings, role);
}

} // namespace lode
