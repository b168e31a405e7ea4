-- What connections wait for, as people see it. Losing any of it loses no record. Numbers of reasons are those of wait_reason
-- (standing_store.hpp), the greater the graver.

-- A row per connection that is held, or of whose open runs its node tells. Told by `teller`, a life that may be gone: believed as long
-- as it owns the shard. Times are microseconds since the epoch.
CREATE TABLE standing (
  connection_id bigint PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
  tenant_id     bigint NOT NULL,
  shard         bigint NOT NULL,
  source_id     bigint NOT NULL,
  held          bigint NOT NULL DEFAULT 0, -- 9 suspended, 8 paused (it or its tenant), 6 its live side is silent; 0: none of them
  held_since    bigint NOT NULL DEFAULT 0,
  teller        bigint NOT NULL DEFAULT 0, -- 0: nothing is told
  told          bigint NOT NULL DEFAULT 0,
  told_since    bigint NOT NULL DEFAULT 0,
  told_until    bigint,
  rate          bigint NOT NULL DEFAULT 0, -- records in 1,000 s
  last_commit   bigint,
  grade         bigint NOT NULL GENERATED ALWAYS AS (greatest(held, told)) STORED,
  since         bigint NOT NULL GENERATED ALWAYS AS (CASE WHEN held >= told THEN held_since ELSE told_since END) STORED,
  detail        text NOT NULL DEFAULT ''
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX standing_grade ON standing (grade, since, connection_id) WHERE grade > 0;
CREATE INDEX standing_rate ON standing ((-rate), connection_id) WHERE rate > 0;

-- What holds a connection follows from its state, its tenant's and its listener's, in the transaction that changes them: who changes
-- one of them holds the shard.
CREATE FUNCTION lode_note_held(p_connection bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := (extract(epoch FROM now()) * 1000000)::bigint;
  v_is record;
BEGIN
  SELECT n.tenant_id, n.shard, n.source_id, n.state = 3 OR t.state = 3 AS is_going,
         (CASE WHEN n.state = 2 OR t.state = 2 THEN 9 WHEN n.state = 1 OR t.state = 1 THEN 8 WHEN l.state = 1 THEN 6 ELSE 0 END)::bigint AS held
  INTO v_is
  FROM connection n JOIN tenant t ON t.id = n.tenant_id LEFT JOIN listener l ON l.connection_id = n.id WHERE n.id = p_connection;
  IF NOT FOUND OR v_is.is_going THEN
    DELETE FROM standing WHERE connection_id = p_connection;
  ELSIF v_is.held = 0 THEN
    DELETE FROM standing WHERE connection_id = p_connection AND teller = 0;
    UPDATE standing SET held = 0, held_since = 0 WHERE connection_id = p_connection AND held <> 0;
  ELSE
    INSERT INTO standing AS s (connection_id, tenant_id, shard, source_id, held, held_since)
    VALUES (p_connection, v_is.tenant_id, v_is.shard, v_is.source_id, v_is.held, v_now)
    ON CONFLICT (connection_id) DO UPDATE SET held = EXCLUDED.held, held_since = EXCLUDED.held_since WHERE s.held <> EXCLUDED.held;
  END IF;
END $$;

CREATE FUNCTION lode_connection_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_note_held(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER connection_made AFTER INSERT ON connection FOR EACH ROW EXECUTE FUNCTION lode_connection_held();
CREATE TRIGGER connection_held AFTER UPDATE OF state ON connection FOR EACH ROW
WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION lode_connection_held();

CREATE FUNCTION lode_tenant_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_note_held(id) FROM (SELECT id FROM connection WHERE tenant_id = NEW.id ORDER BY id) n;
  RETURN NULL;
END $$;
CREATE TRIGGER tenant_held AFTER UPDATE OF state ON tenant FOR EACH ROW
WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION lode_tenant_held();

CREATE FUNCTION lode_listener_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lode_note_held(OLD.connection_id);
  RETURN NULL;
END $$;
CREATE TRIGGER listener_gone AFTER DELETE ON listener FOR EACH ROW
WHEN (OLD.state = 1) EXECUTE FUNCTION lode_listener_held();
CREATE TRIGGER listener_held AFTER UPDATE OF state ON listener FOR EACH ROW
WHEN (OLD.state <> NEW.state AND (OLD.state = 1 OR NEW.state = 1)) EXECUTE FUNCTION lode_listener_held();

-- Another source: what was told of the former one says nothing.
CREATE FUNCTION lode_source_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM standing WHERE connection_id = NEW.id;
  PERFORM lode_note_held(NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER source_given AFTER UPDATE OF source_id ON connection FOR EACH ROW
WHEN (OLD.source_id <> NEW.source_id) EXECUTE FUNCTION lode_source_given();

SELECT lode_note_held(n.id) FROM connection n JOIN tenant t ON t.id = n.tenant_id LEFT JOIN listener l ON l.connection_id = n.id
WHERE n.state IN (1, 2) OR t.state IN (1, 2) OR l.state = 1;

-- Requests that brought no page, the latest twenty of each connection.
CREATE TABLE call_error (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connection_id bigint NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
  stream_id     bigint NOT NULL,
  run_id        bigint NOT NULL,
  at_us         bigint NOT NULL,
  status        bigint NOT NULL, -- of HTTP; 0: there was no answer
  attempt       bigint NOT NULL,
  partition     text NOT NULL,
  words         text NOT NULL,
  request       text NOT NULL,
  response      text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX call_error_connection ON call_error (connection_id, id);

-- Those of connections whose shard is another's are passed over.
CREATE FUNCTION lode_add_call_errors(
  p_self bigint, p_keep bigint, p_connection bigint[], p_stream bigint[], p_run bigint[], p_at bigint[], p_status bigint[],
  p_attempt bigint[], p_partition text[], p_words text[], p_request text[], p_response text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO call_error (connection_id, stream_id, run_id, at_us, status, attempt, partition, words, request, response)
  SELECT n.id, e.stream, e.run, e.at_us, e.status, e.attempt, e.partition, e.words, e.request, e.response
  FROM unnest(p_connection, p_stream, p_run, p_at, p_status, p_attempt, p_partition, p_words, p_request, p_response)
       WITH ORDINALITY AS e(connection, stream, run, at_us, status, attempt, partition, words, request, response, place)
  JOIN connection n ON n.id = e.connection AND n.state <> 3
  JOIN shard s ON s.id = n.shard AND s.owner = p_self
  ORDER BY e.place;
  DELETE FROM call_error e USING (SELECT DISTINCT c FROM unnest(p_connection) AS c) n
  WHERE e.connection_id = n.c
    AND e.id <= (SELECT id FROM call_error WHERE connection_id = n.c ORDER BY id DESC LIMIT 1 OFFSET p_keep);
END $$;

-- What lives tell that own the shard no more.
CREATE FUNCTION lode_trim_standings(p_rows bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_stale bigint[] := ARRAY(SELECT s.connection_id FROM standing s JOIN shard h ON h.id = s.shard
                            WHERE s.teller <> 0 AND s.teller <> h.owner ORDER BY s.connection_id LIMIT p_rows FOR UPDATE OF s SKIP LOCKED);
BEGIN
  DELETE FROM standing WHERE connection_id = ANY (v_stale) AND held = 0;
  UPDATE standing SET teller = 0, told = 0, told_since = 0, told_until = NULL, rate = 0, detail = '' WHERE connection_id = ANY (v_stale);
  RETURN cardinality(v_stale);
END $$;
