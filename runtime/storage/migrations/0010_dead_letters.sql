-- A record that cannot be used comes again with every pass: it is one dead letter, however often it is seen.

-- The same key, text and reason in one stream; null: written before this, may stand there repeatedly until it is removed.
ALTER TABLE dead_letter ADD COLUMN fingerprint uuid;
-- `created` is when it was first seen, `run_id` and `order_*` are those of the last time.
ALTER TABLE dead_letter ADD COLUMN last_seen timestamptz; -- null: not seen again
ALTER TABLE dead_letter ADD COLUMN times bigint NOT NULL DEFAULT 1; -- runs that met it
CREATE UNIQUE INDEX dead_letter_once ON dead_letter (stream_id, fingerprint) WHERE fingerprint IS NOT NULL;

-- A run counts once, however often it reads the page; what belongs to no run counts each time. The caller holds the lock of
-- the stream's shard.
CREATE FUNCTION lode_bury(
  p_tenant bigint, p_connection bigint, p_stream bigint, p_run bigint, p_field bigint, p_epoch bigint, p_counter bigint,
  p_key text, p_payload text, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dead_letter AS d (tenant_id, connection_id, stream_id, run_id, order_field, order_epoch, order_counter, key,
                                payload, reason, fingerprint)
  VALUES (p_tenant, p_connection, p_stream, p_run, p_field, p_epoch, p_counter, p_key, p_payload, p_reason,
          md5(md5(p_key) || md5(p_payload) || p_reason)::uuid)
  ON CONFLICT (stream_id, fingerprint) WHERE fingerprint IS NOT NULL DO UPDATE
  SET last_seen = now(), times = d.times + (EXCLUDED.run_id = 0 OR d.run_id <> EXCLUDED.run_id)::int,
      run_id = EXCLUDED.run_id, order_field = EXCLUDED.order_field, order_epoch = EXCLUDED.order_epoch,
      order_counter = EXCLUDED.order_counter;
END $$;

-- Looks at the next `p_rows` dead letters after `p_after`, in order of their ids, which follow the time when they were first
-- seen, and removes those that were last seen longer ago than `p_keep` microseconds. Returns where to go on, null at the end.
CREATE FUNCTION lode_trim_dead_letters(p_after bigint, p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_before timestamptz := now() - p_keep * interval '1 microsecond';
  v_last bigint;
  v_seen bigint;
  v_youngest timestamptz;
BEGIN
  SELECT max(id), count(*), max(created) INTO v_last, v_seen, v_youngest
  FROM (SELECT id, created FROM dead_letter WHERE id > p_after ORDER BY id LIMIT p_rows) looked_at;
  DELETE FROM dead_letter WHERE id > p_after AND id <= v_last AND coalesce(last_seen, created) < v_before;
  RETURN CASE WHEN v_seen = p_rows AND v_youngest < v_before THEN v_last END;
END $$;
