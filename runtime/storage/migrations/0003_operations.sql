-- Named operations beside the commit. Each is one transaction that locks the shard row first, as a commit does, so none
-- overlaps a commit of the same shard. What they refuse has an SQLSTATE of its own:
-- LD002 not the owner, LD003 conflict, LD004 not found, LD005 bad argument.

-- Pages in flight are refused after this. The jump is far wider than any window of pages fetched ahead, so that none of
-- them meets its version by accident.
CREATE FUNCTION lode_raise_versions(p_connections bigint[], p_cancel boolean, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE continuation c
  SET version = c.version + 1048576, phase = CASE WHEN p_cancel THEN 3 ELSE c.phase END,
      state = CASE WHEN p_cancel THEN '' ELSE c.state END, reason = CASE WHEN p_cancel THEN p_reason ELSE c.reason END
  FROM run r
  WHERE r.connection_id = ANY (p_connections) AND r.phase = 0 AND c.run_id = r.id AND c.phase = 0;
  IF p_cancel THEN
    UPDATE run SET phase = 3, open = 0, ended = now(), reason = p_reason
    WHERE connection_id = ANY (p_connections) AND phase = 0;
  END IF;
END $$;

CREATE FUNCTION lode_start_run(
  p_incarnation bigint, p_connection bigint, p_shard bigint, p_epoch bigint, p_kind bigint,
  p_stream bigint[], p_partition text[], p_from bigint[], p_to bigint[], p_state bytea[], p_next_due bigint,
  OUT out_run bigint, OUT out_opened bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  v_connection record;
BEGIN
  PERFORM 1 FROM shard WHERE id = p_shard AND owner = p_incarnation AND epoch = p_epoch FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'shard % at epoch % is not owned by this node', p_shard, p_epoch USING ERRCODE = 'LD002';
  END IF;
  SELECT c.tenant_id, c.shard, c.name, greatest(c.state, t.state) AS state INTO v_connection
  FROM connection c JOIN tenant t ON t.id = c.tenant_id WHERE c.id = p_connection;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  ELSIF v_connection.shard <> p_shard THEN
    RAISE EXCEPTION 'connection % lives in shard %, the claim is for shard %', p_connection, v_connection.shard, p_shard
      USING ERRCODE = 'LD002';
  ELSIF v_connection.state <> 0 THEN
    RAISE EXCEPTION 'connection % or its tenant is not active', v_connection.name USING ERRCODE = 'LD003';
  ELSIF EXISTS (SELECT FROM run WHERE connection_id = p_connection AND kind = p_kind AND phase = 0) THEN
    RAISE EXCEPTION 'connection % has an open run of this kind', v_connection.name USING ERRCODE = 'LD003';
  ELSIF EXISTS (SELECT FROM unnest(p_stream) AS wanted(id)
                LEFT JOIN stream s ON s.id = wanted.id AND s.connection_id = p_connection WHERE s.id IS NULL) THEN
    RAISE EXCEPTION 'a stream of the run does not belong to connection %', v_connection.name USING ERRCODE = 'LD005';
  END IF;

  INSERT INTO run (tenant_id, connection_id, shard, kind, open, phase, ended)
  VALUES (v_connection.tenant_id, p_connection, p_shard, p_kind, cardinality(p_stream),
          CASE cardinality(p_stream) WHEN 0 THEN 1 ELSE 0 END, CASE cardinality(p_stream) WHEN 0 THEN now() END)
  RETURNING id INTO out_run;
  out_opened := ARRAY(SELECT nextval('continuation_id') FROM generate_series(1, cardinality(p_stream)));
  INSERT INTO continuation (id, run_id, stream_id, partition, slice_from, slice_to, state)
  SELECT o.id, out_run, o.stream, o.partition, o.slice_from, o.slice_to, o.state
  FROM unnest(out_opened, p_stream, p_partition, p_from, p_to, p_state)
       AS o(id, stream, partition, slice_from, slice_to, state);
  IF p_kind IN (0, 1, 4) THEN -- a backfill or a repair says nothing about where a partition begins
    INSERT INTO stream_cursor (stream_id, partition, known_up_to)
    SELECT o.stream, o.partition, min(o.slice_from)
    FROM unnest(p_stream, p_partition, p_from, p_to) AS o(stream, partition, slice_from, slice_to)
    WHERE o.slice_from <> 0 OR o.slice_to <> 0 GROUP BY o.stream, o.partition ON CONFLICT DO NOTHING;
  END IF;
  IF p_next_due IS NOT NULL THEN
    INSERT INTO due (connection_id, tenant_id, shard, due, kind)
    VALUES (p_connection, v_connection.tenant_id, p_shard, p_next_due, 0)
    ON CONFLICT (connection_id) DO UPDATE SET due = EXCLUDED.due, kind = EXCLUDED.kind;
  END IF;
END $$;

CREATE FUNCTION lode_cancel_run(p_run bigint, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM run WHERE id = p_run) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no run %', p_run USING ERRCODE = 'LD004';
  END IF;
  UPDATE continuation SET version = version + 1048576, phase = 3, state = '', reason = p_reason
  WHERE run_id = p_run AND phase = 0;
  UPDATE run SET phase = 3, open = 0, ended = now(), reason = p_reason WHERE id = p_run AND phase = 0;
END $$;

-- States: 0 active, 1 paused, 2 suspended, 3 deleting. Runs stay open: they go on when the connection is active again.
CREATE FUNCTION lode_set_connection_state(p_connection bigint, p_state bigint, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection AND state <> 3)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  END IF;
  IF p_state <> 0 THEN
    PERFORM lode_raise_versions(ARRAY[p_connection], false, '');
  END IF;
  UPDATE connection SET state = p_state, reason = p_reason WHERE id = p_connection;
END $$;

CREATE FUNCTION lode_set_tenant_state(p_tenant bigint, p_state bigint, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM tenant WHERE id = p_tenant AND state <> 3) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no tenant %', p_tenant USING ERRCODE = 'LD004';
  END IF;
  IF p_state <> 0 THEN
    PERFORM lode_raise_versions(ARRAY(SELECT id FROM connection WHERE tenant_id = p_tenant), false, '');
  END IF;
  UPDATE tenant SET state = p_state, reason = p_reason WHERE id = p_tenant;
END $$;

-- Sets or (null) forgets what a partition is known up to; its pages in flight are refused, its open slices end.
CREATE FUNCTION lode_set_cursor(p_stream bigint, p_partition text, p_known_up_to bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM stream WHERE id = p_stream) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no stream %', p_stream USING ERRCODE = 'LD004';
  END IF;
  WITH ended AS (
    UPDATE continuation c
    SET version = c.version + 1048576, phase = 3, state = '', reason = 'the cursor was set'
    FROM run r JOIN stream s ON s.connection_id = r.connection_id
    WHERE s.id = p_stream AND r.phase = 0 AND c.run_id = r.id AND c.phase = 0
      AND c.stream_id = p_stream AND c.partition = p_partition
    RETURNING c.run_id),
  counted AS (SELECT run_id, count(*) AS n FROM ended GROUP BY run_id)
  UPDATE run r SET open = r.open - n, phase = CASE WHEN r.open = n THEN 2 ELSE 0 END,
                   ended = CASE WHEN r.open = n THEN now() END, reason = 'the cursor was set'
  FROM counted WHERE r.id = counted.run_id;
  DELETE FROM closed_interval WHERE stream_id = p_stream AND partition = p_partition;
  DELETE FROM stream_cursor WHERE stream_id = p_stream AND partition = p_partition;
  IF p_known_up_to IS NOT NULL THEN
    INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (p_stream, p_partition, p_known_up_to);
  END IF;
END $$;

-- Erases a tenant (p_connection null) or one connection: first this, then lode_erase_some until it returns 0.
CREATE FUNCTION lode_begin_erase(p_tenant bigint, p_connection bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_connections bigint[];
BEGIN
  PERFORM 1 FROM shard
  WHERE id = coalesce((SELECT shard FROM tenant WHERE id = p_tenant),
                      (SELECT shard FROM connection WHERE id = p_connection)) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no tenant % or connection %', p_tenant, p_connection USING ERRCODE = 'LD004';
  END IF;
  v_connections := ARRAY(SELECT id FROM connection WHERE tenant_id = p_tenant OR id = p_connection);
  PERFORM lode_raise_versions(v_connections, true, 'is being erased');
  UPDATE tenant SET state = 3, reason = 'is being erased' WHERE id = p_tenant;
  UPDATE connection SET state = 3, reason = 'is being erased', sealed_secrets = '', configuration = '{}'
  WHERE id = ANY (v_connections);
  DELETE FROM due WHERE connection_id = ANY (v_connections);
END $$;

-- Bounded: at most `p_rows` rows in this transaction. Holds no shard lock: nothing writes for what is being erased.
CREATE FUNCTION lode_erase_some(p_tenant bigint, p_connection bigint, p_rows bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_connections bigint[] := ARRAY(SELECT id FROM connection
                                  WHERE state = 3 AND (tenant_id = p_tenant OR id = p_connection));
  v_streams bigint[] := ARRAY(SELECT id FROM stream WHERE connection_id = ANY (v_connections));
  v_shard bigint := coalesce((SELECT shard FROM tenant WHERE id = p_tenant AND state = 3),
                             (SELECT shard FROM connection WHERE id = p_connection AND state = 3));
  v_step text[];
  v_rows bigint;
  v_left bigint := p_rows;
BEGIN
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

-- A feed partition per week, five weeks ahead. Called at every start; what falls behind them lands in feed_default.
CREATE FUNCTION lode_feed_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_monday timestamptz;
BEGIN
  FOR i IN 0..5 LOOP
    v_monday := (date_trunc('week', now() AT TIME ZONE 'UTC') + i * interval '7 days') AT TIME ZONE 'UTC';
    IF to_regclass('feed_' || to_char(v_monday AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF feed FOR VALUES FROM (%L) TO (%L)',
                     'feed_' || to_char(v_monday AT TIME ZONE 'UTC', 'YYYYMMDD'), v_monday,
                     v_monday + interval '7 days');
    END IF;
  END LOOP;
END $$;
SELECT lode_feed_partitions();
