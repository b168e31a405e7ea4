-- Whose store this is: the name of the cluster that works with it, and the name of the key that seals what lies in it (its first eight
-- sealed bytes after the version say which key made a seal). Empty: nobody has begun with it yet.
ALTER TABLE store ADD COLUMN cluster_name text NOT NULL DEFAULT '', ADD COLUMN key_name text NOT NULL DEFAULT '';

-- What earlier programs sealed names its key: the one of most connections, so that one that was sealed with another does not decide.
UPDATE store SET key_name = coalesce((SELECT encode(substring(sealed_secrets FROM 2 FOR 8), 'hex') AS name FROM connection
                                      WHERE length(sealed_secrets) > 9 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1), '');

-- Nodes that have joined, are not declared gone and have a session here; null: none.
CREATE FUNCTION lode_living_nodes() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg('"' || n.name || '"', ', ' ORDER BY n.name) FROM node n
  WHERE n.state <> 3 AND EXISTS (SELECT FROM pg_stat_activity a
                                 WHERE starts_with(a.application_name, 'lode/' || n.incarnation || '/') AND a.datname = current_database())
$$;

-- A node asks before it works with this store: the first one names it. The key's name stays; the cluster's name follows the node that
-- asks if no node lives (they were all stopped to be renamed), but never one with another key. Tells whose the store is now, and of
-- another cluster who lives. The row is locked, so that of two who come first one names it.
CREATE FUNCTION lode_settle_identity(p_cluster text, p_key text, OUT out_cluster text, OUT out_key text, OUT out_living text)
LANGUAGE plpgsql AS $$
BEGIN
  SELECT cluster_name, key_name INTO STRICT out_cluster, out_key FROM store FOR UPDATE;
  IF out_key NOT IN ('', p_key) OR (out_cluster = p_cluster AND out_key = p_key) THEN
    RETURN;
  END IF;
  IF out_cluster NOT IN ('', p_cluster) THEN
    out_living := lode_living_nodes();
    IF out_living IS NOT NULL THEN
      RETURN;
    END IF;
  END IF;
  UPDATE store SET cluster_name = p_cluster, key_name = p_key RETURNING cluster_name, key_name INTO out_cluster, out_key;
END $$;
