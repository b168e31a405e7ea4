-- What people change in mid-run. A connection has an edition: pages read under an earlier one are not written.

ALTER TABLE connection ADD COLUMN edition bigint NOT NULL DEFAULT 0;

-- Whoever puts a connection names its source, whether or not it is another one; a renewed token or a new state does not.
-- Page tokens and first pages belong to a source and its configuration: with others open slices begin anew. The caller
-- holds the lock of the shard.
CREATE FUNCTION lode_connection_put() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_is_other boolean := (OLD.source_id, OLD.configuration) IS DISTINCT FROM (NEW.source_id, NEW.configuration);
BEGIN
  IF NOT v_is_other AND OLD.sealed_secrets = NEW.sealed_secrets THEN
    RETURN NEW;
  END IF;
  NEW.edition := OLD.edition + 1;
  PERFORM lode_raise_versions(ARRAY[NEW.id], false, '');
  IF v_is_other THEN
    UPDATE continuation c SET state = '' FROM run r
    WHERE r.connection_id = NEW.id AND r.phase = 0 AND c.run_id = r.id AND c.phase = 0;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER connection_put BEFORE UPDATE OF source_id ON connection
FOR EACH ROW EXECUTE FUNCTION lode_connection_put();

CREATE FUNCTION lode_set_connection_secrets(p_connection bigint, p_secrets bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM shard WHERE id = (SELECT shard FROM connection WHERE id = p_connection AND state <> 3)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no connection %', p_connection USING ERRCODE = 'LD004';
  END IF;
  PERFORM lode_raise_versions(ARRAY[p_connection], false, '');
  UPDATE connection SET sealed_secrets = p_secrets, edition = edition + 1 WHERE id = p_connection;
END $$;

-- As in 0003, but the tenant is marked first: a connection that is being put holds the tenant's row, so it is either
-- committed and seen here, or finds no tenant afterwards.
CREATE OR REPLACE FUNCTION lode_begin_erase(p_tenant bigint, p_connection bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_connections bigint[];
BEGIN
  PERFORM 1 FROM shard
  WHERE id = coalesce((SELECT shard FROM tenant WHERE id = p_tenant),
                      (SELECT shard FROM connection WHERE id = p_connection)) FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no tenant % or connection %', p_tenant, p_connection USING ERRCODE = 'LD004';
  END IF;
  UPDATE tenant SET state = 3, reason = 'is being erased' WHERE id = p_tenant;
  v_connections := ARRAY(SELECT id FROM connection WHERE tenant_id = p_tenant OR id = p_connection);
  PERFORM lode_raise_versions(v_connections, true, 'is being erased');
  UPDATE connection SET state = 3, reason = 'is being erased', sealed_secrets = '', configuration = '{}'
  WHERE id = ANY (v_connections);
  DELETE FROM due WHERE connection_id = ANY (v_connections);
END $$;
