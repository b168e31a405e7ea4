# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# Workload "cluster": what several nodes of one store do together, and how long until others do what one of them did.

tenants=500 nodes=8 share=10 seconds=20 faults=20 repeat=3
warm_up=10      # seconds until a span is measured
latency_ms=1000 # of the API where the load is fixed: a page of each tenant a second

# shellcheck source=fleet.sh
. "$lode_root/bench/cluster/fleet.sh"
# shellcheck source=speed.sh
. "$lode_root/bench/cluster/speed.sh"
# shellcheck source=faults.sh
. "$lode_root/bench/cluster/faults.sh"

measure() {
  "$lode_root/setup/build" release lode bench-provider bench-way
  local repetition server machine n sizes=()
  records_per_tenant=40000000 # more than anybody reads
  if [[ -n $short ]]; then repeat=1 faults=3; fi
  ((share <= 100)) || fail "--share: found $share, expected at most 100 percent of a core"
  for ((n = 1; n <= nodes; n *= 2)); do sizes+=("$n"); done
  open_work
  find_cpu_limit
  make_certificate
  make_authority
  start_postgres
  tune_postgres max_connections 300 # a node has a dozen
  server=$(server_settings)
  machine=$(machine)
  if [[ $cpu_limit == none ]]; then
    say "nodes cannot be held to a share of CPU here (no control group that may be written, no cpulimit): their speed is not measured"
  fi
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: $tenants tenants, ${sizes[*]} nodes"
    # What writes most comes last: a disk that is still busy with it slows one node's few sessions more than many nodes' many.
    for n in "${sizes[@]}"; do measure_load "$n"; done
    for n in "${sizes[@]}"; do measure_speed "$n"; done
    for n in "${sizes[@]}"; do measure_idle "$n"; done
    if ((repetition == 1)); then measure_faults; fi
    keep_figures
  done
  write_report "$server" "$machine" "$(about)"
  judge
  show
}

about() {
  printf '%s\n' "${sizes[@]}" | jq -sc --argjson tenants "$tenants" --argjson share_percent "$share" --arg cpu_limit "$cpu_limit" \
    --argjson seconds "$seconds" --argjson warm_up_s "$warm_up" --argjson latency_ms "$latency_ms" --argjson faults "$faults" \
    '{workload: "cluster", nodes: ., record_bytes: 520, page_records: 100, max_connections: 300} + $ARGS.named'
}

# judge: what follows from the medians. The knee is the first number of nodes that is less than 1.7 times as fast as half of it.
judge() {
  jq '. as $all
    | def of($series; $n; $name): $all["\($series)_\($n)_\($name)"];
    def cause($n): $all.machine.cores as $cores
      | if of("speed"; $n; "other_cores") > 0.1 * $cores then "other programs take \(of("speed"; $n; "other_cores")) of \($cores) cores: measure on an idle machine"
        elif of("speed"; $n; "machine_cores") > 0.93 * $cores then "the \($cores) cores of the machine are busy: PostgreSQL \(of("speed"; $n; "postgres_cores")), "
          + "nodes \(of("speed"; $n; "nodes_cores")), Redis \(of("speed"; $n; "redis_cores")), API \(of("speed"; $n; "provider_cores"))"
        elif of("speed"; $n; "sessions_lock") > 1 then "sessions wait for locks of rows: \(of("speed"; $n; "sessions_lock")) at a time"
        elif of("speed"; $n; "sessions_extend") > 1 then "sessions wait until a table is made longer: \(of("speed"; $n; "sessions_extend")) at a time"
        elif of("speed"; $n; "sessions_wal") > 1 then "sessions wait for the WAL: \(of("speed"; $n; "sessions_wal")) at a time"
        elif of("speed"; $n; "share_used") > 0.95 then "nodes need more CPU: \(of("speed"; $n; "node_cpu_s_per_million")) s per million"
        else "not known: nodes use \(of("speed"; $n; "share_used")) of their share" end;
    (.nodes[1:] | map({key: "doubling_\(.)", value: (if of("speed"; .; "records_per_s") == null then null else
       of("speed"; .; "records_per_s") / of("speed"; . / 2; "records_per_s") * 100 | round / 100 end)}) | from_entries) as $doubling
    | ([.nodes[1:][] | select($doubling["doubling_\(.)"] != null and $doubling["doubling_\(.)"] < 1.7)] | first) as $knee
    | . + $doubling + {knee_nodes: $knee, knee_cause: (if $knee then cause($knee) else null end)}
    # Of different loads it would say nothing.
    | .load_cpu_ratio = (if [.nodes[] as $n | of("load"; $n; "share_taken")] | min < 0.93 then null else
        of("load"; .nodes[-1]; "node_cpu_s_per_million") / of("load"; 1; "node_cpu_s_per_million") * 100 | round / 100 end)
    | .other_cores = ([to_entries[] | select(.key | test("_[0-9]+_other_cores$")) | .value] | max)
    ' "$json" >"$work/report.json"
  cat "$work/report.json" >"$json"
}

show() {
  print_report '
    . as $all | def of($series; $n; $name): $all["\($series)_\($n)_\($name)"];
    (.nodes[] | line("\(.) nodes of \($all.share_percent) % of a core"; of("speed"; .; "records_per_s");
      "records/s, \($all["doubling_\(.)"] // 1) times; cores: nodes \(of("speed"; .; "nodes_cores")), PostgreSQL \(of("speed"; .; "postgres_cores"))")),
    line("other programs, at most"; .other_cores; "cores" + (if .other_cores > 0.2 then ": nothing of this says much; measure on an idle machine" else "" end)),
    line("the knee"; .knee_nodes // "none"; .knee_cause // ""),
    (.nodes[] | line("fixed load, \(.) nodes"; of("load"; .; "node_cpu_s_per_million");
      "s of the nodes per million, PostgreSQL \(of("load"; .; "postgres_cpu_s_per_million")); \(of("load"; .; "records_per_s")) records/s")),
    line("most nodes to one"; .load_cpu_ratio; "times the CPU of nodes per record"),
    (.nodes[] | line("nothing to do, \(.) nodes"; of("idle"; .; "commits_per_s");
      "transactions/s; cores: nodes \(of("idle"; .; "nodes_cores")), PostgreSQL \(of("idle"; .; "postgres_cores"))")),
    ("kill", "stop", "partition" | . as $kind | line("\(.): declared dead"; $all["\(.)_detected_s_p50"];
      "s, at most \($all["\($kind)_detected_s_max"]); last tenant mined \($all["\($kind)_mined_s_p50"]) s, at most \($all["\($kind)_mined_s_max"])"))'
}
