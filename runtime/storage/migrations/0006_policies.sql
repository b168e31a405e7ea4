-- What schedules and sources ask for beyond the next due time: runs that follow an open one, intervals that feedback moves,
-- full passes, streams that stop. Rows go with their connection or stream. Functions lock the shard row first, as in 0003.

-- A run that came due while this one was open begins when it ends.
ALTER TABLE run ADD COLUMN is_followed boolean NOT NULL DEFAULT false;

-- Marks the open scheduled run of a connection and moves the due time on (null: none). No open run: changes nothing, what is
-- due stays due.
CREATE FUNCTION lode_queue_run(p_connection bigint, p_next_due bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection) FOR NO KEY UPDATE;
  UPDATE run SET is_followed = true WHERE connection_id = p_connection AND kind = 0 AND phase = 0;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF p_next_due IS NULL THEN
    DELETE FROM due WHERE connection_id = p_connection AND kind = 0;
  ELSE
    UPDATE due SET due = p_next_due WHERE connection_id = p_connection AND kind = 0;
  END IF;
END $$;

-- However a run ends, its end and the due time of the one that follows are one transaction.
CREATE FUNCTION lode_follow_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
  UPDATE due SET due = least(due, v_now) WHERE connection_id = NEW.connection_id AND kind = 0;
  IF NOT FOUND THEN
    INSERT INTO due (connection_id, tenant_id, shard, due, kind)
    SELECT id, tenant_id, shard, v_now, 0 FROM connection WHERE id = NEW.connection_id AND state <> 3
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER run_followed AFTER UPDATE OF phase ON run FOR EACH ROW
WHEN (OLD.phase = 0 AND NEW.phase <> 0 AND NEW.is_followed) EXECUTE FUNCTION lode_follow_run();

-- The interval that feedback has arrived at. It counts as long as the schedule itself says `every_ms`.
CREATE TABLE pace (
  connection_id bigint PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
  run_id        bigint NOT NULL, -- the run that moved it last: no run moves it twice
  every_ms      bigint NOT NULL,
  interval_ms   bigint NOT NULL
);

-- Moves the interval and the due time with it; not one that has come (`p_now`) or that follows this run at once.
CREATE FUNCTION lode_set_pace(
  p_connection bigint, p_run bigint, p_every_ms bigint, p_interval_ms bigint, p_shift bigint, p_now bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection) FOR NO KEY UPDATE;
  INSERT INTO pace AS p (connection_id, run_id, every_ms, interval_ms)
  SELECT id, p_run, p_every_ms, p_interval_ms FROM connection WHERE id = p_connection
  ON CONFLICT (connection_id) DO UPDATE
  SET run_id = EXCLUDED.run_id, every_ms = EXCLUDED.every_ms, interval_ms = EXCLUDED.interval_ms
  WHERE p.run_id < EXCLUDED.run_id;
  IF FOUND THEN
    UPDATE due SET due = due + p_shift
    WHERE connection_id = p_connection AND kind = 0 AND due > p_now
      AND NOT EXISTS (SELECT FROM run WHERE id = p_run AND is_followed);
  END IF;
END $$;

-- Reading a stream from the beginning although its cursor is further on (x-lode.full_pass_every).
CREATE TABLE full_pass (
  stream_id bigint PRIMARY KEY REFERENCES stream (id) ON DELETE CASCADE,
  completed bigint,                    -- when the latest pass that read all of it began; null: there was none
  run_id    bigint NOT NULL DEFAULT 0, -- the run of the pass that has begun since; 0: none
  began     bigint NOT NULL DEFAULT 0,
  needs     bigint[] NOT NULL DEFAULT '{}' -- streams that the run must read to their end: this one and its parents
);

-- Settles the passes whose run has ended, so that each is looked into once, and returns where all stand.
CREATE FUNCTION lode_full_passes(p_connection bigint)
RETURNS TABLE (out_stream bigint, out_completed bigint, out_is_open boolean) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE full_pass f
  SET run_id = 0,
      completed = CASE
        WHEN EXISTS (SELECT FROM run r WHERE r.id = f.run_id AND r.phase IN (1, 2))
         AND NOT EXISTS (SELECT FROM continuation c WHERE c.run_id = f.run_id AND c.stream_id = ANY (f.needs)
                         AND (c.phase <> 1 OR c.reason <> '')) -- a closed slice with a reason: its rows kept shifting
        THEN f.began ELSE f.completed END
  FROM stream s
  WHERE s.connection_id = p_connection AND f.stream_id = s.id AND f.run_id <> 0
    AND NOT EXISTS (SELECT FROM run r WHERE r.id = f.run_id AND r.phase = 0);
  RETURN QUERY SELECT f.stream_id, f.completed, f.run_id <> 0
               FROM full_pass f JOIN stream s ON s.id = f.stream_id WHERE s.connection_id = p_connection ORDER BY 1;
END $$;

-- Ends what is left of a stream in a run: its open slices fail and stay owed, pages in flight are refused. A run that has
-- ended meanwhile is incomplete all the same.
CREATE FUNCTION lode_stop_stream(p_run bigint, p_stream bigint, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_ended bigint;
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM run WHERE id = p_run) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no run %', p_run USING ERRCODE = 'LD004';
  END IF;
  UPDATE continuation SET version = version + 1048576, phase = 2, state = '', reason = p_reason
  WHERE run_id = p_run AND stream_id = p_stream AND phase = 0;
  GET DIAGNOSTICS v_ended = ROW_COUNT;
  UPDATE run
  SET open = open - v_ended, failed = failed + v_ended, reason = CASE reason WHEN '' THEN p_reason ELSE reason END,
      phase = CASE WHEN phase = 3 OR open > v_ended THEN phase ELSE 2 END,
      ended = CASE WHEN phase = 0 AND open = v_ended THEN now() ELSE ended END
  WHERE id = p_run;
END $$;
