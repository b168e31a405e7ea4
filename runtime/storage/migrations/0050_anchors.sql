-- Newest-first streams: down to where a run need not read. What the page that closes a slice proves is written with it.

-- Rows go with their stream.
CREATE TABLE anchor (
  stream_id      bigint NOT NULL REFERENCES stream (id) ON DELETE CASCADE,
  partition      text COLLATE "C" NOT NULL,
  position       bigint NOT NULL, -- ordering value of the newest record at the top
  known_until    bigint NOT NULL, -- by the API's clock, when the top was read
  run_id         bigint NOT NULL,
  edition        bigint NOT NULL, -- of the connection: another one reads everything
  source_version text NOT NULL,   -- the same of its source
  PRIMARY KEY (stream_id, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- What a run read before source or connection became what they are proves nothing of what they are now. Null: as it was made.
ALTER TABLE source ADD COLUMN version_began timestamptz;
ALTER TABLE connection ADD COLUMN edition_began timestamptz;
CREATE FUNCTION lode_version_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version_began := now();
  RETURN NEW;
END $$;
CREATE TRIGGER version_begins BEFORE UPDATE ON source
FOR EACH ROW WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION lode_version_begins();
CREATE FUNCTION lode_edition_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.edition_began := now();
  RETURN NEW;
END $$;
-- After connection_put (0008), which raises the edition: triggers come in the order of their names.
CREATE TRIGGER edition_begins BEFORE UPDATE ON connection
FOR EACH ROW WHEN (OLD.edition IS DISTINCT FROM NEW.edition) EXECUTE FUNCTION lode_edition_begins();

-- In the transaction of lode_commit_v1, whose statuses come first: nothing is noted when anything was refused. Runs of several
-- kinds may be open beside each other: the anchor of the one that began last counts.
CREATE FUNCTION lode_note_anchors(
  p_status bigint[], a_stream bigint[], a_partition text[], a_position bigint[], a_known bigint[], a_run bigint[],
  a_edition bigint[], a_version text[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF 0 <> ANY (p_status) OR cardinality(a_stream) = 0 THEN
    RETURN false;
  END IF;
  -- A group may close slices of two runs over one partition; one statement touches a row once.
  INSERT INTO anchor AS a (stream_id, partition, position, known_until, run_id, edition, source_version)
  SELECT DISTINCT ON (stream, partition) stream, partition, position, known, run, edition, version
  FROM unnest(a_stream, a_partition, a_position, a_known, a_run, a_edition, a_version)
       AS n(stream, partition, position, known, run, edition, version)
  ORDER BY stream, partition, run DESC
  ON CONFLICT (stream_id, partition) DO UPDATE
  SET position = EXCLUDED.position, known_until = EXCLUDED.known_until, run_id = EXCLUDED.run_id, edition = EXCLUDED.edition,
      source_version = EXCLUDED.source_version
  WHERE a.run_id <= EXCLUDED.run_id;
  RETURN true;
END $$;

-- As in 0003, and its anchor: what a person sets is no evidence of what was read.
CREATE OR REPLACE FUNCTION lode_set_cursor(p_stream bigint, p_partition text, p_known_up_to bigint) RETURNS void
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
  UPDATE run r SET open = r.open - n, failed = r.failed + n, phase = CASE WHEN r.open = n THEN 2 ELSE 0 END,
                   ended = CASE WHEN r.open = n THEN now() END, reason = 'the cursor was set'
  FROM counted WHERE r.id = counted.run_id;
  DELETE FROM closed_interval WHERE stream_id = p_stream AND partition = p_partition;
  DELETE FROM stream_cursor WHERE stream_id = p_stream AND partition = p_partition;
  DELETE FROM anchor WHERE stream_id = p_stream AND partition = p_partition;
  IF p_known_up_to IS NOT NULL THEN
    INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (p_stream, p_partition, p_known_up_to);
  END IF;
END $$;

-- After lode_edit_state, in its transaction: where a cursor is set to nothing, the anchor goes too, with what is open above it.
-- Returns how many there were.
CREATE FUNCTION lode_forget_anchors(c_stream bigint[], c_partition text[], c_forgotten boolean[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_anchor record;
  v_gone bigint := 0;
BEGIN
  FOR v_anchor IN
    SELECT a.stream_id, a.partition FROM unnest(c_stream, c_partition, c_forgotten) AS e(stream, partition, forgotten)
    JOIN anchor a ON a.stream_id = e.stream AND a.partition = e.partition WHERE e.forgotten
  LOOP
    PERFORM lode_set_cursor(v_anchor.stream_id, v_anchor.partition, NULL);
    v_gone := v_gone + 1;
  END LOOP;
  RETURN v_gone;
END $$;
