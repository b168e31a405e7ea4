#pragma once

#include <string>

namespace lode::test {

/// Fills an empty store: `count` tenants with a connection each ("main") over five sources (the fifth has one in a thousand), spread over
/// the shards of two nodes that live and, one shard in fifty, of one that is gone. One in twenty has an open run and is told of; some wait,
/// some are paused, suspended, not heard, or never due; some of what is told is of a life that owns the shard no more.
inline std::string many_tenants(int count) {
  const auto n = std::to_string(count);
  return "INSERT INTO node (incarnation, name, state, ended) VALUES (11, 'n1', 1, NULL), (12, 'n2', 1, NULL), (13, 'n3', 3, now());"
         "UPDATE shard SET owner = CASE WHEN id % 50 = 0 THEN 13 ELSE 11 + id % 2 END, epoch = 1;"
         "INSERT INTO source (name, version, manifest) SELECT 'source-' || i, 'v1', '' FROM generate_series(1, 5) i;"
         "INSERT INTO tenant (id, name, shard) SELECT nextval('tenant_id'), 'tenant-' || lpad(((i::bigint * 7919) % 1000000)::text, 6, '0'), "
         "(i::bigint * 2654435761) % 4096 FROM generate_series(1, " + n + ") i;"
         "INSERT INTO connection (tenant_id, shard, source_id, name) SELECT id, shard, 1 + CASE WHEN id % 1000 = 0 THEN 4 ELSE id % 4 END, 'main' "
         "FROM tenant ORDER BY id;"
         "INSERT INTO stream (tenant_id, connection_id, shard, name) SELECT tenant_id, id, shard, 'orders' FROM connection ORDER BY id;"
         "INSERT INTO due SELECT id, tenant_id, shard, (extract(epoch FROM now()) * 1000000)::bigint + (id * 7919 % 900 - 30) * 1000000 + id, 0 "
         "FROM connection WHERE id % 70 <> 0;"
         "INSERT INTO run (tenant_id, connection_id, shard, kind, phase, open, started, ended) SELECT tenant_id, id, shard, 0, 1, 0, "
         "now() - interval '20 min', now() - interval '19 min' FROM connection ORDER BY id;"
         "INSERT INTO run (tenant_id, connection_id, shard, kind, open) SELECT tenant_id, id, shard, 0, 3 FROM connection WHERE id % 20 = 0 ORDER BY id;"
         "INSERT INTO continuation (id, run_id, stream_id, slice_from, slice_to, partition, state) SELECT nextval('continuation_id'), r.id, s.id, 0, 0, "
         "p::text, '' FROM run r JOIN stream s ON s.connection_id = r.connection_id CROSS JOIN generate_series(1, 3) p WHERE r.phase = 0;"
         "INSERT INTO standing (connection_id, tenant_id, shard, source_id, teller, told, told_since, rate, detail) "
         "SELECT n.id, n.tenant_id, n.shard, n.source_id, CASE WHEN n.id % 300 = 0 THEN 99 ELSE s.owner END, "
         "CASE n.id % 100 WHEN 0 THEN 2 WHEN 20 THEN 4 WHEN 40 THEN 5 WHEN 60 THEN 1 ELSE 0 END, "
         "(extract(epoch FROM now()) * 1000000)::bigint - n.id * 1000, CASE WHEN n.id % 40 = 0 THEN n.id ELSE 0 END, '429 of the API' "
         "FROM connection n JOIN shard s ON s.id = n.shard WHERE n.id % 20 = 0;"
         "UPDATE tenant SET state = 1, reason = 'moved out' WHERE id % 111 = 0;"
         "UPDATE connection SET state = 2, reason = '401' WHERE id % 500 = 7;"
         "INSERT INTO listener (connection_id, tenant_id, shard, epoch, subscription, edition, since, healthy_until, state) "
         "SELECT id, tenant_id, shard, 1, id, 0, 0, 0, 0 FROM connection WHERE id % 90 = 1; UPDATE listener SET state = 1;"
         "INSERT INTO dead_letter (tenant_id, connection_id, stream_id, run_id, order_field, order_epoch, order_counter, key, payload, reason) "
         "SELECT tenant_id, connection_id, id, 1, 0, 0, 0, 'k', '{}', 'no key' FROM stream WHERE id % 10 = 3 ORDER BY id; ANALYZE;";
}

} // namespace lode::test
