# shellcheck shell=bash disable=SC2154
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
  for ((n = 1; n <= nodes; n *= 2)); do sizes+=("$n"); done
  open_work
  find_cpu_limit
  start_postgres
  tune_postgres max_connections 300
  tune_postgres track_commit_timestamp on
  make_keys
  server=$(server_settings)
  machine=$(machine)
  [[ $cpu_limit != none ]] || say "no control groups and no cpulimit: nodes cannot be held to a share of CPU, speed is not measured"
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: $tenants tenants, ${sizes[*]} nodes"
    for n in "${sizes[@]}"; do measure_speed "$n"; done
    for n in "${sizes[@]}"; do measure_load "$n"; done
    for n in "${sizes[@]}"; do measure_idle "$n"; done
    if ((repetition == 1)); then measure_faults; fi
    keep_figures
  done
  write_report "$server" "$machine" "$(about)"
  add_scaling
  show
}
