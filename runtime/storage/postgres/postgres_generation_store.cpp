#include "runtime/storage/postgres/postgres_generation_store.hpp"

#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr statement look_statement{
  "look", "SELECT s.generation, s.doubt, (SELECT sum(feed_seq)::bigint FROM shard), pg_is_in_recovery() FROM store s"};

constexpr statement doubt_statement{"doubt", "UPDATE store SET doubt = $2::text WHERE generation = $1::bigint AND doubt = ''"};

constexpr statement begin_statement{"begin_generation",
                                    "SELECT out_before, out_now, out_open_runs FROM lode_begin_generation()"};

class postgres_generation_store final : public generation_store {
public:
  postgres_generation_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<store_standing> look() override {
    auto seen = link_.execute(look_statement);
    // In the statement itself: behind a proxy the next one may be answered by another server.
    if (seen && seen->rows() > 0 && seen->boolean(0, 3)) {
      link_.close();
      return store_error(errc::store_unavailable, "store.dsn led to a stand-by, which may be behind; expected the primary");
    }
    return read_one(
      seen,
      [](const query_result& rows, int row) {
        return store_standing{rows.number(row, 0), rows.string(row, 1), rows.number(row, 2)};
      },
      "the store has no row: run `lode migrate`");
  }

  caf::error doubt(int64_t generation, const std::string& why) override {
    return error_of(link_.execute(doubt_statement, parameters{}.add(generation).add_text(why)));
  }

  caf::expected<new_generation> begin_generation() override {
    return read_one(
      link_.execute(begin_statement),
      [](const query_result& rows, int row) {
        return new_generation{rows.number(row, 0), rows.number(row, 1), rows.number(row, 2)};
      },
      "the store has no row: run `lode migrate`");
  }

private:
  postgres_connection link_;
};

} // namespace

std::unique_ptr<generation_store> make_postgres_generation_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_generation_store>(settings, role);
}

} // namespace lode
