# shellcheck shell=bash disable=SC2034,SC2154
# How fast N nodes are that are held to a share of a core each, and what a record costs with N nodes at one offered load.

# begin_mining NODES [OPTION OF bench-provider...]: all tenants at once, spread over the nodes.
begin_mining() {
  local count=$1
  shift
  fresh_database
  start_provider http "$@"
  start_fleet "$count"
  put_source
  import_tenants 1 "$tenants"
  settle_postgres
  start_runs 1 "$tenants"
  await 60 "all tenants are mined" all_mined # a start costs more than a page
}

all_mined() { [[ $(sql "$dsn" "SELECT count(*) FROM lode.continuation WHERE pages > 0") == "$tenants" ]]; }

# measure_span NAME: SECONDS of it as figures NAME_...; whatever happens to a node meanwhile ends the benchmark.
measure_span() {
  local before after
  watch_waits
  before=$(usage)
  sleep "$seconds"
  after=$(usage)
  end_watch
  span=$(rates "$before" "$after")
  expect "nodes that were declared dead meanwhile" 0 "$(lives_gone)"
  expect "nodes that own all shards" true "$(shards_are_shared "${#fleet[@]}" && echo true)"
  keep_span "$1"
}

keep_span() { # NAME
  local key value
  figures[$1_waits]=$(waits_seen)
  while read -r key value; do figures[$1_$key]=$value; done < <(jq -r --argjson waits "${figures[$1_waits]}" '
    def rounded: . * 1000 | round / 1000;
    def per_million($cores): if .records < 1 then null else $cores * 1000000 / .records | rounded end;
    def sessions(f): [$waits | to_entries[] | select(.key | f) | .value] | add // 0 | rounded;
    "records_per_s \(.records | round)", "commits_per_s \(.commits | round)", "wal_mb_per_s \(.wal_bytes / 1048576 | rounded)",
    (("nodes", "provider", "postgres", "redis", "machine", "stolen") as $part | "\($part)_cores \(.[$part] | rounded)"),
    "other_cores \(.machine - .nodes - .provider - .postgres - .redis | rounded)",
    "node_cpu_s_per_million \(per_million(.nodes))", "postgres_cpu_s_per_million \(per_million(.postgres))",
    "sessions_running \(sessions(. == "running"))", "sessions_wal \(sessions(contains(" WAL")))",
    "sessions_extend \(sessions(. == "Lock extend"))", "sessions_lock \(sessions(startswith("Lock ") and . != "Lock extend"))",
    "sessions_other \(sessions(. != "running" and (startswith("Lock ") or contains(" WAL") | not)))"' <<<"$span")
}

measure_speed() { # NODES
  if [[ $cpu_limit == none ]]; then return; fi
  begin_mining "$1"
  hold_fleet "$share"
  sleep "$warm_up"
  measure_span "speed_$1"
  figures[speed_$1_share_used]=$(jq -n "${figures[speed_$1_nodes_cores]} * 100 / $share / $1 | . * 1000 | round / 1000")
  say "  $1 nodes of $share % of a core: ${figures[speed_$1_records_per_s]} records/s; cores: nodes ${figures[speed_$1_nodes_cores]}," \
    "PostgreSQL ${figures[speed_$1_postgres_cores]}, API ${figures[speed_$1_provider_cores]}, machine ${figures[speed_$1_machine_cores]}"
  end_fleet
}

# Each tenant waits for each of its pages as long as the API takes for an answer: so many records a second are offered, and
# taken unless the machine is too busy.
measure_load() { # NODES
  begin_mining "$1" --latency-ms "$latency_ms"
  sleep "$warm_up"
  measure_span "load_$1"
  figures[load_$1_share_taken]=$(jq -n "${figures[load_$1_records_per_s]} * $latency_ms / 1000 / 100 / $tenants * 1000 | round / 1000")
  say "  $1 nodes, fixed load: ${figures[load_$1_records_per_s]} records/s; ${figures[load_$1_node_cpu_s_per_million]} s of the nodes per million"
  end_fleet
}

# Nodes that have nothing to do: what they ask of PostgreSQL, and what that costs.
measure_idle() { # NODES
  fresh_database
  start_fleet "$1"
  sleep "$warm_up"
  measure_span "idle_$1"
  say "  $1 idle nodes: ${figures[idle_$1_commits_per_s]} transactions/s; cores: nodes ${figures[idle_$1_nodes_cores]}, PostgreSQL ${figures[idle_$1_postgres_cores]}"
  end_fleet
}
