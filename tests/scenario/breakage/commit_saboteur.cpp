#include "tests/scenario/breakage/commit_saboteur.hpp"

namespace lode::test {

namespace {

/// The wrapper has the real function's parameters, whatever they are. `kept_commit` has a column per parameter.
/// sabotage.mode: 0 nothing, 1 lose, 2 keep; it counts `left` down to the commit that is hit.
constexpr const char* set_up = R"(
CREATE TABLE sabotage (mode bigint NOT NULL, nth bigint NOT NULL);
INSERT INTO sabotage VALUES (0, 0);
ALTER FUNCTION lode_commit_v1 RENAME TO lode_commit_real;
DO $make$
DECLARE
  v_function pg_proc;
  v_names text;
  v_columns text;
BEGIN
  SELECT * INTO v_function FROM pg_proc WHERE oid = 'lode_commit_real'::regproc;
  SELECT string_agg(name, ', ' ORDER BY place), string_agg(name || ' ' || format_type(type, NULL), ', ' ORDER BY place)
  INTO v_names, v_columns
  FROM unnest(v_function.proargnames[1:v_function.pronargs], v_function.proargtypes::oid[]) WITH ORDINALITY
       AS u(name, type, place);
  EXECUTE format('CREATE TABLE kept_commit (%s)', v_columns);
  EXECUTE format($wrapper$
    CREATE FUNCTION lode_commit_v1(%1$s) LANGUAGE plpgsql AS $body$
    DECLARE
      v_mode bigint := 0;
    BEGIN
      IF cardinality(p_continuation) = 1 AND p_phase[1] = 0 AND cardinality(o_page) = 0 THEN
        UPDATE sabotage SET nth = nth - 1 WHERE mode > 0 AND nth > 0;
        SELECT mode INTO v_mode FROM sabotage WHERE mode > 0 AND nth = 0;
        UPDATE sabotage SET mode = 0 WHERE mode = v_mode AND nth = 0;
      END IF;
      IF v_mode IS NULL OR v_mode = 0 THEN
        SELECT r.* INTO out_status, out_version, out_opened, out_run_ended, out_refused
        FROM lode_commit_real(%2$s) r;
        RETURN;
      ELSIF v_mode = 1 THEN
        UPDATE writer SET last_group = p_group WHERE incarnation = p_incarnation AND number = p_writer;
      ELSE
        INSERT INTO kept_commit VALUES (%2$s);
      END IF;
      out_status := ARRAY[0];
      out_version := ARRAY[p_expected[1] + 1];
      out_opened := '{}';
      out_run_ended := ARRAY[false];
      out_refused := '{}';
    END $body$ $wrapper$, pg_get_function_arguments(v_function.oid), v_names);
  EXECUTE format($deliver$
    CREATE FUNCTION deliver_kept() RETURNS bigint LANGUAGE sql AS $body$
      -- The new life removes the writers of the old one; a zombie would enter anew.
      INSERT INTO writer (incarnation, number) SELECT p_incarnation, p_writer FROM kept_commit
      ON CONFLICT (incarnation, number) DO UPDATE SET number = EXCLUDED.number;
      SELECT (lode_commit_real(%1$s)).out_status[1] FROM kept_commit $body$ $deliver$,
    -- The number that its writer gives now, as it would to a page that waited in its mailbox.
    replace(v_names, 'p_group', '(SELECT last_group + 1 FROM writer WHERE incarnation = p_incarnation AND number = p_writer)'));
END $make$;
)";

} // namespace

commit_saboteur::commit_saboteur(scenario& world) : world_(world) {
  world_.sql(set_up);
}

void commit_saboteur::without_version_check() {
  replace("OR p.expected <> p.version + p.place OR p.after_end", "");
}

void commit_saboteur::without_fence() {
  replace("WHEN f.id IS NULL THEN 2", "");
}

void commit_saboteur::replace(const std::string& text, const std::string& by) {
  world_.sql("DO $do$ DECLARE v_old text := pg_get_functiondef('lode_commit_real'::regproc);"
             " v_new text := replace(v_old, '" + text + "', '" + by + "');"
             " BEGIN IF v_new = v_old THEN RAISE 'the commit function holds no such check'; END IF; EXECUTE v_new; END $do$");
}

void commit_saboteur::lose_commit(int nth) {
  world_.sql("UPDATE sabotage SET mode = 1, nth = " + std::to_string(nth));
}

void commit_saboteur::keep_next_commit() {
  world_.sql("UPDATE sabotage SET mode = 2, nth = 1");
}

bool commit_saboteur::has_kept() const {
  return world_.number("SELECT count(*) FROM kept_commit") > 0;
}

int64_t commit_saboteur::deliver_kept() {
  return world_.number("SELECT deliver_kept()");
}

} // namespace lode::test
