# shellcheck shell=bash
# Workload "posts": a bare loader, then a real node that mines the same rows, each time into an empty database.

seed=1
records_per_tenant=$(((records + tenants - 1) / tenants))
records=$((records_per_tenant * tenants))
declare -A figures=() # of the repetition under way
provider_pid='' provider_url=''

measure() {
  "$lode_root/setup/build" release lode bench-provider bench-loader
  open_work
  make_certificate
  start_postgres
  local repetition server machine
  server=$(server_settings)
  machine=$(machine)
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: $records records, $tenants tenants; next: loader, node, node over TLS"
    figures=()
    measure_loader
    measure_node
    measure_tls
    figures_as_json >>"$work/repetitions.jsonl"
    profile=''
  done
  report "$server" "$machine" >"$json"
  print_report
}

# --- the three measurements -----------------------------------------------------------------------------------------------

measure_loader() {
  local before line
  fresh_database
  before=$(cpu_of_postgres)
  line=$("$bin/bench-loader" --dsn "$dsn" --seed "$seed" --tenants "$tenants" --records "$records_per_tenant")
  figures[loader_records_per_s]=$(jq .records_per_s <<<"$line")
  figures[loader_cpu_s_per_million]=$(per_million 0 "$(jq .cpu_s <<<"$line")")
  figures[postgres_cpu_s_per_million_loader]=$(per_million "$before" "$(cpu_of_postgres)")
  expect "rows that the loader left" "$records" "$(sql "$dsn" 'SELECT count(*) FROM lode.record')"
}

measure_node() {
  local perf_pid=''
  prepare http
  if [[ -n $profile ]]; then start_profile; fi
  run_pass inserted
  if [[ -n $perf_pid ]]; then stop_profile; fi
  keep_pass first_pass ''
  figures[first_pass_ratio]=$(jq -n "$pass_rate / ${figures[loader_records_per_s]}")
  figures[page_commit_ms_p50]=$(metrics | quantile lode_request_to_commit_time_seconds 0.5)
  figures[page_commit_ms_p99]=$(metrics | quantile lode_request_to_commit_time_seconds 0.99)
  # What autovacuum would do in a quiet minute: else it does so in the middle of what follows, or not.
  sql "$dsn" 'VACUUM (ANALYZE)'
  provider POST /control/pass/1 >/dev/null
  run_pass unchanged
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
  run_pass unchanged
  keep_pass "second_pass_$2" "_second_$2"
}

measure_tls() {
  prepare https
  run_pass inserted
  keep_pass first_pass_tls _tls
  clean_up
}

# --- a pass ---------------------------------------------------------------------------------------------------------------

prepare() { # SCHEME
  fresh_database
  start_provider "$1"
  start_node
  import_tenants
}

clean_up() {
  stop_node
  end_child "$provider_pid"
}

# run_pass OUTCOME: all tenants once; OUTCOME is what must become of each record. Sets pass_*.
run_pass() {
  local last_run first last finished node provider postgres
  settle_postgres
  last_run=$(sql "$dsn" 'SELECT coalesce(max(id), 0) FROM lode.run')
  node=$(cpu_of "$node_pid") provider=$(cpu_of "$provider_pid") postgres=$(cpu_of_postgres)
  start_runs
  await_records
  pass_node=$(per_million "$node" "$(cpu_of "$node_pid")")
  pass_provider=$(per_million "$provider" "$(cpu_of "$provider_pid")")
  pass_postgres=$(per_million "$postgres" "$(cpu_of_postgres)")
  first=$(provider GET /control/stats | jq .first_request_us)
  IFS='|' read -r finished last < <(sql "$dsn" "
    SELECT count(*) FILTER (WHERE phase = 1), (extract(epoch FROM max(ended)) * 1000000)::bigint FROM lode.run WHERE id > $last_run")
  expect "runs that finished" "$tenants" "$finished"
  expect "records that are $1" "$records" "$(sql "$dsn" "SELECT sum($1) FROM lode.continuation WHERE run_id > $last_run")"
  pass_rate=$(jq -n "$records * 1000000 / ($last - $first) | round")
}

keep_pass() { # NAME SUFFIX
  figures[$1_records_per_s]=$pass_rate
  figures[node_cpu_s_per_million$2]=$pass_node
  figures[provider_cpu_s_per_million$2]=$pass_provider
  figures[postgres_cpu_s_per_million$2]=$pass_postgres
  say "  $1: $pass_rate records/s"
}

start_runs() {
  records_before=$(metrics | metric lode_records_total)
  seq "$tenants" | sed "s|.*|url = \"http://$node_address/api/v1/tenants/t&/connections/posts/runs\"|" >"$work/runs.curl"
  curl -sS -Z --parallel-max 2 -X POST -H 'Content-Type: application/json' -d '{"kind":"manual"}' -w '\n%{http_code}\n' \
    -K "$work/runs.curl" >"$work/runs.log" 2>"$work/curl.log" # it shows progress whatever it is told
  expect "runs that were asked for" "$tenants" "$(grep -c '^202$' "$work/runs.log" || true)"
}

await_records() {
  local text seen=-1 now moved=$SECONDS
  while :; do
    text=$(metrics) || fail "the node does not answer; see its log"
    now=$(metric lode_records_total <<<"$text")
    if ((now - records_before >= records)) && (($(metric lode_open_runs <<<"$text") == 0)); then return; fi
    if ((now != seen)); then seen=$now moved=$SECONDS; fi
    ((SECONDS - moved < 60)) || fail "nothing moves for 60 s after $((now - records_before)) of $records records; see the node's log"
    sleep 0.5
  done
}

# --- the API and its tenants ----------------------------------------------------------------------------------------------

make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=posts.test \
    -addext subjectAltName=DNS:posts.test -keyout "$work/api.key" -out "$work/api.crt" 2>"$work/openssl.log"
}

start_provider() { # SCHEME
  local tls=()
  if [[ $1 == https ]]; then tls=(--tls-cert "$work/api.crt" --tls-key "$work/api.key"); fi
  rm -f "$work/provider.port"
  "$bin/bench-provider" --seed "$seed" --tenants "$tenants" --records "$records_per_tenant" \
    --ready-file "$work/provider.port" "${tls[@]}" >"$work/provider.log" 2>&1 &
  provider_pid=$!
  children+=("$provider_pid")
  await 30 "the provider starts" test -e "$work/provider.port"
  provider_url=$1://posts.test:$(<"$work/provider.port")
}

provider() { # METHOD PATH
  curl -sf --cacert "$work/api.crt" --resolve "posts.test:${provider_url##*:}:127.0.0.1" -X "$1" "$provider_url$2"
}

import_tenants() {
  provider GET /control/tenants | awk '{ print NR, $1 }' | jq -Rc --arg url "$provider_url/v1" 'split(" ") as [$number, $account] | {
    tenant: "t\($number)", connection: "posts", source: "posts", configuration: {base_url: $url, $account},
    secrets: {access_token: "token-\($account)"}, schedule: null}' >"$work/tenants.jsonl"
  "$bin/lode" source put "$lode_root/bench/posts/posts.yaml" >"$work/import.log"
  "$bin/lode" tenant import "$work/tenants.jsonl" >>"$work/import.log"
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

# --- figures --------------------------------------------------------------------------------------------------------------

per_million() { # CPU seconds before and after
  jq -n "($2 - $1) * 1000000 / $records * 1000 | round / 1000"
}

expect() { # WHAT WANTED FOUND
  [[ $2 == "$3" ]] || fail "$1: found ${3:-none}, expected $2; a rate of this would mean nothing"
}

figures_as_json() {
  local name
  for name in "${!figures[@]}"; do printf '{"%s": %s}\n' "$name" "${figures[$name]}"; done | jq -sc 'add | to_entries | sort_by(.key) | from_entries'
}

report() { # SERVER MACHINE
  jq -s --argjson server_settings "$1" --argjson machine "$2" --arg commit "$(git -C "$lode_root" rev-parse --short HEAD 2>/dev/null || true)" \
    --argjson records "$records" --argjson tenants "$tenants" '
    def median: map(select(. != null)) | sort
      | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
    . as $repetitions
    | reduce (map(keys) | add | unique)[] as $name ({}; .[$name] = ($repetitions | map(.[$name]) | median))
    | . + {
        workload: "posts", $records, $tenants, record_bytes: 520, page_records: 100, $commit, $machine, $server_settings,
        $repetitions}' "$work/repetitions.jsonl"
}

print_report() {
  jq -r '
    def line($name; $value; $unit): ($name + " " * (34 - ($name | length))) + (($value // "-") | tostring) + " " + $unit;
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
    line("request to commit, p50 and p99"; "\(.page_commit_ms_p50), \(.page_commit_ms_p99)"; "ms"),
    "PostgreSQL: " + (.server_settings | to_entries | map("\(.key)=\(.value)") | join(" "))' "$json"
  say "medians of $repeat; all figures: $json"
}
