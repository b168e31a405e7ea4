-- What people look at over all tenants, and what they ask for beside it. Indexes that let a page of a list be read without the rest.
CREATE INDEX tenant_stopped ON tenant (id) WHERE state IN (1, 2);
CREATE INDEX connection_source ON connection (source_id, id);
CREATE INDEX connection_shard ON connection (shard, id);
CREATE INDEX due_of_connection ON due (due, connection_id);
DROP INDEX due_due;
-- Both conditions are on columns that other indexes of these tables have too: no update becomes dearer.
CREATE INDEX run_troubled ON run (phase, id) WHERE phase > 1;
CREATE INDEX run_asked ON run (kind, id) WHERE kind <> 0;
CREATE INDEX continuation_held ON continuation (id) WHERE sweeps AND phase = 2;

-- Who changed what.
CREATE TABLE audit (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT now(),
  node       text NOT NULL,
  who        text NOT NULL,
  method     text NOT NULL,
  path       text NOT NULL,
  tenant     text COLLATE "C" NOT NULL, -- as the path names it; '' = of none
  connection text NOT NULL,
  status     bigint NOT NULL -- of the answer; 0 = not known: the node is at it, or ended over it
);
CREATE INDEX audit_tenant ON audit (tenant, id);

-- Ninety days of who changed what, a hundred thousand entries at most; the last fifty moves. At most `p_rows` of each.
CREATE FUNCTION lode_trim_console(p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint;
  v_moves bigint;
BEGIN
  DELETE FROM audit WHERE id IN (
    SELECT id FROM audit WHERE at < now() - interval '90 days' OR id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET 100000)
    ORDER BY id LIMIT p_rows FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  DELETE FROM shard_move WHERE id IN (
    SELECT id FROM shard_move WHERE id <= (SELECT id FROM shard_move ORDER BY id DESC LIMIT 1 OFFSET 1000)
    ORDER BY id LIMIT p_rows FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_moves = ROW_COUNT;
  RETURN greatest(v_gone, v_moves);
END $$;

-- Begins streams anew: runs that read them end, and nothing is known of them; what was mined stays. Returns the runs; the same again
-- under one id returns them again.
CREATE FUNCTION lode_reset(p_id text, p_connection bigint, p_streams bigint[], p_reason text) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  v_tenant bigint := (SELECT tenant_id FROM connection WHERE id = p_connection AND state <> 3);
  v_runs bigint[];
BEGIN
  IF v_tenant IS NULL OR EXISTS (SELECT FROM unnest(p_streams) AS w(id) LEFT JOIN stream s ON s.id = w.id AND s.connection_id = p_connection
                                 WHERE s.id IS NULL) THEN
    RAISE EXCEPTION 'there is no such stream of connection %', p_connection USING ERRCODE = 'LD004';
  ELSIF NOT lode_once(p_id, v_tenant, format('reset of connection %s, streams %s', p_connection, p_streams)) THEN
    RETURN (SELECT string_to_array(reason, ' ')::bigint[] FROM command WHERE id = p_id);
  END IF;
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection) FOR NO KEY UPDATE;
  v_runs := ARRAY(SELECT r.id FROM run r WHERE r.connection_id = p_connection AND r.phase = 0
                  AND EXISTS (SELECT FROM continuation c WHERE c.run_id = r.id AND c.phase = 0 AND c.stream_id = ANY (p_streams)) ORDER BY r.id);
  PERFORM lode_cancel_run(r, p_reason) FROM unnest(v_runs) AS r;
  PERFORM lode_set_cursor(stream_id, partition, NULL) FROM (
    SELECT stream_id, partition FROM stream_cursor WHERE stream_id = ANY (p_streams)
    UNION SELECT stream_id, partition FROM anchor WHERE stream_id = ANY (p_streams)
    UNION SELECT stream_id, partition FROM closed_interval WHERE stream_id = ANY (p_streams)) known;
  DELETE FROM full_pass WHERE stream_id = ANY (p_streams);
  UPDATE command SET reason = array_to_string(v_runs, ' ') WHERE id = p_id;
  RETURN v_runs;
END $$;

-- A backfill of a span: of these streams ('{}': of all), and no more than it. Both null: as a backfill without one.
ALTER TABLE requested_run ADD COLUMN from_us bigint, ADD COLUMN to_us bigint, ADD COLUMN streams bigint[] NOT NULL DEFAULT '{}';

-- As lode_request_run_once. LD003: one of another span was asked for, and has not begun.
CREATE FUNCTION lode_request_backfill(p_id text, p_connection bigint, p_from bigint, p_to bigint, p_streams bigint[], p_now bigint,
                                      OUT out_answer bigint, OUT out_run bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_tenant bigint := (SELECT tenant_id FROM connection WHERE id = p_connection AND state <> 3);
BEGIN
  IF v_tenant IS NULL THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  ELSIF NOT lode_once(p_id, v_tenant, format('backfill of connection %s, %s to %s, streams %s', p_connection, p_from, p_to, p_streams)) THEN
    SELECT split_part(reason, ' ', 1)::bigint, nullif(split_part(reason, ' ', 2), '')::bigint INTO out_answer, out_run
    FROM command WHERE id = p_id;
    RETURN;
  END IF;
  SELECT r.out_answer, r.out_run INTO out_answer, out_run FROM lode_request_run(p_connection, 2, p_now) r;
  IF out_answer = 0 THEN
    UPDATE requested_run SET from_us = p_from, to_us = p_to, streams = p_streams WHERE connection_id = p_connection AND kind = 2;
  ELSIF out_answer = 1 AND NOT EXISTS (SELECT FROM requested_run WHERE connection_id = p_connection AND kind = 2
                                       AND from_us = p_from AND to_us = p_to AND streams = p_streams) THEN
    RAISE EXCEPTION 'a backfill of another span was asked for and has not begun' USING ERRCODE = 'LD003';
  END IF;
  UPDATE command SET reason = concat_ws(' ', out_answer, out_run) WHERE id = p_id;
END $$;
