-- What keeps a store in order over the years: cursors that their source has overtaken, and what nobody needs any more.

-- A source may begin later than what a partition is known up to (the cursor was set to before its start, a rolling start
-- went past it). Nobody will read what lies between, and no closed slice would ever adjoin the cursor again: it moves on
-- to where the run begins, unless it was moved meanwhile.
CREATE FUNCTION lode_skip_cursors(p_stream bigint[], p_partition text[], p_from bigint[], p_to bigint[]) RETURNS void
LANGUAGE sql AS $$
  UPDATE stream_cursor c SET known_up_to = s.skip_to, version = nextval('cursor_version')
  FROM unnest(p_stream, p_partition, p_from, p_to) AS s(stream, partition, skip_from, skip_to)
  WHERE c.stream_id = s.stream AND c.partition = s.partition AND c.known_up_to = s.skip_from
$$;

-- Looks at the next `p_rows` runs after `p_after`, in order of their ids, which follow the time of their start, and removes
-- those that ended longer ago than `p_keep` microseconds, continuations first. The latest run of a connection stays.
-- Returns where to go on, null at the end.
CREATE FUNCTION lode_trim_runs(p_after bigint, p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_before timestamptz := now() - p_keep * interval '1 microsecond';
  v_run record;
  v_left bigint := p_rows;
  v_gone bigint;
  v_seen bigint := 0;
  v_last bigint := p_after;
BEGIN
  FOR v_run IN SELECT id, connection_id, phase, started, ended FROM run WHERE id > p_after ORDER BY id LIMIT p_rows LOOP
    IF v_run.started >= v_before THEN
      RETURN NULL;
    END IF;
    IF v_run.phase <> 0 AND v_run.ended < v_before
       AND EXISTS (SELECT FROM run WHERE connection_id = v_run.connection_id AND id > v_run.id) THEN
      DELETE FROM continuation WHERE id IN (SELECT id FROM continuation WHERE run_id = v_run.id LIMIT v_left);
      GET DIAGNOSTICS v_gone = ROW_COUNT;
      v_left := v_left - v_gone;
      IF v_left <= 0 THEN
        RETURN v_last;
      END IF;
      DELETE FROM run WHERE id = v_run.id;
    END IF;
    v_seen := v_seen + 1;
    v_last := v_run.id;
  END LOOP;
  RETURN CASE WHEN v_seen = p_rows THEN v_last END;
END $$;

-- Drops the oldest week of the feed if all of it is older than `p_keep` microseconds, and notes in each shard up to which
-- position its feed is gone. Returns whether there was one. Locks the shards first, as a commit does, so that none is in
-- between; gives way to readers: their locks are waited for only shortly, as commits wait meanwhile.
CREATE FUNCTION lode_trim_feed(p_keep bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_week text;
  v_shards bigint[];
  v_last bigint[];
BEGIN
  SELECT c.relname INTO v_week FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'feed'::regclass AND c.relname ~ '^feed_[0-9]{8}$'
    AND (to_date(substr(c.relname, 6), 'YYYYMMDD') + 7)::timestamp AT TIME ZONE 'UTC'
        <= now() - p_keep * interval '1 microsecond'
  ORDER BY c.relname LIMIT 1;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  EXECUTE format('SELECT array_agg(s.id), array_agg(l.last) FROM shard s CROSS JOIN LATERAL
                  (SELECT base_seq + count - 1 AS last FROM %I WHERE shard = s.id ORDER BY base_seq DESC LIMIT 1) l', v_week)
  INTO v_shards, v_last;
  PERFORM 1 FROM shard ORDER BY id FOR NO KEY UPDATE;
  UPDATE shard s SET feed_trimmed = greatest(s.feed_trimmed, l.last)
  FROM unnest(v_shards, v_last) AS l(id, last) WHERE s.id = l.id;
  PERFORM set_config('lock_timeout', '200', true);
  EXECUTE format('DROP TABLE %I', v_week);
  RETURN true;
END $$;
