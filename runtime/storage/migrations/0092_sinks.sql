-- Where changes go. States as of tenants: 0 active, 1 paused, 2 suspended.
CREATE TABLE sink (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name    text COLLATE "C" NOT NULL UNIQUE,
  version bigint NOT NULL DEFAULT 1, -- grows when a person gives other settings
  kind    text NOT NULL,
  streams text[] NOT NULL DEFAULT '{}', -- SOURCE/STREAM with * for anything; empty: all
  sealed  bytea NOT NULL, -- its settings
  state   bigint NOT NULL DEFAULT 0,
  reason  text NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT now()
);

-- How far a sink has got with the feed of a shard; no row: it has had nothing of it. `holder` has the next changes in delivery, as
-- its claim number `claim`, until it settles, gives up, is gone, or `held_until` has passed: the database's clock. 0: nobody has.
CREATE TABLE sink_cursor (
  sink_id       bigint NOT NULL REFERENCES sink (id) ON DELETE CASCADE,
  shard         bigint NOT NULL,
  position      bigint NOT NULL DEFAULT 0, -- up to here all is safe at the target
  holder        bigint NOT NULL DEFAULT 0,
  claim         bigint NOT NULL DEFAULT 0,
  held_until    timestamptz,
  delivered     bigint NOT NULL DEFAULT 0,
  delivered_at  timestamptz,
  failures      bigint NOT NULL DEFAULT 0, -- in a row
  failing_since timestamptz,
  retry_at      timestamptz, -- not before
  error         text NOT NULL DEFAULT '',
  PRIMARY KEY (sink_id, shard)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- Makes a sink, or gives it other settings: then its cursors stay, and what failed is tried again at once. `p_from_now`: what is in the
-- feed already is not delivered; else all that it still holds.
CREATE FUNCTION lode_put_sink(p_name text, p_kind text, p_streams text[], p_sealed bytea, p_from_now boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint;
BEGIN
  UPDATE sink SET version = version + 1, kind = p_kind, streams = p_streams, sealed = p_sealed,
                  state = CASE state WHEN 1 THEN 1 ELSE 0 END, reason = CASE state WHEN 1 THEN reason ELSE '' END
  WHERE name = p_name RETURNING id INTO v_id;
  IF FOUND THEN
    UPDATE sink_cursor SET retry_at = NULL WHERE sink_id = v_id AND retry_at IS NOT NULL;
    RETURN false;
  END IF;
  INSERT INTO sink (name, kind, streams, sealed) VALUES (p_name, p_kind, p_streams, p_sealed) RETURNING id INTO v_id;
  INSERT INTO sink_cursor (sink_id, shard, position)
  SELECT v_id, s.id, s.place FROM (SELECT id, CASE WHEN p_from_now THEN feed_seq ELSE feed_trimmed END AS place FROM shard) s WHERE s.place > 0;
  RETURN true;
END $$;

-- By a person. LD004: there is none.
CREATE FUNCTION lode_set_sink_state(p_name text, p_state bigint, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint;
BEGIN
  UPDATE sink SET state = p_state, reason = p_reason WHERE name = p_name RETURNING id INTO v_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no sink "%"', p_name USING ERRCODE = 'LD004';
  END IF;
  IF p_state = 0 THEN
    UPDATE sink_cursor SET retry_at = NULL WHERE sink_id = v_id AND retry_at IS NOT NULL;
  END IF;
END $$;

-- The shards that `p_self` owns whose feed goes on beyond the cursor, that wait for nothing and that nobody has in delivery. A claim is
-- void when its holder is no living node or its time is over.
CREATE FUNCTION lode_shards_to_deliver(p_self bigint, p_sink bigint) RETURNS TABLE (shard bigint, claim bigint, held_until timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT s.id, coalesce(c.claim, 0), c.held_until
  FROM shard s LEFT JOIN sink_cursor c ON c.sink_id = p_sink AND c.shard = s.id
  WHERE s.owner = p_self AND s.feed_seq > coalesce(c.position, 0) AND (c.retry_at IS NULL OR c.retry_at <= now())
    AND (c.holder IS NULL OR c.holder = 0 OR c.held_until <= now()
         OR NOT EXISTS (SELECT FROM node n WHERE n.incarnation = c.holder AND n.state <> 3))
$$;

-- Of these at most `p_counts` for each sink, the longest unclaimed first. Whoever claims one that somebody else has claimed since it was
-- seen gets nothing: its number has grown.
CREATE FUNCTION lode_claim_deliveries(p_self bigint, p_sinks bigint[], p_counts bigint[], p_hold_us bigint)
RETURNS TABLE (out_sink bigint, out_shard bigint, out_claim bigint, out_position bigint, out_failures bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_wanted record;
BEGIN
  FOR v_wanted IN SELECT w.sink, w.places FROM unnest(p_sinks, p_counts) AS w(sink, places) WHERE w.places > 0 ORDER BY w.sink LOOP
    -- A look that finds nothing to do locks nothing, and so writes nothing.
    CONTINUE WHEN NOT EXISTS (SELECT FROM lode_shards_to_deliver(p_self, v_wanted.sink));
    PERFORM 1 FROM sink WHERE id = v_wanted.sink AND state = 0 FOR SHARE; -- before its cursors, as who puts or removes it
    CONTINUE WHEN NOT FOUND;
    RETURN QUERY
    WITH seen AS (
      SELECT d.shard, d.claim FROM lode_shards_to_deliver(p_self, v_wanted.sink) d
      ORDER BY d.held_until NULLS FIRST, d.shard LIMIT v_wanted.places)
    INSERT INTO sink_cursor AS k (sink_id, shard, holder, claim, held_until)
    SELECT v_wanted.sink, s.shard, p_self, s.claim + 1, now() + p_hold_us * interval '1 microsecond' FROM seen s ORDER BY s.shard
    ON CONFLICT (sink_id, shard) DO UPDATE SET holder = EXCLUDED.holder, claim = EXCLUDED.claim, held_until = EXCLUDED.held_until
    WHERE k.claim = EXCLUDED.claim - 1
    RETURNING k.sink_id, k.shard, k.claim, k.position, k.failures;
  END LOOP;
END $$;

-- What was delivered is safe at the target up to `p_upto`, and the claim is over. Again with the same: it was done.
--
-- The claim alone is the fence, whoever owns the shard by now: until it is settled or released nobody else delivers; who claims once it
-- is void, its holder gone or its time over, has the next number; a new generation of the store leaves no holder. So where this life
-- still stands with this number nobody has delivered since, and that the target has it is true from wherever it came. LD006: that is
-- not so, or the feed lacks what was delivered: the database fell back to an earlier state, and will give these positions to others.
CREATE FUNCTION lode_settle_delivery(p_self bigint, p_sink bigint, p_shard bigint, p_claim bigint, p_upto bigint, p_count bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM sink_cursor WHERE sink_id = p_sink AND shard = p_shard AND claim = p_claim AND holder = 0 AND position >= p_upto) THEN
    RETURN;
  END IF;
  UPDATE sink_cursor c
  SET position = greatest(c.position, p_upto), holder = 0, delivered = c.delivered + p_count,
      delivered_at = CASE WHEN p_count > 0 THEN now() ELSE c.delivered_at END, failures = 0, failing_since = NULL, retry_at = NULL, error = ''
  FROM shard s
  WHERE c.sink_id = p_sink AND c.shard = p_shard AND c.claim = p_claim AND c.holder = p_self AND s.id = p_shard AND s.feed_seq >= p_upto;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'claim % of shard % is not held any more', p_claim, p_shard USING ERRCODE = 'LD006';
  END IF;
END $$;

-- Nothing of it counts as delivered. With an error it is tried again after `p_wait_us`. A claim that is another's stays.
CREATE FUNCTION lode_release_delivery(p_self bigint, p_sink bigint, p_shard bigint, p_claim bigint, p_error text, p_wait_us bigint)
RETURNS void LANGUAGE sql AS $$
  UPDATE sink_cursor
  SET holder = 0, failures = CASE p_error WHEN '' THEN failures ELSE failures + 1 END,
      failing_since = CASE p_error WHEN '' THEN failing_since ELSE coalesce(failing_since, now()) END,
      retry_at = CASE p_error WHEN '' THEN retry_at ELSE now() + p_wait_us * interval '1 microsecond' END,
      error = CASE p_error WHEN '' THEN error ELSE p_error END
  WHERE sink_id = p_sink AND shard = p_shard AND claim = p_claim AND holder = p_self
$$;

-- In a new generation of the store the feed may end before what a cursor had counted as delivered; those positions are given out again.
CREATE FUNCTION lode_sinks_begin_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sink_cursor c SET position = least(c.position, s.feed_seq), holder = 0, retry_at = NULL FROM shard s WHERE s.id = c.shard;
  RETURN NULL;
END $$;
CREATE TRIGGER sinks_begin_anew AFTER UPDATE OF generation ON store FOR EACH ROW
WHEN (old.generation <> new.generation) EXECUTE FUNCTION lode_sinks_begin_anew();
