# shellcheck shell=bash disable=SC2154
# Workload "tenants": what a tenant costs that is registered and not running, and what many runs cost that are open at once.

tenants=100000 runs=10000 minutes=3 repeat=1
latency_ms=80
sockets=512 # at most, over TLS

measure() {
  "$lode_root/setup/build" release lode bench-provider
  local repetition server machine registered=$tenants
  records_per_tenant=100000 # more than anybody reads
  open_work
  make_certificate
  start_postgres
  server=$(server_settings)
  machine=$(machine)
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    tenants=$registered
    measure_registered
    tenants=$runs
    measure_open http ''
    measure_open https _tls
    keep_figures
  done
  write_report "$server" "$machine" "$(jq -n --argjson tenants "$registered" --argjson runs "$runs" --argjson minutes "$minutes" \
    --argjson latency_ms "$latency_ms" --argjson tls_sockets "$sockets" \
    '{workload: "tenants", $tenants, $runs, $minutes, $latency_ms, $tls_sockets, record_bytes: 520, page_records: 100}')"
  show
}

# --- registered -----------------------------------------------------------------------------------------------------------

measure_registered() {
  local empty
  say "registering $tenants tenants, due once a year"
  node_options=()
  fresh_database
  start_provider http
  start_node
  put_source
  empty=$(resting_memory)
  register
  figures[empty_rss_bytes]=$empty
  figures[tenant_bytes]=$(each_of "$empty" "$(resting_memory)")
  stop_node
  start_node
  figures[tenant_bytes_after_restart]=$(each_of "$empty" "$(resting_memory)")
  clean_up
}

# All by the import that users have, in two parts side by side. Its commits need not last: they are no figure of this.
register() {
  local began=$EPOCHREALTIME part failed=0 importers=() half=$((tenants / 2))
  sql "$LODE_PG_DSN" 'ALTER DATABASE bench SET synchronous_commit = off'
  stop_node
  start_node # with new sessions
  began=$EPOCHREALTIME
  tenant_lines 1 "$tenants" '{"cron":"0 0 1 1 *"}' >"$work/tenants.jsonl"
  split -l $((half + 1)) "$work/tenants.jsonl" "$work/part."
  for part in "$work"/part.*; do
    "$bin/lode" tenant import "$part" >>"$work/import.log" 2>&1 &
    importers+=($!)
    children+=($!)
  done
  for part in "${importers[@]}"; do
    wait "$part" || failed=1
    forget_child "$part"
  done
  rm -f "$work"/part.*
  ((failed == 0)) || fail "the import failed; see import.log"
  figures[registered_per_s]=$(jq -n "$tenants / ($EPOCHREALTIME - $began) | round")
  expect "tenants in the store" "$tenants" "$(sql "$dsn" 'SELECT count(*) FROM lode.tenant')"
  sql "$LODE_PG_DSN" 'ALTER DATABASE bench RESET synchronous_commit'
}

resting_memory() { # once the node has nothing to do
  sleep 5
  memory_of "$node_pid"
}

each_of() { # BEFORE AFTER
  jq -n "($2 - $1) / $tenants | round"
}

# --- running --------------------------------------------------------------------------------------------------------------

measure_open() { # SCHEME SUFFIX
  local node postgres began seconds
  say "$runs runs at once over $1, a page a minute each, $latency_ms ms to each answer; $minutes minutes once all are open"
  node_options=(--set mining.max_open_runs="$runs")
  if [[ $1 == https ]]; then node_options+=(--set http.connections="$sockets" --set http.connections_per_host="$sockets"); fi
  fresh_database
  start_provider "$1" --latency-ms "$latency_ms"
  start_node
  put_source '[{scope: tenant, requests: 1, per: 1m}]'
  import_tenants 1 "$runs"
  most_sockets=0
  began=$EPOCHREALTIME
  start_runs 1 "$runs"
  await_open
  figures[opened_s$2]=$(jq -n "$EPOCHREALTIME - $began | round")
  figures[opened_rss_bytes$2]=$(memory_of "$node_pid")
  # The first page of each comes at once; a minute later all have the pace of their budgets.
  watch_for 60
  metrics >"$work/before.metrics"
  node=$(cpu_of "$node_pid") postgres=$(cpu_of_postgres) began=$EPOCHREALTIME
  watch_for $((minutes * 60))
  seconds=$(jq -n "$EPOCHREALTIME - $began")
  metrics | since "$work/before.metrics" >"$work/span.metrics"
  figures[pages_per_run_minute$2]=$(jq -n "$(pages_in_span) * 60 / $runs / $seconds * 1000 | round / 1000")
  figures[page_commit_ms_p50$2]=$(quantile lode_request_to_commit_time_seconds 0.5 <"$work/span.metrics")
  figures[page_commit_ms_p99$2]=$(quantile lode_request_to_commit_time_seconds 0.99 <"$work/span.metrics")
  figures[node_cores$2]=$(jq -n "($(cpu_of "$node_pid") - $node) / $seconds * 1000 | round / 1000")
  figures[postgres_cores$2]=$(jq -n "($(cpu_of_postgres) - $postgres) / $seconds * 1000 | round / 1000")
  expect "runs that are open in the end" "$runs" "$(metrics | metric lode_open_runs)"
  figures[records_remembered$2]=$(metrics | metric lode_records_total)
  figures[open_rss_bytes$2]=$(memory_of "$node_pid")
  figures[peak_rss_bytes$2]=$(peak_memory_of "$node_pid")
  figures[most_sockets$2]=$most_sockets
  clean_up
}

await_open() {
  local end=$((SECONDS + 300))
  until (($(metrics | metric lode_open_runs) == runs)); do
    ((SECONDS < end)) || fail "not all of $runs runs opened within 300 s; open: $(metrics | metric lode_open_runs)"
    count_sockets
    sleep 0.5
  done
}

watch_for() { # SECONDS
  local end=$((SECONDS + $1))
  while ((SECONDS < end)); do
    count_sockets
    sleep 1
  done
}

count_sockets() {
  local now
  now=$(sockets_to "${provider_url##*:}")
  if ((now > most_sockets)); then most_sockets=$now; fi
}

pages_in_span() { metric lode_request_to_commit_time_seconds_count <"$work/span.metrics"; }

show() {
  print_report '
    line("a tenant that is not running"; .tenant_bytes; "bytes"),
    line("... after a restart"; .tenant_bytes_after_restart; "bytes"),
    line("registered"; .registered_per_s; "tenants/s"),
    line("runs open: peak memory"; .peak_rss_bytes / 1048576 | round; "MiB"),
    line("... over TLS"; .peak_rss_bytes_tls / 1048576 | round; "MiB"),
    line("most sockets"; "\(.most_sockets), TLS \(.most_sockets_tls)"; ""),
    line("pages of a run"; "\(.pages_per_run_minute), TLS \(.pages_per_run_minute_tls)"; "a minute"),
    line("CPU of the node"; "\(.node_cores), TLS \(.node_cores_tls)"; "cores"),
    line("request to commit, p50 and p99"; "\(.page_commit_ms_p50), \(.page_commit_ms_p99)"; "ms")'
}
