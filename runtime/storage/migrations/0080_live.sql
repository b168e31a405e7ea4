-- Live capture beside the runs: who listens, what nobody heard, which keys are open to doubt. Times are those of the nodes' clocks
-- where they say what a repair has to read; none of them says which fact is newer, or what a repair has repaired.

-- A row per connection that is to listen. `subscription` is random, new with each confirmation by the API: words of an earlier one
-- that come late change nothing. `healthy_until` is in no index, so that a proof stays in its block.
CREATE TABLE listener (
  connection_id bigint PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
  tenant_id     bigint NOT NULL,
  shard         bigint NOT NULL,
  epoch         bigint NOT NULL, -- of the shard when it began
  subscription  bigint NOT NULL,
  edition       bigint NOT NULL, -- of the connection when it began
  since         bigint NOT NULL, -- when the API confirmed; handed over, it stays
  healthy_until bigint NOT NULL, -- all that the API sent until then is committed
  state         bigint NOT NULL, -- 0 listens, 1 silent: a gap lasts, 2 handed over
  successor     bigint NOT NULL DEFAULT 0, -- of what was handed over: the subscription that had been confirmed before; 0 = none
  source_id     bigint NOT NULL DEFAULT 0, -- of the connection when it began
  account       text COLLATE "C",          -- that webhooks for it name, '' = none; null: it has no webhook
  swept_until   bigint NOT NULL DEFAULT 0, -- losses that nobody noticed before that are repaired, or owed a repair
  sweep_gap     bigint NOT NULL DEFAULT 0  -- the gap that the latest sweep added; 0 = none
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX listener_hook ON listener (source_id, account) WHERE account IS NOT NULL;

-- Spans in which a connection was not listening. What a gap is follows from the run that it names: none, it is owed; an open one, it
-- is under repair; a finished one, it is closed, and so in the very transaction that ends the run. What was deleted in it no repair
-- sees: as long as `unswept` names a chosen stream it is unverified, not closed. A run that ends otherwise gives its
-- gaps back (lode_return_gaps). Only an ended gap is given to a run, in the transaction that starts it: what a run asked for before
-- the subscription was confirmed repairs nothing.
CREATE TABLE gap (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     bigint NOT NULL,
  connection_id bigint NOT NULL,
  shard         bigint NOT NULL,
  from_us       bigint NOT NULL,
  until_us      bigint, -- null: it lasts
  is_first      boolean NOT NULL DEFAULT false, -- from before this edition of the connection was listened to
  repair_run    bigint NOT NULL DEFAULT 0,
  edition       bigint NOT NULL DEFAULT 0,  -- of the connection, as the repair was planned
  version       text NOT NULL DEFAULT '',   -- the same of its source
  failures      bigint NOT NULL DEFAULT 0,  -- repairs that gave it back
  unswept       bigint[] NOT NULL DEFAULT '{}', -- streams that no full pass has swept which began with the repair or later
  reason        text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX gap_connection ON gap (connection_id, id);
CREATE UNIQUE INDEX gap_lasting ON gap (connection_id) WHERE until_us IS NULL;
CREATE INDEX gap_owed ON gap (connection_id) WHERE repair_run = 0;
CREATE INDEX gap_repair ON gap (repair_run) WHERE repair_run <> 0;
CREATE INDEX gap_unswept ON gap (connection_id) WHERE unswept <> '{}';

-- Of the connection, as the run was planned: what was read of another one is not what this one is.
ALTER TABLE run ADD COLUMN edition bigint NOT NULL DEFAULT 0;

-- When the latest run began that read everything of the connection as it is now; null: none did.
CREATE FUNCTION lode_known_until(p_connection bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (extract(epoch FROM r.started) * 1000000)::bigint FROM run r JOIN connection n ON n.id = r.connection_id
  WHERE r.connection_id = p_connection AND r.phase = 1 AND r.kind IN (0, 1, 4) AND r.edition = n.edition
    AND EXISTS (SELECT FROM continuation c WHERE c.run_id = r.id AND NOT c.sweeps)
  ORDER BY r.id DESC LIMIT 1
$$;

-- Gaps as they stand: state 0 owed, 1 under repair, 2 closed, 3 repaired with its deletes unverified. A first gap reaches back to what the latest complete run knew, which
-- may have ended since.
CREATE VIEW live_gap AS
SELECT g.id, g.tenant_id, g.connection_id, g.shard,
       CASE WHEN g.is_first AND g.repair_run = 0
            THEN least(greatest(g.from_us, lode_known_until(g.connection_id)), g.until_us) ELSE g.from_us END AS from_us,
       g.until_us, g.is_first, g.reason, g.repair_run, g.failures,
       (CASE WHEN g.repair_run = 0 THEN 0 WHEN r.phase = 0 THEN 1
             WHEN r.phase = 1 AND g.unswept <> '{}' AND EXISTS (SELECT FROM stream s WHERE s.id = ANY (g.unswept) AND s.chosen) THEN 3
             WHEN r.phase = 1 THEN 2 ELSE 0 END)::bigint AS state,
       g.unswept
FROM gap g LEFT JOIN run r ON r.id = g.repair_run;

-- Ends what lasts. The clocks of two nodes may differ by more than the gap was long: the span is never turned round.
CREATE FUNCTION lode_end_gap(p_connection bigint, p_now bigint) RETURNS void LANGUAGE sql AS $$
  UPDATE gap SET from_us = least(from_us, p_now), until_us = greatest(from_us, p_now)
  WHERE connection_id = p_connection AND until_us IS NULL
$$;

-- The API has confirmed `p_subscription`. Returns the gaps that are owed, oldest first. Asked again under the same subscription and
-- epoch nothing changes. LD003: not active; LD006: of another edition than the connection has now.
CREATE FUNCTION lode_begin_listening(
  p_self bigint, p_connection bigint, p_shard bigint, p_epoch bigint, p_subscription bigint, p_edition bigint, p_now bigint,
  p_limit bigint, p_has_hook boolean, p_account text) RETURNS SETOF live_gap
LANGUAGE plpgsql AS $$
DECLARE
  v_connection record;
  v_former listener%ROWTYPE;
  v_is_handed boolean;
BEGIN
  PERFORM lode_hold_shard(p_self, p_connection, p_shard, p_epoch);
  SELECT n.tenant_id, n.source_id, n.name, n.edition, greatest(n.state, t.state) AS state INTO v_connection
  FROM connection n JOIN tenant t ON t.id = n.tenant_id WHERE n.id = p_connection;
  IF v_connection.state <> 0 THEN
    RAISE EXCEPTION 'connection % or its tenant is not active', v_connection.name USING ERRCODE = 'LD003';
  ELSIF v_connection.edition <> p_edition THEN
    RAISE EXCEPTION 'connection % has edition %, not %', v_connection.name, v_connection.edition, p_edition USING ERRCODE = 'LD006';
  END IF;
  SELECT * INTO v_former FROM listener WHERE connection_id = p_connection FOR NO KEY UPDATE;
  IF NOT FOUND OR v_former.state <> 0 OR v_former.subscription <> p_subscription OR v_former.epoch <> p_epoch THEN
    PERFORM lode_end_gap(p_connection, p_now);
    v_is_handed := coalesce(v_former.state = 2 AND v_former.edition = p_edition AND v_former.successor = p_subscription, false);
    IF v_former.edition IS DISTINCT FROM p_edition THEN
      INSERT INTO gap (tenant_id, connection_id, shard, from_us, until_us, is_first, reason)
      VALUES (v_connection.tenant_id, p_connection, p_shard, least(coalesce(lode_known_until(p_connection), 0), p_now), p_now, true,
              CASE WHEN v_former.edition IS NULL THEN 'nobody listened before' ELSE 'the connection was changed' END);
    ELSIF v_former.state <> 1 AND NOT v_is_handed THEN
      INSERT INTO gap (tenant_id, connection_id, shard, from_us, until_us, reason)
      VALUES (v_connection.tenant_id, p_connection, p_shard, least(v_former.healthy_until, p_now),
              greatest(v_former.healthy_until, p_now),
              CASE v_former.state WHEN 0 THEN 'the listener before ended without a word' ELSE 'nobody took over' END);
    END IF;
    -- What a successor has buffered since the hand-over is not committed yet.
    INSERT INTO listener (connection_id, tenant_id, shard, epoch, subscription, edition, since, healthy_until, state, source_id, account,
                          swept_until)
    VALUES (p_connection, v_connection.tenant_id, p_shard, p_epoch, p_subscription, p_edition,
            CASE WHEN v_is_handed THEN v_former.since ELSE p_now END, CASE WHEN v_is_handed THEN v_former.healthy_until ELSE p_now END, 0,
            v_connection.source_id, CASE WHEN p_has_hook THEN p_account END,
            CASE WHEN v_former.edition = p_edition THEN v_former.swept_until ELSE p_now END)
    ON CONFLICT (connection_id) DO UPDATE
    SET epoch = EXCLUDED.epoch, subscription = EXCLUDED.subscription, edition = EXCLUDED.edition, since = EXCLUDED.since,
        healthy_until = EXCLUDED.healthy_until, state = 0, source_id = EXCLUDED.source_id, account = EXCLUDED.account,
        swept_until = EXCLUDED.swept_until;
  END IF;
  RETURN QUERY SELECT * FROM live_gap WHERE connection_id = p_connection AND repair_run = 0 ORDER BY id LIMIT p_limit;
END $$;

-- The gap begins with what is not known to be committed, which is before `p_since`. Said again, an earlier time counts.
CREATE FUNCTION lode_end_listening(
  p_self bigint, p_connection bigint, p_shard bigint, p_epoch bigint, p_subscription bigint, p_since bigint, p_reason text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_former listener%ROWTYPE;
BEGIN
  PERFORM lode_hold_shard(p_self, p_connection, p_shard, p_epoch);
  SELECT * INTO v_former FROM listener WHERE connection_id = p_connection AND subscription = p_subscription FOR NO KEY UPDATE;
  IF v_former.state = 0 THEN
    UPDATE listener SET state = 1 WHERE connection_id = p_connection;
    INSERT INTO gap (tenant_id, connection_id, shard, from_us, reason)
    VALUES (v_former.tenant_id, p_connection, p_shard, least(p_since, v_former.healthy_until), p_reason);
  ELSIF v_former.state = 1 THEN
    UPDATE gap SET from_us = p_since WHERE connection_id = p_connection AND until_us IS NULL AND from_us > p_since;
  END IF;
END $$;

CREATE FUNCTION lode_hand_over_listening(
  p_self bigint, p_connection bigint, p_shard bigint, p_epoch bigint, p_subscription bigint, p_successor bigint, p_until bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_hold_shard(p_self, p_connection, p_shard, p_epoch);
  UPDATE listener SET state = 2, successor = p_successor, healthy_until = greatest(healthy_until, p_until)
  WHERE connection_id = p_connection AND subscription = p_subscription AND state = 0;
END $$;

-- Losses that nobody notices: of each connection that listens, and of which an order is due, what came since the latest sweep is owed
-- a repair. As long as that of an earlier sweep is not finished none is added, and the next one covers more. Returns up to when each
-- is swept. The fence is in the row itself, as with the proofs of health. The connection is locked so that no gap is left of one that
-- is being erased.
CREATE FUNCTION lode_sweep_listeners(p_self bigint, p_connection bigint[], p_every bigint[], p_until bigint[], p_reason text)
RETURNS TABLE (connection bigint, swept bigint) LANGUAGE plpgsql AS $$
BEGIN
  WITH due AS (
    SELECT l.connection_id, l.tenant_id, l.shard, l.swept_until, o.until
    FROM unnest(p_connection, p_every, p_until) AS o(connection_id, every, until)
    JOIN listener l ON l.connection_id = o.connection_id AND l.state = 0 AND o.until - l.swept_until >= o.every
    JOIN shard s ON s.id = l.shard AND s.owner = p_self AND s.epoch = l.epoch
    JOIN connection n ON n.id = l.connection_id AND n.state = 0 AND n.edition = l.edition
    WHERE NOT EXISTS (SELECT FROM live_gap g WHERE g.id = l.sweep_gap AND g.state < 2)
    ORDER BY l.connection_id
    FOR NO KEY UPDATE OF l FOR SHARE OF n
  ), made AS (
    INSERT INTO gap (tenant_id, connection_id, shard, from_us, until_us, reason)
    SELECT d.tenant_id, d.connection_id, d.shard, d.swept_until, d.until, p_reason FROM due d
    RETURNING id, connection_id, until_us
  )
  UPDATE listener l SET swept_until = m.until_us, sweep_gap = m.id FROM made m WHERE l.connection_id = m.connection_id;
  RETURN QUERY SELECT l.connection_id, l.swept_until FROM listener l WHERE l.connection_id = ANY (p_connection);
END $$;

-- Returns how many of them counted. The fence is in the row itself: a life that lost the shard is not its owner, and once the heir listens the row is of another
-- subscription, also for a statement that began before.
CREATE FUNCTION lode_prove_health(p_self bigint, p_connection bigint[], p_subscription bigint[], p_until bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_proven bigint;
BEGIN
  UPDATE listener l SET healthy_until = greatest(l.healthy_until, p.until)
  FROM unnest(p_connection, p_subscription, p_until) AS p(connection, subscription, until), shard s
  WHERE l.connection_id = p.connection AND l.subscription = p.subscription AND l.state = 0
    AND s.id = l.shard AND s.owner = p_self AND s.epoch = l.epoch;
  GET DIAGNOSTICS v_proven = ROW_COUNT;
  RETURN v_proven;
END $$;

-- Whether a run before this one has read anything: if not, nothing that it read can have been deleted since.
CREATE FUNCTION lode_has_read(p_connection bigint, p_run bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM run r JOIN continuation c ON c.run_id = r.id
                 WHERE r.connection_id = p_connection AND r.id < p_run AND c.records > 0)
$$;

-- In the transaction that has just started a run, under the lock of its shard: what the run is of, and what it repairs. A repair takes what lies within the span that it was
-- planned to repair: a gap that ended after the plan was made may lie outside. What was before the first listener is repaired by any
-- run that reads everything, began after the subscription was confirmed and reads up to then (settle times!), so that nobody reads all
-- of it twice. What was planned for
-- another edition or another version of the source, or has nothing to read, takes nothing.
CREATE FUNCTION lode_plan_repair(p_run bigint, p_connection bigint, p_kind bigint, p_edition bigint, p_version text, p_from bigint,
                               p_until bigint, p_hears_deletes bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_taken bigint;
BEGIN
  UPDATE run SET edition = p_edition WHERE id = p_run AND edition <> p_edition;
  UPDATE gap g SET repair_run = p_run, from_us = v.from_us, edition = p_edition, version = p_version,
                   unswept = CASE WHEN v.is_first AND (v.from_us = v.until_us OR NOT lode_has_read(p_connection, p_run)) THEN '{}' ELSE p_hears_deletes END
  FROM live_gap v
  WHERE v.id = g.id AND v.connection_id = p_connection AND v.repair_run = 0 AND v.until_us IS NOT NULL
    AND CASE p_kind WHEN 3 THEN v.from_us >= p_from AND v.until_us <= p_until WHEN 2 THEN false
        ELSE v.is_first AND v.until_us <= p_until END
    AND EXISTS (SELECT FROM run WHERE id = p_run AND phase = 0)
    AND EXISTS (SELECT FROM connection n JOIN source o ON o.id = n.source_id
                WHERE n.id = p_connection AND n.edition = p_edition AND o.version = p_version);
  GET DIAGNOSTICS v_taken = ROW_COUNT;
  RETURN v_taken;
END $$;

-- As in 0020. Runs of a connection begin one after the other, each under the lock of its shard, and a gap has ended when its repair
-- begins: a pass whose run is not the earlier of both began after it.
CREATE OR REPLACE FUNCTION lode_sweep_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM mark WHERE (stream_id, run_id, id) IN (
    SELECT m.stream_id, m.run_id, m.id FROM mark m JOIN sweep s ON s.stream_id = m.stream_id AND s.run_id = m.run_id
    WHERE m.stream_id = NEW.stream_id LIMIT 10000); -- the rest goes with the upkeep
  -- With a reason it looked at nothing, and what a person has said still holds.
  IF NEW.phase = 1 AND NEW.reason = '' THEN
    UPDATE gap g SET unswept = array_remove(g.unswept, NEW.stream_id)
    FROM sweep w, stream s
    WHERE w.stream_id = NEW.stream_id AND s.id = NEW.stream_id AND g.connection_id = s.connection_id
      AND g.unswept <> '{}' AND NEW.stream_id = ANY (g.unswept) AND g.repair_run <= w.run_id;
    UPDATE stream SET may_delete = false WHERE id = NEW.stream_id AND may_delete;
  END IF;
  DELETE FROM sweep WHERE stream_id = NEW.stream_id;
  RETURN NULL;
END $$;

-- A run that ends otherwise than finished gives back what it was to repair, and so does one whose connection or source was changed
-- meanwhile: part of what it read was another's. Also when dead records end it after it had finished.
CREATE FUNCTION lode_return_gaps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE gap g SET repair_run = 0, failures = failures + 1, unswept = '{}'
  WHERE g.repair_run <> 0 AND g.repair_run = NEW.id
    AND (NEW.phase <> 1 OR NOT EXISTS (SELECT FROM connection n JOIN source o ON o.id = n.source_id
                                       WHERE n.id = g.connection_id AND n.edition = g.edition AND o.version = g.version));
  RETURN NULL;
END $$;
CREATE TRIGGER gaps_returned AFTER UPDATE OF phase ON run FOR EACH ROW
WHEN (OLD.phase <> NEW.phase AND NEW.phase <> 0) EXECUTE FUNCTION lode_return_gaps();

-- Keys whose truth is open: they are fetched again when they are due, by this database's clock. `asked_*` is the fact that raised the
-- latest doubt; of two the one with the later logical time is the later.
CREATE TABLE recheck (
  stream_id     bigint NOT NULL,
  key           text COLLATE "C" NOT NULL,
  connection_id bigint NOT NULL,
  due           timestamptz NOT NULL,
  asked_field   bigint NOT NULL,
  asked_epoch   bigint NOT NULL,
  asked_counter bigint NOT NULL,
  attempts      bigint NOT NULL DEFAULT 0,
  reason        text NOT NULL DEFAULT '', -- why it was put off the last time
  PRIMARY KEY (stream_id, key)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX recheck_due ON recheck (connection_id, due);

-- In the transaction of lode_commit_v1, whose statuses come first: nothing is noted when anything was refused. `s_*`: keys that a
-- page settles, up to this doubt; a later one stays. `r_*`: keys that it raises a doubt about, due so many microseconds from now.
CREATE FUNCTION lode_note_rechecks(
  p_status bigint[], p_connection bigint[], p_stream bigint[],
  r_page bigint[], r_key text[], r_due bigint[], r_field bigint[], r_epoch bigint[], r_counter bigint[],
  s_page bigint[], s_key text[], s_epoch bigint[], s_counter bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF 0 <> ANY (p_status) THEN
    RETURN false;
  END IF;
  IF cardinality(s_page) > 0 THEN
    DELETE FROM recheck r
    USING (SELECT p_stream[u.page] AS stream, u.key, u.epoch, u.counter
           FROM unnest(s_page, s_key, s_epoch, s_counter) AS u(page, key, epoch, counter)) s
    WHERE r.stream_id = s.stream AND r.key = s.key AND (r.asked_epoch, r.asked_counter) <= (s.epoch, s.counter);
  END IF;
  IF cardinality(r_page) > 0 THEN
    -- One statement touches a row once: of doubts about one key the latest counts.
    INSERT INTO recheck AS r (stream_id, key, connection_id, due, asked_field, asked_epoch, asked_counter)
    SELECT DISTINCT ON (p_stream[u.page], u.key COLLATE "C")
           p_stream[u.page], u.key, p_connection[u.page], now() + u.due * interval '1 microsecond', u.field, u.epoch, u.counter
    FROM unnest(r_page, r_key, r_due, r_field, r_epoch, r_counter) AS u(page, key, due, field, epoch, counter)
    ORDER BY p_stream[u.page], u.key COLLATE "C", u.epoch DESC, u.counter DESC
    ON CONFLICT (stream_id, key) DO UPDATE
    SET due = greatest(r.due, EXCLUDED.due), asked_field = EXCLUDED.asked_field, asked_epoch = EXCLUDED.asked_epoch,
        asked_counter = EXCLUDED.asked_counter
    WHERE (r.asked_epoch, r.asked_counter) <= (EXCLUDED.asked_epoch, EXCLUDED.asked_counter);
  END IF;
  RETURN true;
END $$;

-- They could not be fetched: again so many microseconds from now. Where a later doubt was raised meanwhile its own time stands.
CREATE FUNCTION lode_postpone_rechecks(
  p_self bigint, p_connection bigint, p_shard bigint, p_epoch bigint,
  r_stream bigint[], r_key text[], r_epoch bigint[], r_counter bigint[], p_by bigint, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_hold_shard(p_self, p_connection, p_shard, p_epoch);
  UPDATE recheck r SET due = now() + p_by * interval '1 microsecond', attempts = r.attempts + 1, reason = p_reason
  FROM unnest(r_stream, r_key, r_epoch, r_counter) AS u(stream, key, epoch, counter)
  WHERE r.stream_id = u.stream AND r.key = u.key AND r.connection_id = p_connection
    AND r.asked_epoch = u.epoch AND r.asked_counter = u.counter;
END $$;

-- Closed gaps whose repair ended longer ago than `p_keep` microseconds; at most `p_rows` of them. What is owed or under repair stays.
-- Of unverified ones that are so old the first of a connection stays and takes in the others: where nothing is ever swept they
-- would only grow more.
CREATE FUNCTION lode_trim_gaps(p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint;
  v_folded bigint := 0;
  v_gap record;
BEGIN
  DELETE FROM gap WHERE id IN (SELECT g.id FROM live_gap g JOIN run r ON r.id = g.repair_run
                               WHERE g.repair_run <> 0 AND g.state = 2 AND r.ended < now() - p_keep * interval '1 microsecond'
                               ORDER BY g.id LIMIT p_rows);
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  FOR v_gap IN SELECT g.*, f.id AS first FROM gap g JOIN run r ON r.id = g.repair_run AND r.phase = 1
               CROSS JOIN LATERAL (SELECT min(o.id) AS id FROM gap o JOIN run p ON p.id = o.repair_run AND p.phase = 1
                                   WHERE o.connection_id = g.connection_id AND o.unswept <> '{}') f
               WHERE g.unswept <> '{}' AND g.id > f.id AND r.ended < now() - p_keep * interval '1 microsecond'
               ORDER BY g.id LIMIT p_rows - v_gone FOR UPDATE OF g LOOP
    UPDATE gap k SET from_us = least(k.from_us, v_gap.from_us), until_us = greatest(k.until_us, v_gap.until_us),
                     repair_run = greatest(k.repair_run, v_gap.repair_run),
                     unswept = ARRAY(SELECT DISTINCT u FROM unnest(k.unswept || v_gap.unswept) AS u ORDER BY u)
    WHERE k.id = v_gap.first;
    DELETE FROM gap WHERE id = v_gap.id;
    v_folded := v_folded + 1;
  END LOOP;
  RETURN v_gone + v_folded;
END $$;

-- As in 0009, but a run stays as long as a gap names it: without it nobody would know that the gap is closed.
CREATE OR REPLACE FUNCTION lode_trim_runs(p_after bigint, p_keep bigint, p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
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
       AND EXISTS (SELECT FROM run WHERE connection_id = v_run.connection_id AND id > v_run.id)
       AND NOT EXISTS (SELECT FROM gap WHERE repair_run <> 0 AND repair_run = v_run.id) THEN
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

-- As in 0020, with rechecks and gaps; the listener goes with its connection.
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
    ['recheck', 'stream_id, key', 'stream_id = ANY ($2)'],
    ['gap', 'id', 'connection_id = ANY ($3)'],
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
