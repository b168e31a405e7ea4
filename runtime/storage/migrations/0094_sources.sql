-- A source goes with its SQL views when nothing is left of any connection to it. The row is locked: no connection comes to it
-- meanwhile. LD003: something is in the way; LD004: there is no such source.
CREATE FUNCTION lode_remove_source(p_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_source bigint;
  v_used bigint;
  v_left bigint;
  v_troubles text[];
BEGIN
  SELECT id INTO v_source FROM source WHERE name = p_name FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no source ''%''', p_name USING ERRCODE = 'LD004';
  END IF;
  SELECT count(*) FILTER (WHERE c.state <> 3 AND t.state <> 3), count(*) INTO v_used, v_left
  FROM connection c JOIN tenant t ON t.id = c.tenant_id WHERE c.source_id = v_source;
  IF v_used > 0 THEN
    RAISE EXCEPTION 'connections that use source ''%'': %; remove them, or give them another source', p_name, v_used
      USING ERRCODE = 'LD003';
  ELSIF v_left > 0 THEN
    RAISE EXCEPTION 'connections of source ''%'' that are still being erased: %; ask again when they are gone', p_name, v_left
      USING ERRCODE = 'LD003';
  END IF;
  v_troubles := lode_put_views(v_source, '', '{}', '{}', '{}', '{}', '{}', '{}');
  IF v_troubles <> '{}' THEN
    RAISE EXCEPTION 'source ''%'' has an SQL view in use: %', p_name, array_to_string(v_troubles, '; ') USING ERRCODE = 'LD003';
  END IF;
  DELETE FROM source WHERE id = v_source;
END $$;
