-- Full passes find what is gone: each page leaves the hashes of the keys that it saw, and at the end of the run a sweep,
-- which is one more continuation, deletes what has none and is older than the pass.

ALTER TABLE continuation ADD COLUMN deleted bigint NOT NULL DEFAULT 0;
ALTER TABLE continuation ADD COLUMN sweeps boolean NOT NULL DEFAULT false;
-- Runs of several kinds may be open beside each other: the end of one sweep would take the pass away from under another.
CREATE UNIQUE INDEX continuation_sweep ON continuation (stream_id) WHERE sweeps AND phase = 0;
-- A person said that the next sweep may delete more than the brake lets pass.
ALTER TABLE stream ADD COLUMN may_delete boolean NOT NULL DEFAULT false;

-- The full pass of a stream whose sweep is still to come. Its marks count as long as the row stands.
CREATE TABLE sweep (
  stream_id  bigint PRIMARY KEY REFERENCES stream (id) ON DELETE CASCADE,
  run_id     bigint NOT NULL, -- the pass
  epoch      bigint NOT NULL, -- logical time before its first request
  counter    bigint NOT NULL,
  edition    bigint NOT NULL, -- of the connection, as the run was planned
  version    text NOT NULL,   -- of the source
  needs      bigint[] NOT NULL,
  is_patient boolean NOT NULL -- the next run that reads the stream to its end has to agree
);
-- One row per page, 8 bytes per key.
CREATE TABLE mark (
  stream_id bigint NOT NULL,
  run_id    bigint NOT NULL, -- the pass
  id        bigint GENERATED ALWAYS AS IDENTITY,
  keys      bytea NOT NULL,
  PRIMARY KEY (stream_id, run_id, id)
);

-- In the transaction of lode_commit_v1, whose statuses come first: nothing is noted when anything was refused.
CREATE FUNCTION lode_note_deletes(
  p_status bigint[], p_continuation bigint[], p_deleted bigint[], m_stream bigint[], m_pass bigint[], m_keys bytea[])
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF 0 <> ANY (p_status) THEN
    RETURN false;
  END IF;
  INSERT INTO mark (stream_id, run_id, keys)
  SELECT stream, pass, keys FROM unnest(m_stream, m_pass, m_keys) AS m(stream, pass, keys);
  UPDATE continuation c SET deleted = c.deleted + d.deleted
  FROM (SELECT id, sum(deleted)::bigint AS deleted FROM unnest(p_continuation, p_deleted) AS u(id, deleted)
        WHERE deleted > 0 GROUP BY id) d
  WHERE c.id = d.id;
  RETURN true;
END $$;

-- Why the run did not read all of these streams; null: it did.
CREATE FUNCTION lode_reading_gap(p_run bigint, p_needs bigint[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN count(*) = 0 THEN 'nothing of it was read'
    WHEN bool_or(phase = 0) THEN 'a slice is still open'
    WHEN bool_or(phase <> 1 OR reason <> '') THEN
      'a slice was not read to its end: ' || max(CASE WHEN phase <> 1 OR reason <> '' THEN reason END)
  END
  FROM continuation WHERE run_id = p_run AND stream_id = ANY (p_needs) AND NOT sweeps
$$;

-- Begins the passes of a run that has just begun and opens its sweeps, under the lock of the shard that its start holds.
-- `n_*` lists what each stream needs.
CREATE FUNCTION lode_open_sweeps(
  p_run bigint, p_epoch bigint, p_counter bigint, p_edition bigint, p_version text,
  s_stream bigint[], s_begins boolean[], s_patient boolean[], s_settles bigint[], n_stream bigint[], n_need bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_pass sweep%ROWTYPE;
  v_ended timestamptz;
  v_opened bigint := 0;
  v_opens boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM run WHERE id = p_run AND phase = 0) THEN
    RETURN;
  END IF;
  FOR i IN 1..cardinality(s_stream) LOOP
    CONTINUE WHEN EXISTS (SELECT FROM continuation WHERE stream_id = s_stream[i] AND sweeps AND phase = 0);
    SELECT * INTO v_pass FROM sweep WHERE stream_id = s_stream[i];
    IF FOUND THEN
      CONTINUE WHEN EXISTS (SELECT FROM run WHERE id = v_pass.run_id AND phase = 0);
      v_ended := (SELECT ended FROM run WHERE id = v_pass.run_id);
      IF v_pass.is_patient AND lode_reading_gap(v_pass.run_id, v_pass.needs) IS NULL THEN
        v_opens := v_ended + s_settles[i] * interval '1 microsecond' <= now();
      ELSE
        DELETE FROM sweep WHERE stream_id = s_stream[i];
        v_pass := NULL;
      END IF;
    END IF;
    IF v_pass.stream_id IS NULL THEN
      CONTINUE WHEN NOT s_begins[i];
      INSERT INTO sweep (stream_id, run_id, epoch, counter, edition, version, needs, is_patient)
      VALUES (s_stream[i], p_run, p_epoch, p_counter, p_edition, p_version,
              ARRAY(SELECT need FROM unnest(n_stream, n_need) AS n(stream, need) WHERE n.stream = s_stream[i]), s_patient[i]);
      v_opens := NOT s_patient[i];
    END IF;
    IF v_opens THEN
      INSERT INTO continuation (id, run_id, stream_id, slice_from, slice_to, partition, state, sweeps)
      VALUES (nextval('continuation_id'), p_run, s_stream[i], 0, 0, '', '', true);
      v_opened := v_opened + 1;
    END IF;
  END LOOP;
  UPDATE run SET open = open + v_opened WHERE id = p_run AND v_opened > 0;
END $$;

-- What the sweep of a stream at the end of a run goes by.
CREATE FUNCTION lode_load_pass(p_run bigint, p_stream bigint)
RETURNS TABLE (out_pass bigint, out_epoch bigint, out_counter bigint, out_from bigint, out_to bigint, out_confirmed boolean,
               out_why_not text, out_comes_again boolean, out_marks bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_pass sweep%ROWTYPE;
  v_gap text;
BEGIN
  SELECT * INTO v_pass FROM sweep WHERE stream_id = p_stream;
  out_marks := (SELECT coalesce(sum(octet_length(keys)), 0) / 8 FROM mark WHERE stream_id = p_stream AND run_id = v_pass.run_id);
  out_why_not := '';
  out_comes_again := false;
  IF v_pass.stream_id IS NULL THEN
    out_why_not := 'its full pass is no longer known';
  ELSIF NOT EXISTS (SELECT FROM stream s JOIN connection c ON c.id = s.connection_id JOIN source o ON o.id = c.source_id
                    WHERE s.id = p_stream AND c.edition = v_pass.edition AND o.version = v_pass.version) THEN
    out_why_not := 'its source or its connection was changed meanwhile';
  ELSE
    v_gap := lode_reading_gap(v_pass.run_id, v_pass.needs);
    IF v_gap IS NULL AND (SELECT coalesce(sum(records), 0) FROM continuation
                          WHERE run_id = v_pass.run_id AND stream_id = p_stream)
                         > out_marks THEN
      v_gap := 'a page left no marks';
    END IF;
    IF v_gap IS NULL AND v_pass.run_id <> p_run THEN
      v_gap := lode_reading_gap(p_run, v_pass.needs);
      out_comes_again := v_gap IS NOT NULL;
    END IF;
    out_why_not := coalesce(v_gap, '');
  END IF;
  out_pass := coalesce(v_pass.run_id, 0);
  out_epoch := coalesce(v_pass.epoch, 0);
  out_counter := coalesce(v_pass.counter, 0);
  SELECT coalesce(max(p.slice_from), 0), coalesce(min(p.slice_to), 0) INTO out_from, out_to
  FROM (SELECT min(slice_from) AS slice_from, max(slice_to) AS slice_to FROM continuation
        WHERE run_id = v_pass.run_id AND stream_id = p_stream AND NOT sweeps GROUP BY partition) p;
  out_confirmed := coalesce((SELECT may_delete FROM stream WHERE id = p_stream), false);
  RETURN NEXT;
END $$;

-- A sweep that has ended, or that failed, was the last word on its pass. One that was cancelled leaves it: another run comes.
CREATE FUNCTION lode_sweep_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM mark WHERE (stream_id, run_id, id) IN (
    SELECT m.stream_id, m.run_id, m.id FROM mark m JOIN sweep s ON s.stream_id = m.stream_id AND s.run_id = m.run_id
    WHERE m.stream_id = NEW.stream_id LIMIT 10000); -- the rest goes with the upkeep
  DELETE FROM sweep WHERE stream_id = NEW.stream_id;
  -- With a reason it looked at nothing, and what a person has said still holds.
  UPDATE stream SET may_delete = false WHERE id = NEW.stream_id AND may_delete AND NEW.phase = 1 AND NEW.reason = '';
  RETURN NULL;
END $$;
CREATE TRIGGER sweep_ended AFTER UPDATE OF phase ON continuation FOR EACH ROW
WHEN (NEW.sweeps AND OLD.phase = 0 AND NEW.phase IN (1, 2)) EXECUTE FUNCTION lode_sweep_ended();

-- Marks that no pass waits for; at most `p_rows` of them.
CREATE FUNCTION lode_trim_marks(p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint;
BEGIN
  DELETE FROM mark WHERE (stream_id, run_id, id) IN (
    SELECT m.stream_id, m.run_id, m.id FROM mark m
    WHERE NOT EXISTS (SELECT FROM sweep s WHERE s.stream_id = m.stream_id AND s.run_id = m.run_id) LIMIT p_rows);
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  RETURN v_gone;
END $$;

CREATE FUNCTION lode_confirm_deletes(p_connection bigint, p_streams text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_missing text := (SELECT min(name) FROM unnest(p_streams) AS u(name)
                     WHERE NOT EXISTS (SELECT FROM stream s WHERE s.connection_id = p_connection AND s.name = u.name AND s.chosen));
BEGIN
  IF v_missing IS NOT NULL THEN
    RAISE EXCEPTION 'connection % has no stream %', p_connection, v_missing USING ERRCODE = 'LD004';
  END IF;
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection) FOR NO KEY UPDATE;
  UPDATE stream SET may_delete = true WHERE connection_id = p_connection AND name = ANY (p_streams) AND chosen;
END $$;

-- As in 0013, but a sweep reads nothing.
CREATE OR REPLACE FUNCTION lode_is_unread(p_connection bigint, p_after bigint, p_needs bigint[], p_phases bigint[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM run r JOIN continuation c ON c.run_id = r.id
                 WHERE r.connection_id = p_connection AND r.id > p_after AND r.phase = ANY (p_phases) AND NOT c.sweeps
                   AND c.stream_id = ANY (p_needs) AND (c.phase <> 1 OR c.reason <> ''))
$$;

-- As in 0013, but a sweep reads nothing.
CREATE OR REPLACE FUNCTION lode_settled_passes(p_connection bigint)
RETURNS TABLE (out_stream bigint, out_completed bigint, out_is_open boolean, out_is_sound boolean, out_needs bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  v_last bigint := (SELECT max(id) FROM run WHERE connection_id = p_connection);
  v_is_open boolean := EXISTS (SELECT FROM run WHERE connection_id = p_connection AND phase = 0);
BEGIN
  WITH ended AS (
    SELECT f.stream_id AS id,
           EXISTS (SELECT FROM run r WHERE r.id = f.run_id AND r.phase IN (1, 2))
           AND NOT EXISTS (SELECT FROM continuation c WHERE c.run_id = f.run_id AND c.stream_id = ANY (f.needs) AND NOT c.sweeps
                           AND (c.phase <> 1 OR c.reason <> '')) AS is_complete
    FROM full_pass f JOIN stream s ON s.id = f.stream_id
    WHERE s.connection_id = p_connection AND f.run_id <> 0
      AND NOT EXISTS (SELECT FROM run r WHERE r.id = f.run_id AND r.phase = 0))
  UPDATE full_pass f
  SET completed = CASE WHEN e.is_complete THEN f.began ELSE f.completed END,
      sound_up_to = CASE WHEN e.is_complete THEN f.run_id ELSE 0 END,
      run_id = 0
  FROM ended e WHERE f.stream_id = e.id;

  -- Looks into each ended run once. Finished ones left nothing unread; what is open may still read all.
  UPDATE full_pass f
  SET sound_up_to = CASE WHEN lode_is_unread(p_connection, f.sound_up_to, f.needs, '{2,3}') THEN 0
                         WHEN v_is_open THEN f.sound_up_to ELSE v_last END
  FROM stream s
  WHERE s.connection_id = p_connection AND f.stream_id = s.id AND f.run_id = 0 AND f.sound_up_to BETWEEN 1 AND v_last - 1;

  RETURN QUERY SELECT f.stream_id, f.completed, f.run_id <> 0,
                      f.run_id = 0 AND f.sound_up_to <> 0
                      AND NOT (v_is_open AND lode_is_unread(p_connection, f.sound_up_to, f.needs, '{0}')), f.needs
               FROM full_pass f JOIN stream s ON s.id = f.stream_id WHERE s.connection_id = p_connection ORDER BY 1;
END $$;

-- As in 0012, with the marks.
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
    ['mark', 'stream_id, run_id, id', 'stream_id = ANY ($2)'],
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
