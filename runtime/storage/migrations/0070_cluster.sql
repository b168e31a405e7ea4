-- Who is alive, and who owns which shard. Locks are taken in one order everywhere: cluster, node, shard (by id), then what belongs to
-- a shard. What raises the view holds the row of cluster alone; a claim shares it, so that a claim under a view and the raise of that
-- view cannot both succeed. Beats take the row of their node only. LD008: the store is in doubt, the message says why.

-- A claim looks for the open runs of few shards at a time.
CREATE INDEX run_shard_open ON run (shard) WHERE phase = 0;

-- Begins what raises the view; returns the present one.
CREATE FUNCTION lode_hold_view() RETURNS bigint LANGUAGE sql AS $$
  SELECT view FROM cluster FOR NO KEY UPDATE
$$;

-- The only place that makes a view.
CREATE FUNCTION lode_raise_view() RETURNS bigint LANGUAGE sql AS $$
  UPDATE cluster SET view = view + 1 RETURNING view
$$;

-- Shards that changed hands in one transaction, for people. Empty names: nobody.
CREATE TABLE shard_move (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  moved     timestamptz NOT NULL DEFAULT now(),
  from_name text NOT NULL,
  to_name   text NOT NULL,
  shards    bigint NOT NULL,
  because   text NOT NULL
);

-- `p_because` empty: a claim, whose cause is in who had them.
CREATE FUNCTION lode_note_move(p_to bigint, p_shards bigint[], p_because text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO shard_move (from_name, to_name, shards, because)
  SELECT coalesce(f.name, ''), coalesce(t.name, ''), m.shards,
         CASE WHEN p_because <> '' THEN p_because WHEN m.owner = 0 THEN CASE WHEN m.epoch = 0 THEN 'nobody had them yet' ELSE 'they were handed over' END
              WHEN f.name = t.name THEN f.name || ' was started again' ELSE coalesce(f.name, 'their node') || ' was declared gone' END
  FROM (SELECT owner, min(epoch) AS epoch, count(*) AS shards FROM shard WHERE id = ANY (p_shards) GROUP BY owner, epoch = 0) m
  LEFT JOIN node f ON f.incarnation = m.owner LEFT JOIN node t ON t.incarnation = p_to
$$;

CREATE FUNCTION lode_refuse_doubt() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_doubt text := (SELECT doubt FROM store);
BEGIN
  IF v_doubt <> '' THEN
    RAISE EXCEPTION '%', v_doubt USING ERRCODE = 'LD008';
  END IF;
END $$;

-- Makes `p_self` the owner of those of `p_shards` that nobody or one of `p_ended` owns: lives that are gone, whose sessions the caller
-- has ended. The page that such a life had in work alone is blamed by whoever claims its shard, and so once. Nobody waits here for the
-- commits of a living owner.
CREATE FUNCTION lode_take_shards(p_self bigint, p_shards bigint[], p_ended bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint[] := ARRAY(SELECT e.life FROM unnest(p_ended) AS e(life)
                           WHERE e.life NOT IN (0, p_self)
                             AND NOT EXISTS (SELECT FROM node WHERE incarnation = e.life AND state <> 3));
  v_taken bigint[];
BEGIN
  v_taken := ARRAY(SELECT id FROM shard WHERE id = ANY (p_shards) AND (owner = 0 OR owner = ANY (v_gone))
                   ORDER BY id FOR NO KEY UPDATE);
  UPDATE continuation c
  SET crash_resumes = c.crash_resumes + 1,
      alone_deaths = CASE c.crash_resumes WHEN 0 THEN 0 ELSE c.alone_deaths + (c.id = coalesce(m.alone, 0))::int END
  FROM shard s JOIN run r ON r.shard = s.id AND r.phase = 0
  JOIN connection n ON n.id = r.connection_id AND n.state = 0 JOIN tenant t ON t.id = r.tenant_id AND t.state = 0
  LEFT JOIN node m ON m.incarnation = s.owner
  WHERE s.id = ANY (v_taken) AND s.owner <> 0 AND c.run_id = r.id AND c.phase = 0;
  PERFORM lode_note_move(p_self, v_taken, '');
  UPDATE shard SET owner = p_self, epoch = epoch + 1 WHERE id = ANY (v_taken);
  UPDATE run r SET phase = CASE WHEN r.failed > 0 THEN 2 ELSE 1 END, open = 0, ended = now()
  WHERE r.phase = 0 AND r.shard = ANY (v_taken)
    AND NOT EXISTS (SELECT FROM continuation c WHERE c.run_id = r.id AND c.phase = 0);
END $$;

-- Registers a life; asked again it answers the same. `p_ended`: lives of before under this name, whose sessions the caller has ended;
-- 55P03 if another one has come since. A life of less than 60 beats is a flap, unless it left by itself, which neither counts nor
-- clears what was counted.
CREATE FUNCTION lode_join(p_name text, p_self bigint, p_address text, p_weight bigint, p_ended bigint[],
                          OUT out_view bigint, OUT out_flaps bigint, OUT out_shards bigint[], OUT out_epochs bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  v_own record;
  v_last record;
BEGIN
  out_view := lode_hold_view();
  PERFORM lode_refuse_doubt();
  SELECT state, flaps INTO v_own FROM node WHERE incarnation = p_self;
  IF v_own.state = 3 THEN
    RAISE EXCEPTION 'life % of node % was declared gone', p_self, p_name USING ERRCODE = 'LD002';
  ELSIF v_own.state IS NULL THEN
    IF EXISTS (SELECT FROM node WHERE name = p_name AND state <> 3 AND incarnation <> ALL (p_ended)) THEN
      RAISE EXCEPTION 'another life of node % has come at the same time', p_name USING ERRCODE = '55P03';
    END IF;
    SELECT beat, flaps, has_left INTO v_last FROM node WHERE name = p_name ORDER BY life DESC LIMIT 1;
    out_flaps := CASE WHEN NOT FOUND OR v_last.beat >= 60 THEN 0 WHEN v_last.has_left THEN v_last.flaps ELSE v_last.flaps + 1 END;
    UPDATE node SET state = 3, ended = now() WHERE name = p_name AND state <> 3;
    IF FOUND THEN
      out_view := lode_raise_view();
    END IF;
    INSERT INTO node (incarnation, name, address, weight, flaps) VALUES (p_self, p_name, p_address, p_weight, out_flaps);
  ELSE
    out_flaps := v_own.flaps;
  END IF;
  PERFORM lode_take_shards(p_self, ARRAY(SELECT id FROM shard WHERE owner = ANY (p_ended)), p_ended);
  SELECT coalesce(array_agg(id ORDER BY id), '{}'), coalesce(array_agg(epoch ORDER BY id), '{}')
  INTO out_shards, out_epochs FROM shard WHERE owner = p_self;
END $$;

-- A living life takes another state, unless it has it. A joining one that drains is never counted before it takes its part again.
CREATE FUNCTION lode_set_node_state(p_self bigint, p_from bigint[], p_to bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_hold_view();
  UPDATE node SET state = p_to WHERE incarnation = p_self AND state = ANY (p_from);
  IF FOUND THEN
    PERFORM lode_raise_view();
  ELSIF NOT EXISTS (SELECT FROM node WHERE incarnation = p_self AND state <> 3) THEN
    RAISE EXCEPTION 'life % was declared gone', p_self USING ERRCODE = 'LD002';
  END IF;
END $$;

-- False if the life has beaten or the view was raised since they were read. Asked again after it was done: false, and the view shows it.
CREATE FUNCTION lode_bury(p_dead bigint, p_beat bigint, p_view bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF lode_hold_view() <> p_view THEN
    RETURN false;
  END IF;
  UPDATE node SET state = 3, ended = now() WHERE incarnation = p_dead AND state <> 3 AND beat = p_beat;
  IF FOUND THEN
    PERFORM lode_raise_view();
    RETURN true;
  END IF;
  RETURN false;
END $$;

CREATE FUNCTION lode_leave(p_self bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_hold_view();
  UPDATE node SET state = 3, has_left = true, ended = now() WHERE incarnation = p_self AND state <> 3;
  IF FOUND THEN
    PERFORM lode_raise_view();
    PERFORM 1 FROM shard WHERE owner = p_self ORDER BY id FOR NO KEY UPDATE;
    PERFORM lode_note_move(0, ARRAY(SELECT id FROM shard WHERE owner = p_self), 'it leaves');
    UPDATE shard SET owner = 0 WHERE owner = p_self;
  END IF;
END $$;

-- LD006: under another view, or of a life that this view does not count. Returns what it owns of `p_shards`, also if it did before: a
-- repeat after a lost answer.
CREATE FUNCTION lode_claim(p_self bigint, p_view bigint, p_shards bigint[], p_ended bigint[])
RETURNS TABLE (out_shard bigint, out_epoch bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_view bigint;
BEGIN
  SELECT view INTO v_view FROM cluster FOR SHARE;
  PERFORM lode_refuse_doubt();
  IF v_view <> p_view THEN
    RAISE EXCEPTION 'view % is over, there is view %', p_view, v_view USING ERRCODE = 'LD006';
  ELSIF NOT EXISTS (SELECT FROM node WHERE incarnation = p_self AND state = 1) THEN
    RAISE EXCEPTION 'life % is no member of view %', p_self, p_view USING ERRCODE = 'LD006';
  END IF;
  PERFORM lode_take_shards(p_self, p_shards, p_ended);
  RETURN QUERY SELECT id, epoch FROM shard WHERE id = ANY (p_shards) AND owner = p_self ORDER BY id;
END $$;

-- What is in work alone in them is no suspect any more: should this life die, it is not of that page.
CREATE FUNCTION lode_release(p_self bigint, p_shards bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE node SET alone = 0
  WHERE incarnation = p_self AND alone <> 0
    AND EXISTS (SELECT FROM continuation c JOIN run r ON r.id = c.run_id WHERE c.id = node.alone AND r.shard = ANY (p_shards));
  PERFORM 1 FROM shard WHERE id = ANY (p_shards) AND owner = p_self ORDER BY id FOR NO KEY UPDATE;
  PERFORM lode_note_move(0, ARRAY(SELECT id FROM shard WHERE id = ANY (p_shards) AND owner = p_self), 'it gives them away');
  UPDATE shard SET owner = 0 WHERE id = ANY (p_shards) AND owner = p_self;
END $$;

-- Lives that are gone: nobody asks for them a day later, once their shards are others'.
CREATE FUNCTION lode_trim_nodes(p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint;
BEGIN
  DELETE FROM node WHERE incarnation IN (
    SELECT incarnation FROM node n WHERE state = 3 AND ended < now() - p_keep * interval '1 microsecond'
      AND NOT EXISTS (SELECT FROM shard WHERE owner = n.incarnation)
    ORDER BY incarnation LIMIT p_rows FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  RETURN v_gone;
END $$;

-- Commands to tenants that an owner of their shard has taken in hand: under one id once. Outcomes are those of messages/cluster.hpp;
-- null: not settled. Rows go with their tenant when it is erased.
CREATE TABLE command (
  id        text COLLATE "C" PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
  epoch     bigint NOT NULL, -- of the shard when it was taken
  taken     timestamptz NOT NULL DEFAULT now(), -- for cleaning up only
  outcome   bigint,
  reason    text NOT NULL DEFAULT '',
  what      text NOT NULL DEFAULT '' -- of a request to the API, which is settled from the start; `reason` is what it was answered
) WITH (fillfactor = 70);
CREATE INDEX command_tenant ON command (tenant_id);
CREATE INDEX command_taken ON command (taken);

-- The fence of what follows, as in lode_hold_shard.
CREATE FUNCTION lode_hold_tenant(p_self bigint, p_tenant bigint, p_shard bigint, p_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = p_shard AND owner = p_self AND epoch = p_epoch FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'shard % at epoch % is not owned by this node', p_shard, p_epoch USING ERRCODE = 'LD002';
  END IF;
  PERFORM 1 FROM tenant WHERE id = p_tenant AND shard = p_shard AND state <> 3;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no tenant % in shard %', p_tenant, p_shard USING ERRCODE = 'LD004';
  END IF;
END $$;

CREATE FUNCTION lode_take_command(p_self bigint, p_id text, p_tenant bigint, p_shard bigint, p_epoch bigint,
                                  OUT out_is_new boolean, OUT out_outcome bigint, OUT out_reason text, OUT out_epoch bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_tenant bigint;
BEGIN
  PERFORM lode_hold_tenant(p_self, p_tenant, p_shard, p_epoch);
  LOOP
    INSERT INTO command (id, tenant_id, epoch) VALUES (p_id, p_tenant, p_epoch) ON CONFLICT (id) DO NOTHING;
    out_is_new := FOUND;
    SELECT tenant_id, outcome, reason, epoch INTO v_tenant, out_outcome, out_reason, out_epoch FROM command WHERE id = p_id;
    EXIT WHEN FOUND; -- else an earlier owner has just given it back
  END LOOP;
  IF v_tenant <> p_tenant THEN
    RAISE EXCEPTION 'command % was given to another tenant than %', p_id, p_tenant USING ERRCODE = 'LD003';
  END IF;
END $$;

-- The first outcome stays: the same again is no error, another one LD003.
CREATE FUNCTION lode_settle_command(p_self bigint, p_id text, p_tenant bigint, p_shard bigint, p_epoch bigint, p_outcome bigint,
                                    p_reason text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_outcome bigint;
BEGIN
  -- Whoever took it knows what became of it, also when the shard is another's by now.
  IF NOT EXISTS (SELECT FROM command WHERE id = p_id AND tenant_id = p_tenant AND epoch = p_epoch) THEN
    PERFORM lode_hold_tenant(p_self, p_tenant, p_shard, p_epoch);
  END IF;
  UPDATE command SET outcome = coalesce(outcome, p_outcome), reason = CASE WHEN outcome IS NULL THEN p_reason ELSE reason END
  WHERE id = p_id AND tenant_id = p_tenant RETURNING outcome INTO v_outcome;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nobody has taken command % to tenant %', p_id, p_tenant USING ERRCODE = 'LD004';
  ELSIF v_outcome <> p_outcome THEN
    RAISE EXCEPTION 'command % is settled otherwise', p_id USING ERRCODE = 'LD003';
  END IF;
END $$;

-- Gives back what this owner took and did not carry out.
CREATE FUNCTION lode_untake_command(p_self bigint, p_id text, p_tenant bigint, p_shard bigint, p_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM command WHERE id = p_id AND tenant_id = p_tenant AND epoch = p_epoch AND outcome IS NULL;
END $$;

-- Begins a request to the API: true the first time that it comes under this id, and always without one. Called in the transaction that
-- carries it out, so an id that is known was carried out. LD003: the id is of something else.
CREATE FUNCTION lode_once(p_id text, p_tenant bigint, p_what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF p_id = '' OR p_tenant IS NULL THEN -- of nothing: what is asked for says so itself
    RETURN true;
  END IF;
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM tenant WHERE id = p_tenant) FOR NO KEY UPDATE;
  INSERT INTO command (id, tenant_id, epoch, outcome, what) VALUES (p_id, p_tenant, 0, 0, p_what) ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN
    RETURN true;
  ELSIF NOT EXISTS (SELECT FROM command WHERE id = p_id AND tenant_id = p_tenant AND what = p_what) THEN
    RAISE EXCEPTION 'command % was given for something else before', p_id USING ERRCODE = 'LD003';
  END IF;
  RETURN false;
END $$;

-- As lode_request_run; the same again under one id is answered as it was the first time, also when that run has ended since.
CREATE FUNCTION lode_request_run_once(p_id text, p_connection bigint, p_kind bigint, p_now bigint, OUT out_answer bigint,
                                      OUT out_run bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_tenant bigint := (SELECT tenant_id FROM connection WHERE id = p_connection AND state <> 3);
BEGIN
  IF v_tenant IS NULL THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  ELSIF lode_once(p_id, v_tenant, format('run of connection %s, kind %s', p_connection, p_kind)) THEN
    SELECT r.out_answer, r.out_run INTO out_answer, out_run FROM lode_request_run(p_connection, p_kind, p_now) r;
    UPDATE command SET reason = concat_ws(' ', out_answer, out_run) WHERE id = p_id;
  ELSE
    SELECT split_part(reason, ' ', 1)::bigint, nullif(split_part(reason, ' ', 2), '')::bigint INTO out_answer, out_run
    FROM command WHERE id = p_id;
  END IF;
END $$;

CREATE FUNCTION lode_cancel_run_once(p_id text, p_run bigint, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF lode_once(p_id, (SELECT tenant_id FROM run WHERE id = p_run), format('end of run %s', p_run)) THEN
    PERFORM lode_cancel_run(p_run, p_reason);
  END IF;
END $$;

CREATE FUNCTION lode_confirm_deletes_once(p_id text, p_connection bigint, p_streams text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF lode_once(p_id, (SELECT tenant_id FROM connection WHERE id = p_connection), format('deletes of connection %s in %s', p_connection, p_streams)) THEN
    PERFORM lode_confirm_deletes(p_connection, p_streams);
  END IF;
END $$;

CREATE FUNCTION lode_trim_commands(p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint;
BEGIN
  DELETE FROM command WHERE id IN (SELECT id FROM command WHERE taken < now() - p_keep * interval '1 microsecond'
                                   ORDER BY taken LIMIT p_rows);
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  RETURN v_gone;
END $$;
