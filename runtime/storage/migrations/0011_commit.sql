-- The commit, as in 0007 but for these things. A page of an earlier generation takes no place in the chain of its continuation,
-- so it refuses itself and not the new one beside it. Pages of what is being erased are refused by the state of their
-- connection, so that a removal need not touch its open slices (0012). Dead letters are one row each (0010). Rows keep the form
-- of their page's hashes, and a change of kind 4 replaces only hash and form (messages/storage.hpp). Rows are taken from the
-- parameters' arrays without being put into tables on the way, and the feed takes slices of them. `c_write` says what becomes of
-- the record's row: 0 nothing (a later change of the same key writes it), 1 it is looked for, 2 its writer knows that there is
-- none: an insert that need not look costs half. Should there be one after all, the group fails as of data, and `p_careful` looks.
-- What has no hash is deleted, whatever the kind: a later deletion of what is deleted only moves its order.
-- Another parameter makes another function, so the one before goes.
DROP FUNCTION lode_commit_v1;

CREATE FUNCTION lode_commit_v1(
  p_incarnation bigint, p_writer bigint, p_group bigint, p_careful boolean,
  p_tenant bigint[], p_connection bigint[], p_stream bigint[], p_shard bigint[], p_epoch bigint[], p_partition text[],
  p_continuation bigint[], p_run bigint[], p_expected bigint[], p_phase bigint[], p_state bytea[], p_reason text[],
  p_completes boolean[], p_from bigint[], p_to bigint[], p_tag bigint[], p_form bigint[],
  p_pages bigint[], p_records bigint[], p_inserted bigint[], p_updated bigint[], p_unchanged bigint[],
  p_refused bigint[], p_dead bigint[], p_bytes bigint[], p_first bigint[], p_last bigint[], p_ops text[],
  o_page bigint[], o_stream bigint[], o_partition text[], o_from bigint[], o_to bigint[], o_state bytea[],
  c_page bigint[], c_kind bigint[], c_write bigint[], c_key text[], c_payload text[], c_high bigint[], c_low bigint[],
  c_field bigint[], c_epoch bigint[], c_counter bigint[],
  d_page bigint[], d_key text[], d_payload text[], d_reason text[],
  d_field bigint[], d_epoch bigint[], d_counter bigint[],
  OUT out_status bigint[], OUT out_version bigint[], OUT out_opened bigint[], OUT out_run_ended boolean[],
  OUT out_refused bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  v_held bigint[];
  v_epochs bigint[];
  v_message text;
  v_has_gaps boolean;
  v_is_same boolean;
  v_is_live boolean;
  v_kind bigint;
BEGIN
  out_opened := '{}';
  out_refused := '{}';
  out_run_ended := array_fill(false, ARRAY[cardinality(p_shard)]);

  PERFORM 1 FROM writer
  WHERE incarnation = p_incarnation AND number = p_writer AND last_group = p_group - 1 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'writer % of incarnation % does not stand before group %', p_writer, p_incarnation, p_group
      USING ERRCODE = 'LD001';
  END IF;

  -- The fence: exclusive row locks, so that a claim waits for this commit, or this commit sees the claim.
  SELECT coalesce(array_agg(held.id), '{}'), coalesce(array_agg(held.epoch), '{}') INTO v_held, v_epochs FROM (
    SELECT s.id, s.epoch FROM shard s WHERE s.id = ANY (p_shard) AND s.owner = p_incarnation
    ORDER BY s.id FOR NO KEY UPDATE) held;
  PERFORM 1 FROM continuation WHERE id = ANY (p_continuation) ORDER BY id FOR NO KEY UPDATE;

  SELECT array_agg(CASE
           WHEN f.id IS NULL THEN 2
           WHEN s.id IS NULL OR n.state = 3 THEN 1
           WHEN s.shard <> p.shard OR s.tenant_id <> p.tenant OR s.connection_id <> p.connection THEN 2
           WHEN p.continuation = 0 THEN CASE WHEN lode_is_active(p.connection) THEN 0 ELSE 1 END
           WHEN p.version IS NULL OR p.phase_now <> 0 OR p.run_id <> p.run OR p.stream_id <> p.stream
             OR p.expected <> p.version + p.place OR p.after_end THEN 1
           ELSE 0 END ORDER BY p.page),
         array_agg(coalesce(p.version, 0) ORDER BY p.page)
  INTO out_status, out_version
  FROM (SELECT u.*, c.version, c.phase AS phase_now, c.run_id, c.stream_id,
               count(*) FILTER (WHERE u.expected >= c.version) OVER earlier AS place,
               coalesce(max(u.phase) FILTER (WHERE u.expected >= c.version) OVER earlier, 0) > 0 AS after_end
        FROM unnest(p_tenant, p_connection, p_stream, p_shard, p_epoch, p_continuation, p_run, p_expected, p_phase)
             WITH ORDINALITY AS u(tenant, connection, stream, shard, epoch, continuation, run, expected, phase, page)
        LEFT JOIN continuation c ON c.id = u.continuation
        WINDOW earlier AS (PARTITION BY u.continuation ORDER BY u.page
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) p
  LEFT JOIN unnest(v_held, v_epochs) AS f(id, epoch) ON f.id = p.shard AND f.epoch = p.epoch
  LEFT JOIN stream s ON s.id = p.stream
  LEFT JOIN connection n ON n.id = s.connection_id;

  IF 1 = ANY (out_status) OR 2 = ANY (out_status) THEN
    SELECT array_agg(CASE status WHEN 0 THEN 4 ELSE status END ORDER BY page) INTO out_status
    FROM unnest(out_status) WITH ORDINALITY AS u(status, page);
    RETURN;
  END IF;

  -- Continuations: consecutive pages of one are one move.
  UPDATE continuation c
  SET version = c.version + g.moves, phase = g.phase, state = CASE g.phase WHEN 0 THEN g.state ELSE '' END,
      reason = g.reason, crash_resumes = 0, pages = c.pages + g.pages, records = c.records + g.records,
      inserted = c.inserted + g.inserted, updated = c.updated + g.updated, unchanged = c.unchanged + g.unchanged,
      refused_older = c.refused_older + g.refused_older, dead = c.dead + g.dead, bytes = c.bytes + g.bytes
  FROM (SELECT continuation, count(*) AS moves, (array_agg(phase ORDER BY page DESC))[1] AS phase,
               (array_agg(state ORDER BY page DESC))[1] AS state, (array_agg(reason ORDER BY page DESC))[1] AS reason,
               sum(pages)::bigint AS pages, sum(records)::bigint AS records, sum(inserted)::bigint AS inserted,
               sum(updated)::bigint AS updated, sum(unchanged)::bigint AS unchanged,
               sum(refused_older)::bigint AS refused_older, sum(dead)::bigint AS dead, sum(bytes)::bigint AS bytes
        FROM unnest(p_continuation, p_phase, p_state, p_reason, p_pages, p_records, p_inserted, p_updated,
                    p_unchanged, p_refused, p_dead, p_bytes) WITH ORDINALITY
             AS u(continuation, phase, state, reason, pages, records, inserted, updated, unchanged, refused_older,
                  dead, bytes, page)
        WHERE continuation <> 0 GROUP BY continuation) g
  WHERE c.id = g.continuation;

  IF cardinality(o_page) > 0 THEN
    IF EXISTS (SELECT FROM unnest(o_page, o_stream) AS o(page, stream)
               LEFT JOIN stream s ON s.id = o.stream AND s.connection_id = p_connection[o.page] WHERE s.id IS NULL) THEN
      RAISE EXCEPTION 'a page opens a continuation in a stream of another connection' USING ERRCODE = '23503';
    END IF;
    out_opened := lode_open_children(p_run, o_page, o_stream, o_partition, o_from, o_to, o_state);
    -- Where a partition's first incremental run begins, its cursor begins.
    INSERT INTO stream_cursor (stream_id, partition, known_up_to)
    SELECT o.stream, o.partition, min(o.slice_from)
    FROM unnest(o_page, o_stream, o_partition, o_from, o_to) AS o(page, stream, partition, slice_from, slice_to)
    JOIN run r ON r.id = p_run[o.page] AND r.kind IN (0, 1, 4)
    WHERE o.slice_from <> 0 OR o.slice_to <> 0
    GROUP BY o.stream, o.partition ON CONFLICT DO NOTHING;
  END IF;

  -- Before the others: of a key that is hashed in another form and changed it comes first.
  IF 4 = ANY (c_kind) THEN
    UPDATE record r SET hash_high = c.high, hash_low = c.low, form = p_form[c.page]
    FROM unnest(c_page, c_kind, c_key, c_high, c_low) AS c(page, kind, key, high, low)
    WHERE c.kind = 4 AND r.shard = p_shard[c.page] AND r.stream_id = p_stream[c.page] AND r.key = c.key;
  END IF;

  IF p_careful THEN
    FOR i IN 1..cardinality(c_page) LOOP
      CONTINUE WHEN c_kind[i] = 4;
      BEGIN
        SELECT (r.hash_high, r.hash_low) = (c_high[i], c_low[i]), NOT r.deleted
        INTO v_is_same, v_is_live
        FROM record r WHERE r.shard = p_shard[c_page[i]] AND r.stream_id = p_stream[c_page[i]] AND r.key = c_key[i];
        INSERT INTO record AS r (shard, stream_id, key, payload, hash_high, hash_low, order_field, order_epoch,
                                 order_counter, deleted, form)
        VALUES (p_shard[c_page[i]], p_stream[c_page[i]], c_key[i], c_payload[i], c_high[i], c_low[i], c_field[i],
                c_epoch[i], c_counter[i], c_high[i] = 0 AND c_low[i] = 0, p_form[c_page[i]])
        ON CONFLICT (shard, stream_id, key) DO UPDATE
        SET payload = EXCLUDED.payload, hash_high = EXCLUDED.hash_high, hash_low = EXCLUDED.hash_low,
            order_field = EXCLUDED.order_field, order_epoch = EXCLUDED.order_epoch,
            order_counter = EXCLUDED.order_counter, deleted = EXCLUDED.deleted, form = EXCLUDED.form,
            changed = CASE WHEN (r.hash_high, r.hash_low, r.deleted)
                                = (EXCLUDED.hash_high, EXCLUDED.hash_low, EXCLUDED.deleted)
                           THEN r.changed ELSE EXCLUDED.changed END;
        -- Its writer took a change before it for stored that was refused: the row says what this one is.
        v_kind := CASE WHEN v_is_same THEN 3 WHEN c_kind[i] = 1 AND v_is_live IS NOT TRUE THEN 0 ELSE c_kind[i] END;
        IF v_kind <> c_kind[i] THEN
          UPDATE continuation
          SET inserted = inserted - (c_kind[i] = 0)::int + (v_kind = 0)::int, updated = updated - (c_kind[i] = 1)::int,
              unchanged = unchanged + (v_kind = 3 AND c_kind[i] < 2)::int
          WHERE id = p_continuation[c_page[i]];
          c_kind[i] := v_kind;
        END IF;
      EXCEPTION WHEN cardinality_violation OR data_exception OR integrity_constraint_violation
                     OR program_limit_exceeded THEN
        GET STACKED DIAGNOSTICS v_message = MESSAGE_TEXT;
        PERFORM lode_bury(p_tenant[c_page[i]], p_connection[c_page[i]], p_stream[c_page[i]], p_run[c_page[i]], c_field[i],
                          c_epoch[i], c_counter[i], left(c_key[i], 1024), left(c_payload[i], 65536), v_message);
        UPDATE continuation
        SET dead = dead + 1, inserted = inserted - (c_kind[i] = 0)::int, updated = updated - (c_kind[i] = 1)::int
        WHERE id = p_continuation[c_page[i]];
        c_kind[i] := 3; -- no feed entry
        out_refused := out_refused || i::bigint;
      END;
    END LOOP;
  ELSE
    IF 2 = ANY (c_write) THEN
      INSERT INTO record (shard, stream_id, key, payload, hash_high, hash_low, order_field, order_epoch, order_counter,
                          deleted, form)
      SELECT p_shard[c.page], p_stream[c.page], c.key, c.payload, c.high, c.low, c.field, c.epoch, c.counter, false,
             p_form[c.page]
      FROM (SELECT unnest(c_page) AS page, unnest(c_write) AS write, unnest(c_key) AS key, unnest(c_payload) AS payload,
                   unnest(c_high) AS high, unnest(c_low) AS low, unnest(c_field) AS field, unnest(c_epoch) AS epoch,
                   unnest(c_counter) AS counter) c
      WHERE c.write = 2;
    END IF;
    IF 1 = ANY (c_write) THEN
      INSERT INTO record AS r (shard, stream_id, key, payload, hash_high, hash_low, order_field, order_epoch,
                               order_counter, deleted, form)
      SELECT p_shard[c.page], p_stream[c.page], c.key, c.payload, c.high, c.low, c.field, c.epoch, c.counter,
             c.high = 0 AND c.low = 0, p_form[c.page]
      FROM (SELECT unnest(c_page) AS page, unnest(c_write) AS write, unnest(c_key) AS key, unnest(c_payload) AS payload,
                   unnest(c_high) AS high, unnest(c_low) AS low, unnest(c_field) AS field, unnest(c_epoch) AS epoch,
                   unnest(c_counter) AS counter) c
      WHERE c.write = 1
      ON CONFLICT (shard, stream_id, key) DO UPDATE
      SET payload = EXCLUDED.payload, hash_high = EXCLUDED.hash_high, hash_low = EXCLUDED.hash_low,
          order_field = EXCLUDED.order_field, order_epoch = EXCLUDED.order_epoch,
          order_counter = EXCLUDED.order_counter, deleted = EXCLUDED.deleted, form = EXCLUDED.form,
          changed = CASE WHEN (r.hash_high, r.hash_low, r.deleted)
                              = (EXCLUDED.hash_high, EXCLUDED.hash_low, EXCLUDED.deleted)
                         THEN r.changed ELSE EXCLUDED.changed END;
    END IF;
  END IF;

  IF cardinality(c_page) > 0 THEN
    v_has_gaps := p_careful OR 3 = ANY (c_kind) OR 4 = ANY (c_kind);
    -- Changes stand in the order of their pages: those of one are a slice. Where some have no entry, or another one than their
    -- writer thought, they are picked.
    WITH page AS (
      SELECT n AS page, p_shard[n] AS shard, p_last[n] - p_first[n] + 1 AS entries, c_key[p_first[n]:p_last[n]] AS keys,
             p_ops[n] AS ops, c_high[p_first[n]:p_last[n]] AS highs, c_low[p_first[n]:p_last[n]] AS lows,
             c_field[p_first[n]:p_last[n]] AS fields, c_epoch[p_first[n]:p_last[n]] AS epochs,
             c_counter[p_first[n]:p_last[n]] AS counters
      FROM generate_series(1, cardinality(p_shard)) AS n
      WHERE NOT v_has_gaps AND p_first[n] <= p_last[n]
      UNION ALL
      SELECT c.page, p_shard[c.page], count(*), array_agg(c.key ORDER BY c.place),
             string_agg(CASE c.kind WHEN 0 THEN 'i' WHEN 1 THEN 'u' ELSE 'd' END, '' ORDER BY c.place),
             array_agg(c.high ORDER BY c.place), array_agg(c.low ORDER BY c.place), array_agg(c.field ORDER BY c.place),
             array_agg(c.epoch ORDER BY c.place), array_agg(c.counter ORDER BY c.place)
      FROM unnest(c_page, c_kind, c_key, c_high, c_low, c_field, c_epoch, c_counter) WITH ORDINALITY
           AS c(page, kind, key, high, low, field, epoch, counter, place)
      WHERE v_has_gaps AND c.kind < 3 GROUP BY c.page),
    taken AS (
      UPDATE shard s SET feed_seq = s.feed_seq + t.entries
      FROM (SELECT shard, sum(entries)::bigint AS entries FROM page GROUP BY shard) t
      WHERE s.id = t.shard RETURNING s.id, s.feed_seq - t.entries AS before)
    INSERT INTO feed (shard, base_seq, tenant_id, connection_id, stream_id, count, ops, keys, hash_highs, hash_lows,
                      order_fields, order_epochs, order_counters)
    SELECT g.shard,
           t.before + 1 + coalesce(sum(g.entries) OVER (PARTITION BY g.shard ORDER BY g.page
                                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
           p_tenant[g.page], p_connection[g.page], p_stream[g.page], g.entries, g.ops, g.keys, g.highs, g.lows,
           -- One element says it when all are the same, as they mostly are.
           CASE WHEN g.fields[1] = ALL (g.fields) THEN g.fields[1:1] ELSE g.fields END,
           CASE WHEN g.epochs[1] = ALL (g.epochs) THEN g.epochs[1:1] ELSE g.epochs END,
           CASE WHEN g.counters[1] = ALL (g.counters) THEN g.counters[1:1] ELSE g.counters END
    FROM page g JOIN taken t ON t.id = g.shard;

    UPDATE stream s SET cache_tag = t.tag
    FROM (SELECT p_stream[c.page] AS stream, max(p_tag[c.page]) AS tag FROM unnest(c_page) AS c(page) GROUP BY 1) t
    WHERE s.id = t.stream;
  END IF;

  IF cardinality(d_page) > 0 THEN
    PERFORM lode_bury(p_tenant[d.page], p_connection[d.page], p_stream[d.page], p_run[d.page], d.field, d.epoch,
                      d.counter, d.key, d.payload, d.reason)
    FROM unnest(d_page, d_key, d_payload, d_reason, d_field, d_epoch, d_counter)
         AS d(page, key, payload, reason, field, epoch, counter);
  END IF;

  IF true = ANY (p_completes) THEN
    FOR i IN 1..cardinality(p_completes) LOOP
      IF p_completes[i] AND p_to[i] > p_from[i] THEN
        PERFORM lode_merge_interval(p_stream[i], p_partition[i], p_from[i], p_to[i]);
      END IF;
    END LOOP;
  END IF;

  -- Counted once per opened or ended continuation; who takes the counter to zero ends the run.
  IF cardinality(o_page) > 0 OR 0 <> ANY (p_phase) THEN
    WITH delta AS (
      SELECT run, sum(step)::bigint AS step, sum(failed)::bigint AS failed, max(page) AS last, max(reason) AS reason
      FROM (SELECT run, -1 AS step, (phase = 2)::int AS failed, page, CASE phase WHEN 2 THEN reason END AS reason
            FROM unnest(p_run, p_continuation, p_phase, p_reason) WITH ORDINALITY
                 AS u(run, continuation, phase, reason, page)
            WHERE continuation <> 0 AND phase <> 0
            UNION ALL
            SELECT p_run[o.page], 1, 0, NULL, NULL FROM unnest(o_page, out_opened) AS o(page, id) WHERE o.id <> 0) steps
      GROUP BY run),
    moved AS (
      UPDATE run r
      SET open = r.open + d.step, failed = r.failed + d.failed,
          reason = CASE WHEN r.reason = '' THEN coalesce(d.reason, '') ELSE r.reason END,
          phase = CASE WHEN r.open + d.step > 0 THEN 0 WHEN r.failed + d.failed > 0 THEN 2 ELSE 1 END,
          ended = CASE WHEN r.open + d.step > 0 THEN NULL ELSE now() END
      FROM delta d WHERE r.id = d.run AND r.phase = 0
      RETURNING r.phase, d.last)
    SELECT array_agg(EXISTS (SELECT FROM moved WHERE moved.phase <> 0 AND moved.last = page) ORDER BY page)
    INTO out_run_ended FROM generate_series(1, cardinality(p_shard)) AS page;
  END IF;

  UPDATE writer SET last_group = p_group, opened = out_opened, run_ended = out_run_ended, refused = out_refused
  WHERE incarnation = p_incarnation AND number = p_writer;
  SELECT array_agg(expected + (continuation <> 0)::int ORDER BY page) INTO out_version
  FROM unnest(p_expected, p_continuation) WITH ORDINALITY AS u(expected, continuation, page);
END $$;
