# shellcheck shell=bash disable=SC2034,SC2154
# Workload "live": events over WebSockets, one to a message, each acknowledged once it is committed; then sockets on which nothing comes.

events=2000000 tenants=200 seconds=20 sockets=5000 repeat=3

measure() {
  "$lode_root/setup/build" release lode bench-provider
  local repetition server machine listeners=$tenants
  records_per_tenant=0 # nothing but what is told live
  open_work
  make_certificate
  start_postgres
  server=$(server_settings)
  machine=$(machine)
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: $events events of $listeners tenants, then $sockets sockets without any"
    tenants=$listeners
    measure_events
    tenants=$sockets
    measure_idle
    keep_figures
  done
  write_report "$server" "$machine" "$(jq -n --argjson events "$events" --argjson tenants "$listeners" --argjson sockets "$sockets" \
    --argjson latency_seconds "$seconds" '{workload: "live", $events, $tenants, $sockets, $latency_seconds, record_bytes: 520}')"
  show
}

# --- events -----------------------------------------------------------------------------------------------------------------

measure_events() {
  local half told=0
  fresh_database
  start_provider http
  start_node
  put_source_live
  import_tenants 1 "$tenants"
  await 120 "all listen and nothing is owed" is_quiet
  run_events new "$events" 0 ''
  half=$((event_rate / 2))
  run_events changed "$events" 0 _changed
  # What autovacuum would do in a quiet minute.
  sql "$dsn" 'VACUUM (ANALYZE)'
  run_events new $((half * seconds)) "$half" _half
  figures[latency_ms_p50]=$(told_of latency_ms_p50)
  figures[latency_ms_p99]=$(told_of latency_ms_p99)
  figures[latency_ms_max]=$(told_of latency_ms_max)
  run_events changed $((half * seconds)) "$half" _changed_half
  figures[latency_ms_p99_changed]=$(told_of latency_ms_p99)
  expect "changes in the feed" "$told" "$(sql "$dsn" 'SELECT sum(feed_seq) FROM lode.shard')"
  expect "gaps, as all sockets last" "$tenants" "$(sql "$dsn" 'SELECT count(*) FROM lode.gap')"
  figures[peak_rss_bytes]=$(peak_memory_of "$node_pid")
  clean_up
}

# put_source_live: the source posts with a live side.
put_source_live() {
  sed "/^    primary_key: id\$/r $lode_root/bench/live/live.yaml" "$lode_root/bench/posts/posts.yaml" >"$work/posts.yaml"
  "$bin/lode" source put "$work/posts.yaml" >"$work/import.log"
}

is_quiet() { # The repairs of what was before the first listener have ended.
  [[ $(told_of subscribed) == "$tenants" ]] || return 1
  [[ $(sql "$dsn" "SELECT (SELECT count(*) FROM lode.listener WHERE state = 0), (SELECT count(*) FROM lode.live_gap WHERE state < 2),
    (SELECT count(*) FROM lode.run WHERE phase = 0)") == "$tenants|0|0" ]]
}

told_of() { provider GET /control/live | jq ".$1"; } # NAME

# run_events WHAT COUNT RATE SUFFIX: WHAT is new or changed; RATE 0: as fast as they are taken. Sets event_rate, adds to told.
run_events() {
  local node provider postgres pace='' count=$(($2 / tenants * tenants))
  (($3 == 0)) || pace=" at $3/s"
  settle_postgres
  node=$(cpu_of "$node_pid") provider=$(cpu_of "$provider_pid") postgres=$(cpu_of_postgres)
  provider POST "/control/send/$1/$count/$3" >/dev/null || fail "the provider does not send; see its log"
  await_acknowledged "$count"
  told=$((told + count))
  event_rate=$(provider GET /control/live | jq '.acknowledged * 1000000 / (.last_acknowledged_us - .first_sent_us) | round')
  figures[events_per_s$4]=$event_rate
  figures[node_cpu_s_per_million$4]=$(per_million "$count" "$node" "$(cpu_of "$node_pid")")
  figures[provider_cpu_s_per_million$4]=$(per_million "$count" "$provider" "$(cpu_of "$provider_pid")")
  figures[postgres_cpu_s_per_million$4]=$(per_million "$count" "$postgres" "$(cpu_of_postgres)")
  say "  $1$pace: $event_rate events/s"
}

await_acknowledged() { # COUNT
  local now seen=-1 moved=$SECONDS
  until now=$(told_of acknowledged) && ((now == $1)); do
    if ((now != seen)); then seen=$now moved=$SECONDS; fi
    ((SECONDS - moved < 30)) || fail "nothing moves for 30 s after $now of $1 events; see the node's log"
    sleep 0.5
  done
}

# --- sockets on which nothing comes -------------------------------------------------------------------------------------------

# A node that has read each tenant once, without sockets and with them.
measure_idle() {
  local without node began
  fresh_database
  start_provider http
  start_node
  put_source
  import_tenants 1 "$tenants"
  start_runs 1 "$tenants"
  await 300 "the runs end" no_run_is_open
  without=$(resting_memory)
  clean_up
  fresh_database
  start_provider http
  start_node
  put_source_live
  import_tenants 1 "$tenants"
  await 600 "all listen and nothing is owed" is_quiet
  figures[rss_bytes_without]=$without
  figures[rss_bytes_listening]=$(resting_memory)
  figures[bytes_per_idle_listener]=$(jq -n "(${figures[rss_bytes_listening]} - $without) / $tenants | round")
  node=$(cpu_of "$node_pid") began=$EPOCHREALTIME
  sleep 20
  figures[idle_node_cores]=$(jq -n "($(cpu_of "$node_pid") - $node) / ($EPOCHREALTIME - $began) * 1000 | round / 1000")
  expect "sockets in the end" "$tenants" "$(told_of subscribed)"
  clean_up
}

no_run_is_open() {
  [[ $(sql "$dsn" 'SELECT count(*) FROM lode.run WHERE phase = 1') == "$tenants" ]]
}

resting_memory() { # once the node has nothing to do
  sleep 10
  memory_of "$node_pid"
}

show() {
  print_report '
    line("new records"; .events_per_s; "events/s"),
    line("changed records"; .events_per_s_changed; "events/s"),
    line("sent to acknowledged, p50 and p99"; "\(.latency_ms_p50), \(.latency_ms_p99)"; "ms, at \(.events_per_s_half) events/s; at most \(.latency_ms_max)"),
    line("... changed records, p99"; .latency_ms_p99_changed; "ms, at \(.events_per_s_changed_half) events/s"),
    line("a socket on which nothing comes"; .bytes_per_idle_listener; "bytes of the node, at \(.sockets)"),
    line("CPU of the node"; "\(.node_cpu_s_per_million), changed \(.node_cpu_s_per_million_changed)"; "s per million"),
    line("CPU of PostgreSQL"; "\(.postgres_cpu_s_per_million), changed \(.postgres_cpu_s_per_million_changed)"; "s per million"),
    line("CPU of the provider"; .provider_cpu_s_per_million; "s per million"),
    line("CPU of a node whose sockets are quiet"; .idle_node_cores; "cores"),
    line("peak memory of the node"; .peak_rss_bytes / 1048576 | round; "MiB")'
}
