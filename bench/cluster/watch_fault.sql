-- Looks each 50 ms at what becomes of a node that was lost at `p_began` (seconds since the epoch, by this machine's clock), until
-- each of its tenants has committed a page elsewhere. Seconds since then: until the others declared the node dead, owned all
-- its shards, had mined the last of its tenants.
CREATE FUNCTION bench_watch_fault(p_name text, p_began float8) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_dead bigint := (SELECT incarnation FROM lode.node WHERE name = p_name AND state <> 3);
  v_shards bigint[] := ARRAY(SELECT id FROM lode.shard WHERE owner = v_dead);
  v_runs bigint[] := ARRAY(SELECT id FROM lode.run WHERE phase = 0 AND shard = ANY (v_shards));
  v_pages bigint;
  v_before jsonb;
  v_detected float8;
  v_owned float8;
  v_end timestamptz := clock_timestamp() + interval '60 s';
BEGIN
  LOOP
    IF clock_timestamp() > v_end THEN
      RAISE EXCEPTION 'after 60 s: declared dead after % s, shards owned after % s', v_detected, v_owned;
    END IF;
    IF v_detected IS NULL THEN
      v_detected := (SELECT extract(epoch FROM ended) - p_began FROM lode.node WHERE incarnation = v_dead AND state = 3);
      IF v_detected IS NOT NULL THEN -- the dead one commits nothing any more, the others not yet
        v_before := (SELECT jsonb_object_agg(run_id, pages) FROM lode.continuation WHERE run_id = ANY (v_runs));
      END IF;
    END IF;
    IF v_detected IS NOT NULL AND v_owned IS NULL
       AND NOT EXISTS (SELECT FROM lode.shard WHERE id = ANY (v_shards) AND owner IN (v_dead, 0)) THEN
      v_owned := extract(epoch FROM clock_timestamp()) - p_began;
    END IF;
    IF v_owned IS NOT NULL THEN
      SELECT count(*) INTO v_pages FROM lode.continuation
      WHERE run_id = ANY (v_runs) AND pages <= (v_before ->> run_id::text)::bigint;
      EXIT WHEN v_pages = 0;
    END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  RETURN json_build_object('detected_s', round(v_detected::numeric, 3), 'owned_s', round(v_owned::numeric, 3),
    'mined_s', round((extract(epoch FROM clock_timestamp()) - p_began)::numeric, 3),
    'shards', cardinality(v_shards), 'tenants', cardinality(v_runs));
END $$;
