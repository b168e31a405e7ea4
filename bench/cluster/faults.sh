# shellcheck shell=bash disable=SC2034,SC2154
# One node of three is lost, again and again: how long until the others declare it dead, own its shards, mine its tenants.

fault_nodes=3

measure_faults() {
  local kind i
  for kind in kill stop partition; do
    say "$kind, $faults times: one node of $fault_nodes, under the fixed load"
    begin_faults "$kind"
    for ((i = 1; i <= faults; i++)); do
      lose_node "$kind" "$i"
      replace_node "$kind"
    done
    expect "nodes that were declared dead" "$faults" "$(lives_gone)"
    summarize "$kind"
    end_fleet
    end_ways
  done
}

begin_faults() { # KIND
  local i
  fresh_database
  start_provider http --latency-ms "$latency_ms"
  born=0
  for ((i = 1; i <= fault_nodes; i++)); do bear_node "$1"; done
  await 90 "$fault_nodes nodes share the shards" shards_are_shared "$fault_nodes"
  use_node "${fleet[0]}"
  put_source
  import_tenants 1 "$tenants"
  sql "$dsn" "$(<"$lode_root/bench/cluster/watch_fault.sql")"
  settle_postgres
  start_runs 1 "$tenants"
  await 60 "all tenants are mined" all_mined
  sleep "$warm_up"
  : >"$work/faults.jsonl"
}

# bear_node KIND: a name that no node had, so that no life counts as one that comes and goes.
bear_node() {
  local name=f$((++born))
  if [[ $1 == partition ]]; then
    open_way "$name"
    launch "$name" "${way_dsn[$name]}"
  else
    launch "$name"
  fi
}

# lose_node KIND NUMBER: the oldest one. The moment in a beat is another one each time.
lose_node() {
  local victim=${fleet[0]} began seen
  sleep "0.$(((RANDOM % 900) + 100))"
  began=$EPOCHREALTIME
  case $1 in
  kill) kill_node "$victim" ;;
  stop) kill -STOP "${pid_of[$victim]}" ;;
  partition) kill -STOP "${way_of[$victim]}" ;;
  esac
  seen=$(sql "$dsn" "SET statement_timeout = '90s'; SELECT bench_watch_fault('$victim', $began)") ||
    fail "$1 of $victim: its tenants were not all mined elsewhere within 60 s; see the logs of the nodes"
  jq -c . <<<"$seen" >>"$work/faults.jsonl"
  say "  $1 $2: $(jq -r '"declared dead after \(.detected_s) s, shards owned after \(.owned_s) s, last of \(.tenants) tenants mined after \(.mined_s) s"' <<<"$seen")"
  if [[ $1 != kill ]]; then kill_node "$victim"; fi
  if [[ $1 == partition ]]; then close_way "$victim"; fi
}

replace_node() { # KIND
  bear_node "$1"
  await 90 "$fault_nodes nodes share the shards" shards_are_shared "$fault_nodes"
  sleep 2 # what moved is mined again
}

summarize() { # KIND
  local name
  for name in detected owned mined; do
    figures[$1_${name}_s_p50]=$(jq -s "map(.${name}_s) | sort | .[(length - 1) / 2 | floor]" "$work/faults.jsonl")
    figures[$1_${name}_s_max]=$(jq -s "map(.${name}_s) | max" "$work/faults.jsonl")
  done
  figures[$1_each]=$(jq -sc . "$work/faults.jsonl")
}

# --- ways to PostgreSQL that can be cut ---------------------------------------------------------------------------------

# A way is a process that hands bytes on. Stopped, it is a network that loses everything and closes nothing.
declare -A way_of=() way_dsn=()

open_way() { # NAME
  rm -f "$work/$1.way"
  "$bin/bench-way" --dsn "$dsn" --ready-file "$work/$1.way" >"$work/$1.way.log" 2>&1 &
  way_of[$1]=$!
  children+=($!)
  await 30 "the way of $1 to PostgreSQL" test -e "$work/$1.way"
  way_dsn[$1]=$(<"$work/$1.way")
}

close_way() { # NAME
  kill -KILL "${way_of[$1]}"
  wait "${way_of[$1]}" 2>/dev/null || true
  forget_child "${way_of[$1]}"
  unset "way_of[$1]" "way_dsn[$1]"
}

end_ways() {
  local name
  for name in "${!way_of[@]}"; do close_way "$name"; done
}
