# shellcheck shell=bash disable=SC2034,SC2154
# Several nodes of one store, linked over TLS, and what they and their servers use. Each node is in a control group of its
# own where the machine has them, so that it can be held to a share of a core.

fleet=()     # names of the nodes that run
limiters=()  # processes that hold them, where control groups do not
cpu_limit='' # how a node is held to a share: cgroup1, cgroup2, cpulimit; none: it cannot be
declare -A pid_of=()
groups_top=/sys/fs/cgroup

# --- the share of a node ------------------------------------------------------------------------------------------------

find_cpu_limit() {
  if [[ -d $groups_top/cpu ]]; then groups_top=$groups_top/cpu; fi
  if make_group probe; then
    cpu_limit=cgroup1
    [[ -e $(group_of probe)/cpu.cfs_quota_us ]] || cpu_limit=cgroup2
  elif have cpulimit; then
    cpu_limit=cpulimit
  else
    cpu_limit=none
  fi
}

group_of() { echo "$groups_top/lode-bench.$$.$1"; } # NAME

make_group() { # NAME: false where the machine does not let us
  local group
  group=$(group_of "$1")
  if [[ -e $groups_top/cgroup.subtree_control ]]; then
    echo +cpu >"$groups_top/cgroup.subtree_control"
  fi 2>>"$work/cgroup.log"
  mkdir -- "$group" 2>>"$work/cgroup.log" || return 1
  cpu_groups+=("$group")
  [[ -w $group/cpu.cfs_quota_us || -w $group/cpu.max ]]
}

# hold_fleet PERCENT: of a core each, from now on. The period is short, so that a node stands still for some milliseconds at
# most: beats must not be late for that. The kernel gives no less than 1 ms in a period.
hold_fleet() {
  local name group period=$(($1 < 10 ? 100000 / $1 : 10000))
  local quota=$((period * $1 / 100))
  for name in "${fleet[@]}"; do
    group=$(group_of "$name")
    case $cpu_limit in
    cgroup1)
      echo "$period" >"$group/cpu.cfs_period_us"
      echo "$quota" >"$group/cpu.cfs_quota_us"
      ;;
    cgroup2) echo "$quota $period" >"$group/cpu.max" ;;
    cpulimit)
      cpulimit -l "$1" -p "${pid_of[$name]}" -z >"$work/cpulimit.log" 2>&1 &
      children+=($!)
      limiters+=($!)
      ;;
    esac
  done
}

# --- nodes --------------------------------------------------------------------------------------------------------------

make_authority() {
  mkdir -p -- "$work/certificates"
  "$bin/lode" cluster init --directory "$work/certificates" --name bench >"$work/certificates.log"
}

# Defaults but for what a benchmark needs: where things are, that runs may start as fast as they can, and that a request of
# each tenant may be under way.
write_node() { # NAME DSN
  [[ -e $work/certificates/$1.pem ]] ||
    "$bin/lode" cluster certificate "$1" --directory "$work/certificates" >>"$work/certificates.log"
  cat >"$work/$1.yaml" <<YAML
node: {name: $1}
cluster:
  name: bench
  listen: 127.0.0.1:0
  certificate_file: $work/certificates/$1.pem
  key_file: $work/certificates/$1.key
  ca_file: $work/certificates/ca.pem
store: {dsn: "$2"}
cache: {redis_url: "$LODE_REDIS_URL"}
http: {resolve: {posts.test: 127.0.0.1}, connections_per_host: 1024}
mining: {runs_started_per_second: 100000}
console: {listen: "127.0.0.1:0"}
security: {key_file: "$work/lode.key"}
YAML
}

launch() { # NAME [DSN]
  write_node "$1" "${2:-$dsn}"
  : >"$work/$1.log"
  if [[ $cpu_limit == cgroup* && ! -d $(group_of "$1") ]]; then make_group "$1"; fi
  (
    if [[ $cpu_limit == cgroup* ]]; then echo "$BASHPID" >"$(group_of "$1")/cgroup.procs"; fi
    exec "$bin/lode" serve --config "$work/$1.yaml"
  ) >>"$work/$1.log" 2>&1 &
  pid_of[$1]=$!
  children+=($!)
  fleet+=("$1")
}

# start_fleet N: n1, n2, ... together, until they share all shards.
start_fleet() {
  local i
  for ((i = 1; i <= $1; i++)); do launch "n$i"; done
  await 90 "$1 nodes share the shards" shards_are_shared "$1"
  use_node "${fleet[0]}"
}

use_node() { # NAME: whom commands go to
  node_address=$(sed -n 's|.*console on http://\([0-9.:]*\).*|\1|p' "$work/$1.log" | tail -n 1)
  [[ -n $node_address ]] || fail "$1 has no console; see $1.log"
  export LODE_ADDRESS=$node_address
}

# shards_are_shared N: all are owned, by N members of the view, by each about as many.
shards_are_shared() {
  [[ $(sql "$dsn" "
    SELECT count(*) = $1 AND sum(shards) = 4096 AND min(shards) >= 0.8 * 4096 / $1
    FROM (SELECT count(*) AS shards FROM lode.shard s JOIN lode.node n ON n.incarnation = s.owner AND n.state = 1
          GROUP BY s.owner) AS each") == t ]]
}

# kill_node NAME: SIGKILL, and nothing is left of it.
kill_node() {
  local name still=()
  kill -KILL "${pid_of[$1]}" 2>/dev/null || true
  wait "${pid_of[$1]}" 2>/dev/null || true
  forget_child "${pid_of[$1]}"
  for name in "${fleet[@]}"; do [[ $name == "$1" ]] || still+=("$name"); done
  fleet=("${still[@]}")
  unset "pid_of[$1]"
}

end_fleet() { # at once: nobody needs what they would still commit
  local name pid
  for pid in "${limiters[@]}"; do end_child "$pid"; done
  limiters=()
  for name in "${fleet[@]}"; do kill_node "$name"; done
  if [[ -n $provider_pid ]]; then end_child "$provider_pid"; fi
  provider_pid=''
}

lives_gone() { sql "$dsn" "SELECT count(*) FROM lode.node WHERE state = 3"; }

# --- what a span of time uses -------------------------------------------------------------------------------------------

usage() { # as JSON: CPU seconds so far, of all cores; what the store has counted so far
  local name nodes=0 provider=0 records commits wal busy stolen
  if [[ -n $provider_pid ]]; then provider=$(cpu_of "$provider_pid"); fi
  for name in "${fleet[@]}"; do nodes+=" + $(cpu_of "${pid_of[$name]}")"; done
  IFS='|' read -r records commits wal < <(sql "$dsn" "
    SELECT (SELECT coalesce(sum(inserted), 0) FROM lode.continuation), xact_commit, pg_current_wal_lsn() - '0/0'
    FROM pg_stat_database WHERE datname = current_database()")
  read -r busy stolen < <(awk -v ticks="$ticks_per_second" '$1 == "cpu" { print ($2 + $3 + $4 + $7 + $8) / ticks, $9 / ticks }' /proc/stat)
  jq -nc "{at: $EPOCHREALTIME, records: $records, commits: $commits, wal_bytes: $wal, nodes: ($nodes),
           provider: $provider, postgres: $(cpu_of_postgres), redis: $(cpu_of "$redis_pid"),
           machine: $busy, stolen: $stolen}"
}

# rates BEFORE AFTER: per second, so cores where it was CPU.
rates() {
  jq -nc --argjson a "$1" --argjson b "$2" '($b.at - $a.at) as $seconds
    | $b | with_entries(.value = (.value - $a[.key]) / $seconds) | .seconds = $seconds'
}

# watch_waits: what the nodes' sessions do, four times a second, until end_watch; by a session to another database, whose
# transactions count for nobody.
watch_waits() {
  psql "$LODE_PG_DSN" -qAtX >"$work/waits" 2>>"$work/waits.log" <<'SQL' &
SELECT coalesce(wait_event_type || ' ' || wait_event, 'running'), count(*)
FROM pg_stat_activity WHERE state = 'active' AND starts_with(application_name, 'lode/') GROUP BY 1
UNION ALL SELECT 'looks', 1 \watch 0.25
SQL
  watcher=$!
  children+=("$watcher")
}

end_watch() { end_child "$watcher"; }

waits_seen() { # as JSON: how many sessions at a time ran, or waited for what
  jq -Rnc '[inputs | split("|") | select(length == 2)] | (map(select(.[0] == "looks")) | length) as $looks
    | map(select(.[0] != "looks")) | group_by(.[0])
    | map({key: .[0][0], value: (map(.[1] | tonumber) | add / $looks * 1000 | round / 1000)}) | from_entries' "$work/waits"
}
