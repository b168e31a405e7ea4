-- A page that kills the process. What kills is known only when it was in work with nothing beside it, so a node says
-- before it touches such a page whose it is (node.alone), and a claim after a crash counts it (continuation.alone_deaths).

ALTER TABLE node ADD COLUMN alone bigint NOT NULL DEFAULT 0; -- continuation whose page this life has in work alone, 0 = none

-- How many of the deaths that crash_resumes counts found its page alone in work; means nothing while crash_resumes is 0.
-- So the commit of a page, which sets crash_resumes to 0, forgets both, and makes a node.alone that still names it void.
ALTER TABLE continuation ADD COLUMN alone_deaths bigint NOT NULL DEFAULT 0;

-- As in 0003, and deaths of a page alone in work are counted apart.
CREATE OR REPLACE FUNCTION lode_claim(p_node text, p_self bigint, p_dead bigint[])
RETURNS TABLE (out_shard bigint, out_epoch bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_crashed bigint[];
  v_alone bigint[] := ARRAY(SELECT alone FROM node WHERE incarnation = ANY (p_dead) AND alone <> 0);
BEGIN
  INSERT INTO node (name, incarnation) VALUES (p_node, p_self)
  ON CONFLICT (name) DO UPDATE SET incarnation = p_self, beat = 0, alone = 0;
  UPDATE node SET alone = 0 WHERE incarnation = ANY (p_dead) AND alone <> 0;
  PERFORM 1 FROM shard WHERE owner = 0 OR owner = ANY (p_dead) ORDER BY id FOR NO KEY UPDATE;
  v_crashed := ARRAY(SELECT id FROM shard WHERE owner = ANY (p_dead));
  UPDATE continuation c
  SET crash_resumes = c.crash_resumes + 1,
      alone_deaths = CASE c.crash_resumes WHEN 0 THEN 0 ELSE c.alone_deaths + (c.id = ANY (v_alone))::int END
  FROM run r JOIN connection n ON n.id = r.connection_id JOIN tenant t ON t.id = r.tenant_id
  WHERE r.phase = 0 AND r.shard = ANY (v_crashed) AND n.state = 0 AND t.state = 0 AND c.run_id = r.id AND c.phase = 0;
  UPDATE shard SET owner = p_self, epoch = epoch + 1 WHERE owner = 0 OR owner = ANY (p_dead);
  UPDATE run r SET phase = CASE WHEN r.failed > 0 THEN 2 ELSE 1 END, open = 0, ended = now()
  FROM shard s
  WHERE r.phase = 0 AND s.id = r.shard AND s.owner = p_self
    AND NOT EXISTS (SELECT FROM continuation c WHERE c.run_id = r.id AND c.phase = 0);
  RETURN QUERY SELECT id, epoch FROM shard WHERE owner = p_self ORDER BY id;
END $$;

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
