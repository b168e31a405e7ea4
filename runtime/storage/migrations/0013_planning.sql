-- Which runs start first, and what a run reads from the beginning.

-- Among due runs of one kind: 0 low, 1 normal, 2 high, as the connection's schedule says.
ALTER TABLE connection ADD COLUMN priority bigint NOT NULL DEFAULT 1;
UPDATE connection SET priority = CASE WHEN schedule LIKE '%"priority":"high"%' THEN 2 ELSE 0 END
WHERE schedule LIKE '%"priority":"high"%' OR schedule LIKE '%"priority":"low"%';

-- As in 0005, with the priority of the schedule.
CREATE FUNCTION lode_put_connection(
  p_tenant bigint, p_source bigint, p_name text, p_configuration text, p_secrets bytea, p_schedule text,
  p_stream text[], p_generation bigint[], p_first_due bigint, p_priority bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_connection bigint := lode_put_connection(p_tenant, p_source, p_name, p_configuration, p_secrets, p_schedule, p_stream,
                                             p_generation, p_first_due);
BEGIN
  UPDATE connection SET priority = p_priority WHERE id = v_connection AND priority <> p_priority;
  RETURN v_connection;
END $$;

-- A parent stream may be read from its cursor only while nothing is owed below the records that the cursor has passed. A
-- child's pass is sound as long as no run of the connection from the one that completed it up to `sound_up_to` left anything
-- unread of what the pass needs. 0: one did, or nobody knows.
ALTER TABLE full_pass ADD COLUMN sound_up_to bigint NOT NULL DEFAULT 0;

-- Whether runs of the connection after `p_after`, of these phases, did not read to the end what they opened of these streams.
CREATE FUNCTION lode_is_unread(p_connection bigint, p_after bigint, p_needs bigint[], p_phases bigint[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM run r JOIN continuation c ON c.run_id = r.id
                 WHERE r.connection_id = p_connection AND r.id > p_after AND r.phase = ANY (p_phases)
                   AND c.stream_id = ANY (p_needs) AND (c.phase <> 1 OR c.reason <> ''))
$$;

-- As lode_full_passes in 0006, whose place it takes; says of each pass also whether it is sound and what it needs.
CREATE FUNCTION lode_settled_passes(p_connection bigint)
RETURNS TABLE (out_stream bigint, out_completed bigint, out_is_open boolean, out_is_sound boolean, out_needs bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  v_last bigint := (SELECT max(id) FROM run WHERE connection_id = p_connection);
  v_is_open boolean := EXISTS (SELECT FROM run WHERE connection_id = p_connection AND phase = 0);
BEGIN
  WITH ended AS (
    SELECT f.stream_id AS id,
           EXISTS (SELECT FROM run r WHERE r.id = f.run_id AND r.phase IN (1, 2))
           AND NOT EXISTS (SELECT FROM continuation c WHERE c.run_id = f.run_id AND c.stream_id = ANY (f.needs)
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

-- A stream that is chosen anew was not kept, or not read, for a while: nothing is known of a full pass.
CREATE FUNCTION lode_forget_pass() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM full_pass WHERE stream_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER stream_chosen AFTER UPDATE OF chosen ON stream FOR EACH ROW
WHEN (NEW.chosen AND NOT OLD.chosen) EXECUTE FUNCTION lode_forget_pass();
