-- Whose store this is: the name of the cluster that works with it, and the name of the key that seals what lies in it (its first eight
-- sealed bytes after the version say which key made a seal). Empty: nobody has begun with it yet.
ALTER TABLE store ADD COLUMN cluster_name text NOT NULL DEFAULT '', ADD COLUMN key_name text NOT NULL DEFAULT '';

-- What earlier programs sealed names its key: the one of most connections, so that one that was sealed with another does not decide.
UPDATE store SET key_name = coalesce((SELECT encode(substring(sealed_secrets FROM 2 FOR 8), 'hex') AS name FROM connection
                                      WHERE length(sealed_secrets) > 9 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1), '');

-- Nodes that have joined and are not declared gone, and how far each has counted; null: none.
CREATE FUNCTION lode_living_nodes(OUT out_names text, OUT out_beats text) LANGUAGE sql AS $$
  SELECT string_agg('"' || name || '"', ', ' ORDER BY name), string_agg(incarnation || ':' || beat, ' ' ORDER BY incarnation)
  FROM node WHERE state <> 3
$$;

-- A node asks before it works with this store: the first one names it. The key's name stays; the cluster's name follows the node that
-- asks if no node lives (they were all stopped to be renamed), but never one with another key. Tells whose the store is now, and of
-- another cluster who may live, and their beats: those that stand still for a lease have gone, which who asks again says with
-- `p_still`. A session is no sign of life: all of them end with the server. The row is locked, so that of two who come first one names it.
CREATE FUNCTION lode_settle_identity(p_cluster text, p_key text, p_still text, OUT out_cluster text, OUT out_key text,
                                     OUT out_living text, OUT out_beats text)
LANGUAGE plpgsql AS $$
BEGIN
  SELECT cluster_name, key_name INTO STRICT out_cluster, out_key FROM store FOR UPDATE;
  IF out_key NOT IN ('', p_key) OR (out_cluster = p_cluster AND out_key = p_key) THEN
    RETURN;
  END IF;
  IF out_cluster NOT IN ('', p_cluster) THEN
    SELECT out_names, l.out_beats INTO out_living, out_beats FROM lode_living_nodes() l;
    IF out_beats <> p_still THEN
      RETURN;
    END IF;
  END IF;
  UPDATE store SET cluster_name = p_cluster, key_name = p_key RETURNING cluster_name, key_name INTO out_cluster, out_key;
END $$;
