-- A database that was restored from a backup, or failed over to a stand-by, may lack what it had said was committed. Whoever finds
-- that out writes it down; nobody claims shards then before a new generation of the store begins (`lode restored`).
ALTER TABLE store ADD COLUMN doubt text NOT NULL DEFAULT '';

-- Nodes with a session in this database, by name and host, for people; null: none. Tools have the life 0. A session of a node's process
-- that is of none of its lives (console, housekeeper, ...) tells the node's name itself: lode/LIFE/ROLE/NAME.
CREATE FUNCTION lode_alive() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(t.who || ' from ' || t.place || ' (' || t.roles || ')', ', ' ORDER BY t.who, t.place)
  FROM (SELECT coalesce('"' || coalesce(n.name, nullif(split_part(a.application_name, '/', 4), '')) || '"',
                        'life ' || split_part(a.application_name, '/', 2)) AS who,
               coalesce(host(a.client_addr), 'this machine') AS place,
               string_agg(DISTINCT split_part(a.application_name, '/', 3), ', ') AS roles
        FROM pg_stat_activity a LEFT JOIN node n ON n.incarnation::text = split_part(a.application_name, '/', 2)
        WHERE a.application_name ~ '^lode/[1-9][0-9]*/' AND a.datname = current_database()
        GROUP BY 1, 2) t
$$;

-- What was promised in the generation before does not count any more, and nothing that was given out then is given out again:
-- positions of the feed belong to a generation; lives are random, nobody owns a shard and there is no node; epochs, views, versions
-- of open work and ids jump further than a lost history reaches: each claim is one epoch, but one lode_raise_versions is 1048576
-- versions. Locks are taken in the order of 0070. LD003: a node is alive.
CREATE FUNCTION lode_begin_generation(OUT out_before bigint, OUT out_now bigint, OUT out_open_runs bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_epochs CONSTANT bigint := 1048576;
  v_jump CONSTANT bigint := 1::bigint << 40;
  v_alive text;
BEGIN
  -- Locks first: who commits or claims at this moment is waited for, and seen.
  SELECT generation INTO out_before FROM store FOR UPDATE;
  PERFORM 1 FROM cluster FOR UPDATE;
  PERFORM 1 FROM node ORDER BY incarnation FOR UPDATE;
  PERFORM 1 FROM shard ORDER BY id FOR UPDATE;
  v_alive := lode_alive();
  IF v_alive IS NOT NULL THEN
    RAISE EXCEPTION 'nodes of this store are running: %; stop them all, then ask again', v_alive USING ERRCODE = 'LD003';
  END IF;
  UPDATE store SET generation = ('x' || substr(md5(gen_random_uuid()::text), 1, 16))::bit(64)::bigint & 9223372036854775807,
                   doubt = ''
  RETURNING generation INTO out_now;
  UPDATE shard SET owner = 0, epoch = epoch + v_epochs;
  UPDATE continuation SET version = version + v_jump WHERE phase = 0;
  DELETE FROM writer;
  DELETE FROM node;
  UPDATE cluster SET view = view + v_epochs;
  PERFORM setval(c.oid::regclass, nextval(c.oid::regclass) + v_jump)
  FROM pg_class c WHERE c.relkind = 'S' AND c.relnamespace = 'lode'::regnamespace;
  SELECT count(*) INTO out_open_runs FROM run WHERE phase = 0;
END $$;
