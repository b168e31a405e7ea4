-- A view per stream in the schema lode_views, with a column for each field that the source declares. Whoever has USAGE on the
-- schema reads all of them; they work with their owner's rights, so nothing else of the store needs to be readable.
CREATE SCHEMA lode_views;

ALTER TABLE source ADD COLUMN views text NOT NULL DEFAULT ''; -- version of the manifest that its views are made of
CREATE TABLE stream_view (
  name      text COLLATE "C" PRIMARY KEY, -- in lode_views
  source_id bigint NOT NULL REFERENCES source (id) ON DELETE CASCADE,
  stream    text NOT NULL
);
CREATE INDEX stream_view_source ON stream_view (source_id);

-- The functions of the columns. None of them fails, whatever a record holds. They live beside the views because who reads a
-- view calls them.

-- Escapes that JSON allows and PostgreSQL has no text for, U+0000 and lone surrogates, become the noncharacter U+FDD0, which
-- the other functions take for NULL. First each escaped backslash is written another way: what is left begins an escape.
CREATE FUNCTION lode_views.storable(payload text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  v text := replace(replace(payload, '\\', '\u005c'), '\u0000', '\ufdd0');
BEGIN
  v := regexp_replace(v, '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\\ufdd0', 'g');
  RETURN regexp_replace(v, '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\\ufdd0', 'g');
END $$;

CREATE FUNCTION lode_views.document(payload text) RETURNS json LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  IF payload ~ '\\u(0000|[dD][89a-fA-F])' THEN
    RETURN lode_views.storable(payload)::json;
  END IF;
  RETURN payload::json;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

CREATE FUNCTION lode_views.text_of(document json, field text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  v text := document ->> field;
BEGIN
  RETURN CASE WHEN strpos(v, U&'\FDD0') = 0 THEN v END;
END $$;

CREATE FUNCTION lode_views.integer_of(document json, field text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  v text := document ->> field;
BEGIN
  IF v ~ '^-?[0-9]{1,19}(\.0{1,20})?$' THEN
    IF v::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
      RETURN v::numeric::bigint;
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION lode_views.number_of(document json, field text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  v text := document ->> field;
BEGIN
  IF length(v) <= 1000 AND v ~ '^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$' THEN
    RETURN v::numeric;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION lode_views.boolean_of(document json, field text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN CASE document ->> field WHEN 'true' THEN true WHEN 'false' THEN false END;
END $$;

-- Without a zone it is UTC.
CREATE FUNCTION lode_views.timestamp_of(document json, field text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  v text := document ->> field;
BEGIN
  IF v ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?$' THEN
    RETURN (v || ' UTC')::timestamptz;
  ELSIF v ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$' THEN
    RETURN v::timestamptz;
  END IF;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN -- such a day, hour or zone there is not
  RETURN NULL;
END $$;

CREATE FUNCTION lode_views.date_of(document json, field text) RETURNS date LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN substring(document ->> field FROM '^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?$')::date;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

CREATE FUNCTION lode_views.json_of(document json, field text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  v text := document -> field;
BEGIN
  RETURN CASE WHEN v <> 'null' AND strpos(v, '\ufdd0') = 0 THEN v::jsonb END;
EXCEPTION WHEN OTHERS THEN -- a number beyond all range
  RETURN NULL;
END $$;

-- The query of one view. A newer generation of a stream hides the ones before.
CREATE FUNCTION lode_view_query(p_source bigint, p_stream text, p_fields text[], p_columns text[], p_types text[])
RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT t.name AS tenant, c.name AS connection, r.key, r.first_seen, r.changed, r.deleted, r.payload%s
    FROM lode.stream s
    JOIN lode.connection c ON c.id = s.connection_id AND c.state <> 3
    JOIN lode.tenant t ON t.id = c.tenant_id AND t.state <> 3
    JOIN lode.record r ON r.shard = s.shard AND r.stream_id = s.id
    -- OFFSET keeps it one call for each record, not one for each column
    CROSS JOIN LATERAL (SELECT lode_views.document(r.payload) AS document OFFSET 0) d
    WHERE c.source_id = %s AND s.name = %L AND NOT EXISTS (SELECT FROM lode.stream n
      WHERE n.connection_id = s.connection_id AND n.name = s.name AND n.generation > s.generation)',
    (SELECT string_agg(format(', lode_views.%I(d.document, %L) AS %I', f.type || '_of', f.field, f.name), '' ORDER BY f.place)
     FROM unnest(p_fields, p_columns, p_types) WITH ORDINALITY AS f(field, name, type, place)),
    p_source, p_stream)
$$;

-- Puts one view. Other columns than before need a new view, which loses what was granted on the old one alone.
CREATE FUNCTION lode_put_view(p_name text, p_query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW lode_views.%I AS %s', p_name, p_query);
  EXCEPTION WHEN invalid_table_definition THEN
    EXECUTE format('DROP VIEW lode_views.%I', p_name);
    EXECUTE format('CREATE VIEW lode_views.%I AS %s', p_name, p_query);
  END;
  EXECUTE format('GRANT SELECT ON lode_views.%I TO PUBLIC', p_name);
END $$;

-- Makes the views of a source these and no others; columns are listed by the number of their view. Returns what could not be
-- done: something else has that name, or was built upon a view that has to go.
CREATE FUNCTION lode_put_views(p_source bigint, p_version text, v_name text[], v_stream text[],
                               f_view bigint[], f_field text[], f_column text[], f_type text[])
RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  v_gone text;
  v_troubles text[] := '{}';
BEGIN
  PERFORM 1 FROM source WHERE id = p_source FOR NO KEY UPDATE;
  FOR v_gone IN SELECT name FROM stream_view WHERE source_id = p_source AND name <> ALL (v_name) LOOP
    BEGIN
      EXECUTE format('DROP VIEW IF EXISTS lode_views.%I', v_gone);
      DELETE FROM stream_view WHERE name = v_gone;
    EXCEPTION WHEN dependent_objects_still_exist OR wrong_object_type THEN
      v_troubles := v_troubles || format('%s cannot go: %s', v_gone, SQLERRM);
    END;
  END LOOP;
  FOR i IN 1..cardinality(v_name) LOOP
    BEGIN
      INSERT INTO stream_view AS w (name, source_id, stream) VALUES (v_name[i], p_source, v_stream[i])
      ON CONFLICT (name) DO UPDATE SET stream = EXCLUDED.stream WHERE w.source_id = p_source;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a stream of another source has this name' USING ERRCODE = 'duplicate_table';
      END IF;
      PERFORM lode_put_view(v_name[i], lode_view_query(
        p_source, v_stream[i],
        ARRAY(SELECT f.field FROM unnest(f_view, f_field) WITH ORDINALITY AS f(view, field, place) WHERE f.view = i ORDER BY place),
        ARRAY(SELECT f.name FROM unnest(f_view, f_column) WITH ORDINALITY AS f(view, name, place) WHERE f.view = i ORDER BY place),
        ARRAY(SELECT f.type FROM unnest(f_view, f_type) WITH ORDINALITY AS f(view, type, place) WHERE f.view = i ORDER BY place)));
    EXCEPTION WHEN syntax_error_or_access_rule_violation OR dependent_objects_still_exist OR program_limit_exceeded THEN
      v_troubles := v_troubles || format('%s cannot be made: %s', v_name[i], SQLERRM);
    END;
  END LOOP;
  UPDATE source SET views = p_version WHERE id = p_source;
  RETURN v_troubles;
END $$;
