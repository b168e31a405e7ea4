# shellcheck shell=bash disable=SC2154
# Workload "recover": node, PostgreSQL and Redis are killed in the middle of mining and started again, all at once; how
# long until the last tenant commits.

tenants=500 seconds=10 repeat=5

measure() {
  "$lode_root/setup/build" release lode bench-provider
  local repetition server machine
  records_per_tenant=100000 # more than anybody reads
  open_work
  make_certificate
  start_postgres
  tune_postgres track_commit_timestamp on
  server=$(server_settings)
  machine=$(machine)
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: $tenants tenants mine for $seconds s, then kill -9"
    recover
    keep_figures
  done
  write_report "$server" "$machine" "$(jq -n --argjson tenants "$tenants" --argjson seconds "$seconds" \
    '{workload: "recover", $tenants, $seconds, record_bytes: 520, page_records: 100, provider: "goes on running"}')"
  add_slowest
  show
}

recover() {
  local began
  fresh_database
  start_provider http
  start_node
  put_source
  import_tenants 1 "$tenants"
  settle_postgres
  start_runs 1 "$tenants"
  await 60 "all tenants commit" all_committed "'-infinity'"
  sleep "$seconds"
  figures[wal_bytes]=$(sql "$dsn" "SELECT pg_current_wal_lsn() - redo_lsn FROM pg_control_checkpoint()")
  figures[records_before]=$(metrics | metric lode_records_total)
  began=$EPOCHREALTIME
  kill_all
  start_all
  await_progress "$began"
  expect "tenants that committed" "$tenants" "$(committed_since 'pg_postmaster_start_time()')"
  find_servers
  clean_up
}

kill_all() {
  kill -KILL "$node_pid" "$postgres_pid" "$redis_pid"
  wait "$node_pid" 2>/dev/null || true
  forget_child "$node_pid"
}

# As an init system would: at the same time. The node waits for PostgreSQL by itself.
start_all() {
  "$lode_root/setup/servers" start "$work/servers" postgres redis >"$work/servers.log" 2>&1 &
  servers_starting=$!
  launch_node
}

# Notes when PostgreSQL answers, when the node is ready, and when the last tenant committed.
await_progress() { # BEGAN
  local end=$((SECONDS + 120))
  await_milestone postgres_s "$1" "$end" sql "$dsn" 'SELECT 1'
  await_milestone node_s "$1" "$end" node_is_ready
  await_milestone seen_s "$1" "$end" all_committed 'pg_postmaster_start_time()'
  unset 'figures[seen_s]' # the store says it better
  wait "$servers_starting"
  figures[last_commit_s]=$(jq -n "$(last_commit) - $1 | . * 100 | round / 100")
  figures[lode_s]=$(jq -n "${figures[last_commit_s]} - ${figures[postgres_s]} | . * 100 | round / 100")
  log_times
  say "  PostgreSQL after ${figures[postgres_s]} s, node after ${figures[node_s]} s, last of $tenants tenants after ${figures[last_commit_s]} s"
}

await_milestone() { # FIGURE BEGAN END COMMAND...
  local figure=$1 began=$2 end=$3
  shift 3
  until "$@" >"$work/milestone.log" 2>&1; do
    ((SECONDS < end)) || fail "$figure: not within 120 s; see the logs"
    sleep 0.1 # a question costs the same cores
  done
  figures[$figure]=$(jq -n "$EPOCHREALTIME - $began | . * 100 | round / 100")
}

# log_times: what PostgreSQL did before it answered, as its log says: the data synced to disk, WAL read again, a checkpoint.
log_times() {
  local name first last
  while read -r name first last; do
    figures[postgres_${name}_s]=$(jq -n "$(logged_at "$last") - $(logged_at "$first") | . * 100 | round / 100")
  done <<'STEPS'
sync interrupted redo.starts
redo redo.starts redo.done
checkpoint redo.done ready.to.accept
STEPS
}

logged_at() { # PATTERN: seconds since the epoch, of the last such line
  date +%s.%N -d "$(grep "LOG: .*$1" "$work/servers/place/pg.log" | tail -n 1 | cut -c1-23) UTC"
}

# A page of new records leaves a row in the feed with the time of its commit.
committed_since() { # TIME, an expression
  sql "$dsn" "SELECT count(DISTINCT tenant_id) FROM lode.feed WHERE created > $1"
}

last_commit() { # seconds since the epoch, of the tenant that was the last to commit anything
  sql "$dsn" "SELECT max(first) FROM (
    SELECT min(extract(epoch FROM pg_xact_commit_timestamp(xmin))) AS first
    FROM lode.feed WHERE created > pg_postmaster_start_time() GROUP BY tenant_id) AS of_tenants"
}

all_committed() { [[ $(committed_since "$1") == "$tenants" ]]; }

add_slowest() {
  jq '. + {last_commit_s_max: (.repetitions | map(.last_commit_s) | max)}' "$json" >"$work/report.json"
  cat "$work/report.json" >"$json"
}

show() {
  print_report '
    line("PostgreSQL answers"; .postgres_s; "s after the kill: \(.postgres_sync_s) sync, \(.postgres_redo_s) redo, \(.postgres_checkpoint_s) checkpoint"),
    line("the node is ready"; .node_s; "s"),
    line("the last tenant has committed"; .last_commit_s; "s, at most \(.last_commit_s_max); \(.lode_s) of them after PostgreSQL"),
    line("WAL to be read again"; .wal_bytes / 1048576 | round; "MiB")'
}
