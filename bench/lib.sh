# shellcheck shell=bash
# What workloads share: private servers, a node, and what their processes cost. Source it after setup/lib.sh.

bin=$lode_root/build/release/bin
ticks_per_second=$(getconf CLK_TCK)
work='' node_pid='' node_address='' postgres_pid='' redis_pid='' memory_group='' children=() cpu_groups=()
node_options=() # of `lode serve`, beside the settings

# --- the place: everything that is started ends with the script, whatever happens ---------------------------------------

open_work() {
  work=$(mktemp -d /var/tmp/lode-bench.XXXXXX)
  chmod 0711 "$work"
  trap close_work EXIT
  trap 'exit 130' INT TERM HUP
}

close_work() {
  local result=$? pid group
  for pid in "${children[@]}"; do { kill -KILL "$pid" && wait "$pid"; } 2>/dev/null || true; done
  if ((result != 0)); then
    cp -- "$work"/*.log "$results/" 2>/dev/null && echo "logs: $results/*.log" >&2
  fi
  "$lode_root/setup/servers" erase "$work/servers" || true
  for group in ${memory_group:+"$memory_group"} "${cpu_groups[@]}"; do rmdir -- "$group" || true; done
  rm -rf -- "$work"
}

# end_child PID: SIGTERM, and its end.
end_child() {
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  forget_child "$1"
}

forget_child() {
  local pid still=()
  for pid in "${children[@]}"; do [[ $pid == "$1" ]] || still+=("$pid"); done
  children=("${still[@]}")
}

# await SECONDS WHAT COMMAND...: until COMMAND succeeds, while the children live.
await() {
  local seconds=$1 what=$2 end=$((SECONDS + $1)) pid
  shift 2
  until "$@"; do
    for pid in "${children[@]}"; do
      [[ -e /proc/$pid/stat ]] || fail "$what: a process ended by itself; see its log"
    done
    ((SECONDS < end)) || fail "$what: not within $seconds s"
    sleep 0.1
  done
}

# --- PostgreSQL ---------------------------------------------------------------------------------------------------------

start_postgres() {
  "$lode_root/setup/servers" start "$work/servers" postgres redis >/dev/null
  . "$work/servers/env"
  find_servers
}

find_servers() {
  local states
  states=$("$lode_root/setup/servers" status "$work/servers") || fail "PostgreSQL and Redis do not both run in $work/servers"
  postgres_pid=$(sed -n 's/^postgres running, process //p' <<<"$states")
  redis_pid=$(sed -n 's/^redis running, process //p' <<<"$states")
}

# tune_postgres NAME VALUE: a setting that takes a restart.
tune_postgres() {
  sql "$LODE_PG_DSN" "ALTER SYSTEM SET $1 = '$2'"
  "$lode_root/setup/servers" restart "$work/servers" >/dev/null
  find_servers
}

# limit_postgres MB: all memory of PostgreSQL's processes, the page cache that they fill included, by a control group of
# their own (version 2 or 1). False where the machine does not let us.
limit_postgres() {
  local top=/sys/fs/cgroup limit=memory.max pid
  if [[ -d $top/memory ]]; then top=$top/memory limit=memory.limit_in_bytes; fi
  memory_group=$top/lode-bench.$$
  if ! { mkdir -- "$memory_group" && echo $(($1 << 20)) >"$memory_group/$limit"; } 2>>"$work/cgroup.log"; then
    rmdir -- "$memory_group" 2>>"$work/cgroup.log" || true
    memory_group=''
    return 1
  fi
  for pid in "$postgres_pid" $(children_of "$postgres_pid"); do echo "$pid" >"$memory_group/cgroup.procs"; done
}

children_of() { cat "/proc/$1/task/$1/children"; }

sql() { # DSN STATEMENT
  PGOPTIONS='-c client_min_messages=warning' psql "$1" -qAtX -v ON_ERROR_STOP=1 -c "$2"
}

# fresh_database: an empty one with Lode's schema; sets dsn and writes the node's settings. What the last one left to be
# written is written before.
fresh_database() {
  sql "$LODE_PG_DSN" 'DROP DATABASE IF EXISTS bench WITH (FORCE)'
  sql "$LODE_PG_DSN" 'CREATE DATABASE bench'
  dsn=${LODE_PG_DSN%/*}/bench
  forget_redis
  write_settings
  "$bin/lode" migrate --config "$work/lode.yaml" >"$work/migrate.log"
  settle_postgres
}

forget_redis() { redis-cli -s "${LODE_REDIS_URL#unix://}" FLUSHALL >/dev/null; }

settle_postgres() { sql "$dsn" 'CHECKPOINT'; }

server_settings() { # as JSON
  sql "$LODE_PG_DSN" "
    SELECT json_object_agg(name, current_setting(name) ORDER BY name) FROM pg_settings
    WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'wal_level',
                   'wal_buffers', 'wal_compression', 'wal_sync_method', 'max_wal_size', 'min_wal_size', 'commit_delay',
                   'checkpoint_timeout', 'autovacuum', 'autovacuum_naptime', 'maintenance_work_mem', 'random_page_cost', 'jit')"
}

# --- a node -------------------------------------------------------------------------------------------------------------

# Defaults but for what a benchmark needs: where things are, and that runs may start as fast as they can.
write_settings() {
  [[ -e $work/lode.key ]] || "$bin/lode" doctor --make-key "$work/lode.key" >/dev/null
  cat >"$work/lode.yaml" <<YAML
node: {name: bench}
store: {dsn: "$dsn"}
cache: {redis_url: "$LODE_REDIS_URL"}
http: {resolve: {posts.test: 127.0.0.1}, extra_ca_file: "$work/api.crt"}
mining: {runs_started_per_second: 100000}
console: {listen: "127.0.0.1:0"}
security: {key_file: "$work/lode.key"}
YAML
}

start_node() {
  launch_node
  await 60 "the node gets ready" node_is_ready
}

launch_node() {
  : >"$work/node.log"
  "$bin/lode" serve --config "$work/lode.yaml" "${node_options[@]}" >>"$work/node.log" 2>&1 &
  node_pid=$!
  children+=("$node_pid")
}

# node_is_ready: and then its address is known.
node_is_ready() {
  node_address=$(sed -n 's|.*console on http://\([0-9.:]*\).*|\1|p' "$work/node.log")
  export LODE_ADDRESS=$node_address
  [[ -n $node_address ]] && curl -sf -o /dev/null "http://$node_address/readyz"
}

stop_node() {
  end_child "$node_pid"
  node_pid=''
}

# --- what it costs ------------------------------------------------------------------------------------------------------

cpu_of() { # PID: CPU seconds of a process so far
  awk -v ticks="$ticks_per_second" '{ sub(/^.*\) /, ""); print ($12 + $13) / ticks }' "/proc/$1/stat"
}

# All of PostgreSQL: the time of those that have ended stands with their parent.
cpu_of_postgres() {
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v leader="$postgres_pid" -v ticks="$ticks_per_second" '
    { pid = $1; sub(/^.*\) /, "") }
    pid == leader { sum += $12 + $13 + $14 + $15 }
    $2 == leader { sum += $12 + $13 }
    END { print sum / ticks }'
}

peak_memory_of() { status_bytes VmHWM "$1"; }
memory_of() { status_bytes VmRSS "$1"; }

status_bytes() { # NAME PID
  awk -v name="$1:" '$1 == name { printf "%.0f\n", $2 * 1024 }' "/proc/$2/status"
}

# sockets_to PORT: connections that are open to it on this machine, as their clients see them.
sockets_to() {
  awk -v port="$(printf ':%04X' "$1")" 'substr($3, length($3) - 4) == port && $4 == "01" { ++count } END { print count + 0 }' \
    /proc/net/tcp
}

metrics() { curl -sf "http://$node_address/metrics"; }

# metric NAME: the sum over all labels, from metrics on standard input.
metric() {
  awk -v name="$1" '$1 == name || index($1, name "{") == 1 { sum += $2 } END { printf "%.0f\n", sum }'
}

# quantile NAME SHARE: milliseconds, from a histogram in seconds on standard input; even within a bucket. null: no values,
# or beyond the last bucket.
quantile() {
  awk -v name="$1_bucket{" -v share="$2" '
    index($1, name) == 1 { split($1, part, "\""); bound[++count] = part[2]; below[count] = $2 }
    END {
      wanted = share * below[count]
      for (i = 1; i <= count && below[i] < wanted; ++i) {}
      if (count == 0 || below[count] == 0 || i > count || bound[i] ~ /[Ii]nf/) { print "null"; exit }
      from = i > 1 ? bound[i - 1] : 0
      before = i > 1 ? below[i - 1] : 0
      printf "%.1f\n", 1000 * (from + (bound[i] - from) * (wanted - before) / (below[i] - before))
    }'
}

# since FILE: the metrics on standard input less those that FILE holds, line by line: what a span of time added.
since() {
  awk 'NR == FNR { before[$1] = $2; next } !/^#/ { print $1, $2 - before[$1] }' "$1" -
}

machine() { # as JSON
  jq -n --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --argjson cores "$(nproc)" \
    --argjson memory_bytes "$(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)" \
    --arg kernel "$(uname -r)" --argjson load_before "$(cut -d' ' -f1 /proc/loadavg)" '$ARGS.named'
}
