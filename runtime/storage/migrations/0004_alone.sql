-- A page that kills the process. What kills is known only when it was in work with nothing beside it, so a node says
-- before it touches such a page whose it is (node.alone), and a claim after a crash counts it (continuation.alone_deaths, 0070).

ALTER TABLE node ADD COLUMN alone bigint NOT NULL DEFAULT 0; -- continuation whose page this life has in work alone, 0 = none

-- How many of the deaths that crash_resumes counts found its page alone in work; means nothing while crash_resumes is 0.
-- So the commit of a page, which sets crash_resumes to 0, forgets both, and makes a node.alone that still names it void.
ALTER TABLE continuation ADD COLUMN alone_deaths bigint NOT NULL DEFAULT 0;

-- As in 0003, and what a person makes active again begins without suspicion.
CREATE OR REPLACE FUNCTION lode_set_connection_state(p_connection bigint, p_state bigint, p_reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection AND state <> 3)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  END IF;
  IF p_state <> 0 THEN
    PERFORM lode_raise_versions(ARRAY[p_connection], false, '');
  ELSE
    UPDATE continuation c SET crash_resumes = 0 FROM run r
    WHERE r.connection_id = p_connection AND r.phase = 0 AND c.run_id = r.id AND c.phase = 0 AND c.crash_resumes > 0;
  END IF;
  UPDATE connection SET state = p_state, reason = p_reason WHERE id = p_connection;
END $$;
