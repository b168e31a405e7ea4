#pragma once

#include "runtime/storage/postgres/connection.hpp"

/// What one look at everything asks. `$1`: shards without a living node, unless said otherwise.
namespace lode {

inline constexpr statement dead_shards_query{
  "dead_shards", "SELECT s.id FROM shard s WHERE NOT EXISTS (SELECT FROM node m WHERE m.incarnation = s.owner AND m.state <> 3) ORDER BY s.id"};

inline constexpr statement tenant_counts_query{"tenant_counts", "SELECT state, count(*) FROM tenant GROUP BY state"};

/// By reason and source: how many, and since when. Paused ones too, which are nobody's problem.
inline constexpr statement standing_groups_query{
  "standing_groups",
  "SELECT s.grade, s.source_id, count(*), min(s.since) FROM standing s JOIN shard h ON h.id = s.shard "
  "WHERE s.grade > 0 AND (s.held = s.grade OR s.teller = h.owner) AND (s.held >= 8 OR s.shard <> ALL ($1::bigint[])) GROUP BY 1, 2 "
  "UNION ALL SELECT 7, n.source_id, count(*), (extract(epoch FROM coalesce(min(m.ended), now())) * 1000000)::bigint FROM connection n "
  "JOIN shard h ON h.id = n.shard LEFT JOIN node m ON m.incarnation = h.owner LEFT JOIN standing s ON s.connection_id = n.id "
  "WHERE n.shard = ANY ($1::bigint[]) AND n.state <> 3 AND coalesce(s.held, 0) < 8 GROUP BY 2"};

/// Due before `$2`, and of no graver reason; counted up to twenty thousand.
inline constexpr statement queued_groups_query{
  "queued_groups",
  "SELECT 1::bigint, n.source_id, count(*), min(d.due) "
  "FROM (SELECT * FROM due WHERE due < $2::bigint ORDER BY due LIMIT 20000) d JOIN connection n ON n.id = d.connection_id AND n.state <> 3 "
  "JOIN shard h ON h.id = n.shard LEFT JOIN standing s ON s.connection_id = d.connection_id "
  "WHERE n.shard <> ALL ($1::bigint[]) AND NOT coalesce(s.held > 0 OR s.teller = h.owner, false) GROUP BY 2"};

/// Of reason `$2` and source `$3`: those that wait longest.
inline constexpr statement examples_query{
  "problem_examples",
  "SELECT s.tenant_id, s.connection_id FROM standing s JOIN shard h ON h.id = s.shard WHERE s.grade = $2::bigint AND s.source_id = $3::bigint "
  "AND (s.held = s.grade OR s.teller = h.owner) AND (s.held >= 8 OR s.shard <> ALL ($1::bigint[])) ORDER BY s.since, s.connection_id LIMIT 5"};
inline constexpr statement moving_examples_query{
  "moving_examples",
  "SELECT n.tenant_id, n.id FROM connection n LEFT JOIN standing s ON s.connection_id = n.id "
  "WHERE coalesce(s.held, 0) < 8 AND n.shard = ANY ($1::bigint[]) AND $2::bigint = 7 AND n.source_id = $3::bigint "
  "AND n.state = 0 ORDER BY n.shard, n.id LIMIT 5"};
inline constexpr statement queued_examples_query{
  "queued_examples",
  "SELECT n.tenant_id, n.id FROM due d JOIN connection n ON n.id = d.connection_id AND n.state = 0 JOIN shard h ON h.id = n.shard "
  "LEFT JOIN standing s ON s.connection_id = n.id WHERE n.shard <> ALL ($1::bigint[]) AND $2::bigint = 1 AND n.source_id = $3::bigint "
  "AND NOT coalesce(s.held > 0 OR s.teller = h.owner, false) ORDER BY d.due, d.connection_id LIMIT 5"};

/// `$1`: now. How late it is what 95 % of that which is due are less late than, and how many continuations are open.
inline constexpr statement lateness_query{
  "lateness", "WITH due_now AS (SELECT count(*) AS n FROM due WHERE due < $1::bigint) "
              "SELECT coalesce($1::bigint - (SELECT due FROM due WHERE due < $1::bigint ORDER BY due LIMIT 1 "
              "OFFSET (SELECT n / 20 FROM due_now)), 0), (SELECT coalesce(sum(open), 0)::bigint FROM run WHERE phase = 0)"};

/// Sweeps that gave up for the brake, and none of their stream came to an end since.
#define LODE_HELD_DELETES(columns)                                                                                                     \
  "SELECT " columns " FROM continuation c JOIN run r ON r.id = c.run_id JOIN connection n ON n.id = r.connection_id AND n.state <> 3 "  \
  "JOIN tenant t ON t.id = n.tenant_id AND t.state <> 3 JOIN stream s ON s.id = c.stream_id AND s.chosen AND NOT s.may_delete "         \
  "JOIN source o ON o.id = n.source_id WHERE c.sweeps AND c.phase = 2 AND c.reason LIKE '%mining.delete_brake_percent%' "              \
  "AND NOT EXISTS (SELECT FROM run l JOIN continuation k ON k.run_id = l.id WHERE l.connection_id = r.connection_id AND l.id >= r.id " \
  "AND k.stream_id = c.stream_id AND k.sweeps AND k.id > c.id AND k.phase IN (1, 2)) "

inline constexpr statement held_deletes_query{
  "held_deletes", LODE_HELD_DELETES("t.name::text, n.name::text, s.name::text, o.name::text, "
                                    "(extract(epoch FROM coalesce(r.ended, r.started)) * 1000000)::bigint, c.reason") "ORDER BY c.id LIMIT 50"};
inline constexpr statement held_deletes_of_query{
  "held_deletes_of", LODE_HELD_DELETES("s.name::text") "AND n.id = $1::bigint ORDER BY s.name LIMIT 1000"};
#undef LODE_HELD_DELETES

/// Of the latest thousand, those of the last ten minutes.
inline constexpr statement recent_letters_query{
  "recent_letters",
  "WITH recent AS (SELECT d.connection_id, n.source_id, min(d.created) AS since FROM (SELECT * FROM dead_letter ORDER BY id DESC LIMIT 1000) d "
  "JOIN connection n ON n.id = d.connection_id AND n.state <> 3 WHERE d.created > now() - interval '10 minutes' GROUP BY 1, 2) "
  "SELECT r.source_id, count(*), (extract(epoch FROM min(r.since)) * 1000000)::bigint, (array_agg(r.connection_id ORDER BY r.since))[1:5] "
  "FROM recent r GROUP BY 1 ORDER BY 2 DESC LIMIT 50"};

/// Rows by tenant and connection (0: none), in this order. `$3`: shards without a node, `$4`: due before this is queued.
/// 0 tenant 1 its name 2 shard 3 node 4 connection 5 its name 6 source 7 state 8 held by tenant 9 reason 10 since 11 until 12 detail
/// 13 due 14 last commit 15 rate
inline std::string standing_rows_text(const std::string& reason) {
  return "SELECT t.id, t.name::text, t.shard, coalesce(m.name, '')::text, coalesce(n.id, 0), coalesce(n.name, '')::text, "
         "coalesce(o.name, '')::text, greatest(t.state, n.state), coalesce(t.state > n.state, true), x.reason::bigint, "
         "CASE WHEN x.reason >= 8 THEN s.held_since WHEN x.reason = 7 THEN NULL WHEN x.told THEN s.told_since "
         "WHEN x.reason = 6 THEN s.held_since WHEN x.reason = 1 THEN d.due END, CASE WHEN x.told THEN s.told_until END, "
         "CASE WHEN x.reason >= 8 THEN CASE WHEN t.state > n.state THEN t.reason ELSE n.reason END WHEN x.told THEN s.detail "
         "WHEN x.reason = 6 THEN coalesce((SELECT g.reason FROM gap g WHERE g.connection_id = n.id AND g.until_us IS NULL), '') ELSE '' END, "
         "d.due, s.last_commit, CASE WHEN s.teller = h.owner THEN s.rate ELSE 0 END "
         "FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS w(tenant, connection, place) "
         "JOIN tenant t ON t.id = w.tenant AND t.state <> 3 LEFT JOIN connection n ON n.id = w.connection AND n.state <> 3 "
         "LEFT JOIN source o ON o.id = n.source_id LEFT JOIN shard h ON h.id = t.shard LEFT JOIN node m ON m.incarnation = h.owner AND m.state <> 3 "
         "LEFT JOIN standing s ON s.connection_id = n.id LEFT JOIN due d ON d.connection_id = n.id CROSS JOIN LATERAL (SELECT "
         + reason + " AS reason) y CROSS JOIN LATERAL (SELECT y.reason, coalesce(y.reason BETWEEN 1 AND 6 AND s.teller = h.owner "
         "AND s.told = y.reason, false) AS told) x ORDER BY w.place";
}

} // namespace lode
