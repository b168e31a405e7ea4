-- What is removed: by people, and because it is old.

-- As in 0008, but short whatever the size: open slices and runs stay as they are until lode_erase_some takes them away. The
-- commit refuses pages of what has this state, and nothing else goes on with them.
CREATE OR REPLACE FUNCTION lode_begin_erase(p_tenant bigint, p_connection bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard
  WHERE id = coalesce((SELECT shard FROM tenant WHERE id = p_tenant),
                      (SELECT shard FROM connection WHERE id = p_connection)) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no tenant % or connection %', p_tenant, p_connection USING ERRCODE = 'LD004';
  END IF;
  UPDATE tenant SET state = 3, reason = 'is being erased' WHERE id = p_tenant;
  UPDATE connection SET state = 3, reason = 'is being erased', sealed_secrets = '', configuration = '{}'
  WHERE tenant_id = p_tenant OR id = p_connection;
  DELETE FROM due WHERE connection_id IN (SELECT id FROM connection WHERE tenant_id = p_tenant OR id = p_connection);
END $$;

-- As in 0003, but one at a time for each tenant. Of two that erase the same, the second would wait for the rows of the first,
-- find them gone, take that for the end of the table, and erase the streams that the rest of their records is found by. No row
-- lock: who changes the tenant's state holds its shard.
CREATE OR REPLACE FUNCTION lode_erase_some(p_tenant bigint, p_connection bigint, p_rows bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_connections bigint[];
  v_streams bigint[];
  v_shard bigint;
  v_step text[];
  v_rows bigint;
  v_left bigint := p_rows;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(
    'lode erases from tenant ' || coalesce(p_tenant, (SELECT tenant_id FROM connection WHERE id = p_connection)), 0));
  v_connections := ARRAY(SELECT id FROM connection WHERE state = 3 AND (tenant_id = p_tenant OR id = p_connection));
  v_streams := ARRAY(SELECT id FROM stream WHERE connection_id = ANY (v_connections));
  v_shard := coalesce((SELECT shard FROM tenant WHERE id = p_tenant AND state = 3),
                      (SELECT shard FROM connection WHERE id = p_connection AND state = 3));
  IF v_shard IS NULL THEN
    IF EXISTS (SELECT FROM tenant WHERE id = p_tenant) OR EXISTS (SELECT FROM connection WHERE id = p_connection) THEN
      RAISE EXCEPTION 'tenant % or connection % is not being erased: begin_erase first', p_tenant, p_connection
        USING ERRCODE = 'LD005';
    END IF;
    RETURN 0;
  END IF;
  FOREACH v_step SLICE 1 IN ARRAY ARRAY[
    ['record', 'shard, stream_id, key', 'shard = $1 AND stream_id = ANY ($2)'],
    ['feed', 'shard, base_seq, created', 'shard = $1 AND connection_id = ANY ($3)'],
    ['dead_letter', 'id', 'stream_id = ANY ($2)'],
    ['closed_interval', 'stream_id, partition, from_us', 'stream_id = ANY ($2)'],
    ['stream_cursor', 'stream_id, partition', 'stream_id = ANY ($2)'],
    ['continuation', 'id', 'run_id IN (SELECT id FROM run WHERE connection_id = ANY ($3))'],
    ['run', 'id', 'connection_id = ANY ($3)'],
    ['due', 'connection_id', 'connection_id = ANY ($3)'],
    ['stream', 'id', 'connection_id = ANY ($3)'],
    ['connection', 'id', 'id = ANY ($3)'],
    ['tenant', 'id', 'id = $4 AND state = 3']]
  LOOP
    EXECUTE format('DELETE FROM %1$I WHERE %3$s AND (%2$s) IN (SELECT %2$s FROM %1$I WHERE %3$s LIMIT $5)',
                   v_step[1], v_step[2], v_step[3])
    USING v_shard, v_streams, v_connections, p_tenant, v_left;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    v_left := v_left - v_rows;
    EXIT WHEN v_left <= 0;
  END LOOP;
  RETURN p_rows - v_left;
END $$;

-- As in 0003, but a week that has rows in feed_default stays there and keeps no other week from being made.
CREATE OR REPLACE FUNCTION lode_feed_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_monday timestamptz;
BEGIN
  FOR i IN 0..5 LOOP
    v_monday := (date_trunc('week', now() AT TIME ZONE 'UTC') + i * interval '7 days') AT TIME ZONE 'UTC';
    IF to_regclass('feed_' || to_char(v_monday AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NULL
       AND NOT EXISTS (SELECT FROM feed_default WHERE created >= v_monday AND created < v_monday + interval '7 days') THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF feed FOR VALUES FROM (%L) TO (%L) WITH (toast_tuple_target = 8160)',
                     'feed_' || to_char(v_monday AT TIME ZONE 'UTC', 'YYYYMMDD'), v_monday,
                     v_monday + interval '7 days');
    END IF;
  END LOOP;
END $$;

-- A row is a page, which is read whole or not at all: it stays in one piece, not compressed, as long as it fits a block.
DO $$
DECLARE
  v_partition regclass;
BEGIN
  FOR v_partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'feed'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', v_partition);
  END LOOP;
END $$;

-- Rows that found no partition of their week go as those do: when all of the week is older than `p_keep` microseconds. At most
-- `p_rows` of them; returns how many. Locks their shards first, as a commit does, and notes in each what is gone.
CREATE FUNCTION lode_trim_feed_strays(p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_before timestamptz := date_trunc('week', (now() - p_keep * interval '1 microsecond') AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
  v_shards bigint[] := ARRAY(SELECT DISTINCT shard FROM (SELECT shard FROM feed_default WHERE created < v_before
                                                         ORDER BY shard, base_seq LIMIT p_rows) oldest);
  v_gone bigint;
BEGIN
  PERFORM 1 FROM shard WHERE id = ANY (v_shards) ORDER BY id FOR NO KEY UPDATE;
  WITH gone AS (
    DELETE FROM feed_default f
    USING (SELECT shard, base_seq, created FROM feed_default WHERE shard = ANY (v_shards) AND created < v_before
           ORDER BY shard, base_seq LIMIT p_rows) oldest
    WHERE f.shard = oldest.shard AND f.base_seq = oldest.base_seq AND f.created = oldest.created
    RETURNING f.shard, f.base_seq + f.count - 1 AS last),
  noted AS (
    UPDATE shard s SET feed_trimmed = greatest(s.feed_trimmed, l.last)
    FROM (SELECT shard, max(last) AS last FROM gone GROUP BY shard) l WHERE s.id = l.shard)
  SELECT count(*) INTO v_gone FROM gone;
  RETURN v_gone;
END $$;
