# shellcheck shell=bash disable=SC2154
# Workload "posts": a bare loader, then a real node that mines the same rows, each time into an empty database.

records=1000000 tenants=200 repeat=3

measure() {
  "$lode_root/setup/build" release lode bench-provider bench-loader
  records_per_tenant=$(((records + tenants - 1) / tenants))
  records=$((records_per_tenant * tenants))
  open_work
  make_certificate
  start_postgres
  local repetition server machine
  server=$(server_settings)
  machine=$(machine)
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: $records records, $tenants tenants; next: loader, node, node over TLS"
    measure_loader
    measure_node
    measure_tls
    keep_figures
    profile=''
  done
  write_report "$server" "$machine" "$(jq -n --argjson records "$records" --argjson tenants "$tenants" \
    '{workload: "posts", $records, $tenants, record_bytes: 520, page_records: 100}')"
  show
}

# --- the three measurements -----------------------------------------------------------------------------------------------

measure_loader() {
  local before line
  fresh_database
  before=$(cpu_of_postgres)
  line=$("$bin/bench-loader" --dsn "$dsn" --seed "$seed" --tenants "$tenants" --records "$records_per_tenant")
  figures[loader_records_per_s]=$(jq .records_per_s <<<"$line")
  figures[loader_cpu_s_per_million]=$(per_million "$records" 0 "$(jq .cpu_s <<<"$line")")
  figures[postgres_cpu_s_per_million_loader]=$(per_million "$records" "$before" "$(cpu_of_postgres)")
  expect "rows that the loader left" "$records" "$(sql "$dsn" 'SELECT count(*) FROM lode.record')"
}

measure_node() {
  local perf_pid=''
  prepare http
  if [[ -n $profile ]]; then start_profile; fi
  run_pass inserted 1 "$tenants"
  if [[ -n $perf_pid ]]; then stop_profile; fi
  keep_pass first_pass ''
  figures[first_pass_ratio]=$(jq -n "$pass_rate / ${figures[loader_records_per_s]}")
  figures[page_commit_ms_p50]=$(metrics | quantile lode_request_to_commit_time_seconds 0.5)
  figures[page_commit_ms_p99]=$(metrics | quantile lode_request_to_commit_time_seconds 0.99)
  # What autovacuum would do in a quiet minute: else it does so in the middle of what follows, or not.
  sql "$dsn" 'VACUUM (ANALYZE)'
  provider POST /control/pass/1 >/dev/null
  run_pass unchanged 1 "$tenants"
  keep_pass second_pass _second
  figures[peak_rss_bytes]=$(peak_memory_of "$node_pid")
  pass_after_restart 2 redis
  forget_redis
  pass_after_restart 3 cold
  clean_up
}

pass_after_restart() { # NUMBER NAME
  stop_node
  start_node
  provider POST "/control/pass/$1" >/dev/null
  run_pass unchanged 1 "$tenants"
  keep_pass "second_pass_$2" "_second_$2"
}

measure_tls() {
  prepare https
  run_pass inserted 1 "$tenants"
  keep_pass first_pass_tls _tls
  clean_up
}

# --- a pass ---------------------------------------------------------------------------------------------------------------

prepare() { # SCHEME
  fresh_database
  start_provider "$1"
  start_node
  put_source
  import_tenants 1 "$tenants"
}

keep_pass() { # NAME SUFFIX
  figures[$1_records_per_s]=$pass_rate
  figures[node_cpu_s_per_million$2]=$pass_node
  figures[provider_cpu_s_per_million$2]=$pass_provider
  figures[postgres_cpu_s_per_million$2]=$pass_postgres
  say "  $1: $pass_rate records/s"
}

# --- profile --------------------------------------------------------------------------------------------------------------

start_profile() {
  if ! have perf; then
    say "--profile: perf is not there (Debian package linux-perf); going on without"
    return
  fi
  # With the parent of PostgreSQL's processes those that the node's sessions start.
  perf record -g -F 499 -p "$node_pid,$postgres_pid" -o "$results/posts.perf.data" >"$work/perf.log" 2>&1 &
  perf_pid=$!
}

stop_profile() {
  kill -INT "$perf_pid" 2>/dev/null || true
  wait "$perf_pid" 2>/dev/null || true
  say "profile: perf report --no-children --comm lode (or postgres) -i $results/posts.perf.data"
}

show() {
  print_report '
    line("bare loader"; .loader_records_per_s; "records/s"),
    line("first pass"; .first_pass_records_per_s; "records/s, \(.first_pass_ratio * 100 | round) % of the loader"),
    line("first pass over TLS"; .first_pass_tls_records_per_s; "records/s"),
    line("second pass, warm"; .second_pass_records_per_s; "records/s"),
    line("second pass, Redis warm"; .second_pass_redis_records_per_s; "records/s"),
    line("second pass, Redis emptied"; .second_pass_cold_records_per_s; "records/s"),
    line("CPU of the node, first pass"; .node_cpu_s_per_million; "s per million"),
    line("CPU of the node, second pass"; .node_cpu_s_per_million_second; "s per million"),
    line("CPU of the provider, first pass"; .provider_cpu_s_per_million; "s per million"),
    line("CPU of PostgreSQL, loader"; .postgres_cpu_s_per_million_loader; "s per million"),
    line("CPU of PostgreSQL, first pass"; .postgres_cpu_s_per_million; "s per million"),
    line("peak memory of the node"; .peak_rss_bytes / 1048576 | round; "MiB"),
    line("request to commit, p50 and p99"; "\(.page_commit_ms_p50), \(.page_commit_ms_p99)"; "ms")'
}
