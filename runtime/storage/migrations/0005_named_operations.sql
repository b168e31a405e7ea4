-- Named operations that took two steps, each in one transaction. As in 0003 they lock the shard row first; what they
-- refuse has the SQLSTATEs of 0003, and LD006 stale, LD007 needs a person.

-- Creates or changes a connection, its streams and, where the schedule is new, its due time (null: not by itself). A
-- stream of a higher generation is a new row; those no longer wanted stay, not chosen.
CREATE FUNCTION lode_put_connection(
  p_tenant bigint, p_source bigint, p_name text, p_configuration text, p_secrets bytea, p_schedule text,
  p_stream text[], p_generation bigint[], p_first_due bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_shard bigint;
  v_schedule text;
  v_connection bigint;
BEGIN
  SELECT id INTO v_shard FROM shard WHERE id = (SELECT shard FROM tenant WHERE id = p_tenant) FOR NO KEY UPDATE;
  -- Looked at under the lock: a removal holds it while it begins.
  IF NOT EXISTS (SELECT FROM tenant WHERE id = p_tenant AND state <> 3) THEN
    RAISE EXCEPTION 'there is no tenant %', p_tenant USING ERRCODE = 'LD004';
  ELSIF NOT EXISTS (SELECT FROM source WHERE id = p_source) THEN
    RAISE EXCEPTION 'there is no source %', p_source USING ERRCODE = 'LD004';
  END IF;

  SELECT schedule INTO v_schedule FROM connection WHERE tenant_id = p_tenant AND name = p_name AND state <> 3;
  INSERT INTO connection AS c (tenant_id, shard, source_id, name, configuration, sealed_secrets, schedule)
  VALUES (p_tenant, v_shard, p_source, p_name, p_configuration, p_secrets, p_schedule)
  ON CONFLICT (tenant_id, name) WHERE state <> 3 DO UPDATE
  SET source_id = EXCLUDED.source_id, configuration = EXCLUDED.configuration, schedule = EXCLUDED.schedule,
      sealed_secrets = CASE WHEN EXCLUDED.sealed_secrets = '' THEN c.sealed_secrets ELSE EXCLUDED.sealed_secrets END
  RETURNING c.id INTO v_connection;

  WITH wanted AS (
    SELECT w.name, greatest(max(w.generation), coalesce((SELECT max(s.generation) FROM stream s
                                                         WHERE s.connection_id = v_connection AND s.name = w.name), 0))
                   AS generation
    FROM unnest(p_stream, p_generation) AS w(name, generation) GROUP BY w.name),
  chosen AS (
    INSERT INTO stream AS s (tenant_id, connection_id, shard, name, generation)
    SELECT p_tenant, v_connection, v_shard, name, generation FROM wanted
    ON CONFLICT (connection_id, name, generation) DO UPDATE SET chosen = true WHERE NOT s.chosen)
  UPDATE stream s SET chosen = false
  WHERE s.connection_id = v_connection AND s.chosen
    AND NOT EXISTS (SELECT FROM wanted w WHERE w.name = s.name AND w.generation = s.generation);

  IF v_schedule IS DISTINCT FROM p_schedule THEN
    DELETE FROM due WHERE connection_id = v_connection;
    INSERT INTO due (connection_id, tenant_id, shard, due, kind)
    SELECT v_connection, p_tenant, v_shard, p_first_due, 0 WHERE p_first_due IS NOT NULL;
  END IF;
  RETURN v_connection;
END $$;

-- A run that somebody asked for: durable before the asker is answered, gone with the start of its run. The scheduled
-- due time stands in `due` and is not touched. Rows go with their connection when it is erased.
CREATE TABLE requested_run (
  connection_id bigint NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
  kind          bigint NOT NULL,
  tenant_id     bigint NOT NULL,
  shard         bigint NOT NULL,
  requested     bigint NOT NULL, -- when, by the node's clock
  PRIMARY KEY (connection_id, kind)
);

-- out_answer: 0 accepted, 1 asked for already, 2 such a run is open (out_run). Under the shard's lock, as the start of
-- a run is: a request never meets a run of its kind that is just being started.
CREATE FUNCTION lode_request_run(p_connection bigint, p_kind bigint, p_now bigint,
                                 OUT out_answer bigint, OUT out_run bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_connection record;
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection) FOR NO KEY UPDATE;
  SELECT c.tenant_id, c.shard, c.name, greatest(c.state, t.state) AS state INTO v_connection
  FROM connection c JOIN tenant t ON t.id = c.tenant_id WHERE c.id = p_connection AND c.state <> 3;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  ELSIF v_connection.state <> 0 THEN
    RAISE EXCEPTION 'connection % or its tenant is not active', v_connection.name USING ERRCODE = 'LD003';
  END IF;
  SELECT id INTO out_run FROM run WHERE connection_id = p_connection AND kind = p_kind AND phase = 0;
  IF FOUND THEN
    out_answer := 2;
    RETURN;
  END IF;
  INSERT INTO requested_run (connection_id, kind, tenant_id, shard, requested)
  VALUES (p_connection, p_kind, v_connection.tenant_id, v_connection.shard, p_now) ON CONFLICT DO NOTHING;
  out_answer := CASE WHEN FOUND THEN 0 ELSE 1 END;
END $$;

-- Starts a run and takes away what asked for it, in one transaction: a request is started exactly once.
CREATE FUNCTION lode_begin_run(
  p_incarnation bigint, p_connection bigint, p_shard bigint, p_epoch bigint, p_kind bigint,
  p_stream bigint[], p_partition text[], p_from bigint[], p_to bigint[], p_state bytea[], p_next_due bigint,
  OUT out_run bigint, OUT out_opened bigint[])
LANGUAGE plpgsql AS $$
BEGIN
  SELECT s.out_run, s.out_opened INTO out_run, out_opened
  FROM lode_start_run(p_incarnation, p_connection, p_shard, p_epoch, p_kind, p_stream, p_partition, p_from, p_to,
                      p_state, p_next_due) s;
  DELETE FROM requested_run WHERE connection_id = p_connection AND kind = p_kind;
END $$;

-- Each change of a cursor gives it a version that is never used again: an edit names the one that it was made from.
CREATE SEQUENCE cursor_version START 2;
ALTER TABLE stream_cursor ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE stream_cursor ALTER COLUMN version SET DEFAULT nextval('cursor_version');

CREATE OR REPLACE FUNCTION lode_merge_interval(p_stream bigint, p_partition text, p_from bigint, p_to bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_from bigint;
  v_to bigint;
BEGIN
  WITH touching AS (
    DELETE FROM closed_interval
    WHERE stream_id = p_stream AND partition = p_partition AND from_us <= p_to AND to_us >= p_from
    RETURNING from_us, to_us)
  SELECT least(p_from, min(from_us)), greatest(p_to, max(to_us)) INTO v_from, v_to FROM touching;
  INSERT INTO closed_interval (stream_id, partition, from_us, to_us) VALUES (p_stream, p_partition, v_from, v_to);
  UPDATE stream_cursor SET known_up_to = v_to, version = nextval('cursor_version')
  WHERE stream_id = p_stream AND partition = p_partition AND known_up_to >= v_from AND known_up_to < v_to;
END $$;

-- Sets cursors (`c_*`; forgotten: none from now on) and sealed states of open continuations (`k_*`) of one connection,
-- all or nothing, and returns how many differ from what stood there. LD006: something does not stand at the version
-- that the edit was made from. What changes ends its pages in flight; what stays as it is disturbs nothing.
CREATE FUNCTION lode_edit_state(
  p_connection bigint, c_stream bigint[], c_partition text[], c_known bigint[], c_forgotten boolean[],
  c_version bigint[], k_id bigint[], k_version bigint[], k_state bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_wrong text;
  v_edit record;
  v_changed bigint;
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection AND state <> 3)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  END IF;
  PERFORM 1 FROM continuation WHERE id = ANY (k_id) ORDER BY id FOR NO KEY UPDATE;

  SELECT string_agg(format('continuation %s is not open', k.id), '; ') INTO v_wrong
  FROM unnest(k_id) AS k(id)
  WHERE NOT EXISTS (SELECT FROM continuation c JOIN run r ON r.id = c.run_id
                    WHERE c.id = k.id AND c.phase = 0 AND r.connection_id = p_connection);
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', v_wrong USING ERRCODE = 'LD004';
  END IF;
  SELECT string_agg(format('stream %s does not belong to connection %s', e.stream, p_connection), '; ') INTO v_wrong
  FROM unnest(c_stream) AS e(stream)
  WHERE NOT EXISTS (SELECT FROM stream s WHERE s.id = e.stream AND s.connection_id = p_connection);
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', v_wrong USING ERRCODE = 'LD004';
  END IF;

  SELECT string_agg(wrong, '; ') INTO v_wrong FROM (
    SELECT format('the cursor of %s stands at version %s, not %s', concat_ws(' ', s.name, nullif(e.partition, '')),
                  coalesce(k.version, 0), e.version) AS wrong
    FROM unnest(c_stream, c_partition, c_version) AS e(stream, partition, version)
    JOIN stream s ON s.id = e.stream
    LEFT JOIN stream_cursor k ON k.stream_id = e.stream AND k.partition = e.partition
    WHERE coalesce(k.version, 0) <> e.version
    UNION ALL
    SELECT format('continuation %s stands at version %s, not %s', c.id, c.version, e.version)
    FROM unnest(k_id, k_version) AS e(id, version) JOIN continuation c ON c.id = e.id
    WHERE c.version <> e.version) stale;
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', v_wrong USING ERRCODE = 'LD006';
  END IF;

  IF EXISTS (SELECT FROM unnest(c_stream, c_partition) AS e(stream, partition) GROUP BY e.stream, e.partition HAVING count(*) > 1)
    OR EXISTS (SELECT FROM unnest(k_id) AS e(id) GROUP BY e.id HAVING count(*) > 1) THEN
    RAISE EXCEPTION 'a cursor or a continuation is named twice' USING ERRCODE = 'LD005';
  END IF;

  UPDATE continuation c SET state = e.state, version = c.version + 1048576
  FROM unnest(k_id, k_state) AS e(id, state) WHERE c.id = e.id AND c.state <> e.state;
  GET DIAGNOSTICS v_changed = ROW_COUNT;
  FOR v_edit IN
    SELECT e.stream, e.partition, CASE WHEN NOT e.forgotten THEN e.known END AS known
    FROM unnest(c_stream, c_partition, c_known, c_forgotten) AS e(stream, partition, known, forgotten)
    LEFT JOIN stream_cursor k ON k.stream_id = e.stream AND k.partition = e.partition
    WHERE k.known_up_to IS DISTINCT FROM CASE WHEN NOT e.forgotten THEN e.known END
  LOOP
    IF EXISTS (SELECT FROM unnest(k_id, k_version) AS e(id, version) JOIN continuation c ON c.id = e.id
               WHERE c.version <> e.version AND c.stream_id = v_edit.stream AND c.partition = v_edit.partition) THEN
      RAISE EXCEPTION 'a cursor ends the open continuations of its partition: set the one or the other'
        USING ERRCODE = 'LD005';
    END IF;
    PERFORM lode_set_cursor(v_edit.stream, v_edit.partition, v_edit.known);
    v_changed := v_changed + 1;
  END LOOP;
  RETURN v_changed;
END $$;

-- What was begun with the single-use refresh token of a connection: its hash (never the token) and how many requests
-- were begun with it whose outcome nobody knows. Rows go with their connection when it is erased.
CREATE TABLE token_refresh (
  connection_id bigint PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
  token_hash    text NOT NULL,
  begun         bigint NOT NULL
) WITH (fillfactor = 50);

-- The fence of what follows: an exclusive row lock, so that a claim waits for this transaction, or it sees the claim.
CREATE FUNCTION lode_hold_shard(p_incarnation bigint, p_connection bigint, p_shard bigint, p_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = p_shard AND owner = p_incarnation AND epoch = p_epoch FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'shard % at epoch % is not owned by this node', p_shard, p_epoch USING ERRCODE = 'LD002';
  END IF;
  PERFORM 1 FROM connection WHERE id = p_connection AND shard = p_shard AND state <> 3;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  END IF;
END $$;

-- Says that a request with the token of this hash is about to be sent, and returns how many were begun with it before
-- whose outcome is unknown. LD006: the secrets are not `p_secrets` any more. LD007: two are unknown already.
CREATE FUNCTION lode_begin_refresh(p_incarnation bigint, p_connection bigint, p_shard bigint, p_epoch bigint,
                                   p_secrets bytea, p_hash text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_begun bigint;
BEGIN
  PERFORM lode_hold_shard(p_incarnation, p_connection, p_shard, p_epoch);
  IF NOT EXISTS (SELECT FROM connection WHERE id = p_connection AND sealed_secrets = p_secrets) THEN
    RAISE EXCEPTION 'connection % has other secrets by now', p_connection USING ERRCODE = 'LD006';
  END IF;
  INSERT INTO token_refresh AS r (connection_id, token_hash, begun) VALUES (p_connection, p_hash, 1)
  ON CONFLICT (connection_id) DO UPDATE
  SET token_hash = p_hash, begun = CASE r.token_hash WHEN p_hash THEN r.begun + 1 ELSE 1 END
  RETURNING begun - 1 INTO v_begun;
  IF v_begun >= 2 THEN
    RAISE EXCEPTION 'two refreshes of connection % have an unknown outcome', p_connection USING ERRCODE = 'LD007';
  END IF;
  RETURN v_begun;
END $$;

-- The request that was begun last did not use up the token.
CREATE FUNCTION lode_forget_refresh(p_incarnation bigint, p_connection bigint, p_shard bigint, p_epoch bigint,
                                    p_hash text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_hold_shard(p_incarnation, p_connection, p_shard, p_epoch);
  UPDATE token_refresh SET begun = begun - 1 WHERE connection_id = p_connection AND token_hash = p_hash AND begun > 0;
END $$;

-- Replaces the secrets that the refresh was begun with by those that hold the token's successor, and with that nothing
-- is begun any more. LD006: they were replaced by others meanwhile, which stay.
CREATE FUNCTION lode_store_successor(p_incarnation bigint, p_connection bigint, p_shard bigint, p_epoch bigint,
                                     p_before bytea, p_secrets bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_hold_shard(p_incarnation, p_connection, p_shard, p_epoch);
  UPDATE connection SET sealed_secrets = p_secrets WHERE id = p_connection AND sealed_secrets = p_before;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'connection % has other secrets by now', p_connection USING ERRCODE = 'LD006';
  END IF;
  DELETE FROM token_refresh WHERE connection_id = p_connection;
END $$;

-- As lode_set_connection_state; a person who lets a connection go on lets it try its refresh token again.
CREATE FUNCTION lode_change_connection_state(p_connection bigint, p_state bigint, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_set_connection_state(p_connection, p_state, p_reason);
  IF p_state = 0 THEN
    UPDATE token_refresh SET begun = 0 WHERE connection_id = p_connection;
  END IF;
END $$;
