# shellcheck shell=bash disable=SC2154
# Workload "grow": first passes of new tenants into a store that has more and more records, in ten equal steps, with a
# PostgreSQL whose memory holds only a small part of them.

records=10000000 tenants=200 repeat=3 memory_mb=2048 buffers_mb=64
steps=10

measure() {
  "$lode_root/setup/build" release lode bench-provider
  local step_tenants=$tenants is_limited=true repetition server machine
  records_per_tenant=$((records / steps / step_tenants))
  ((records_per_tenant > 0)) || fail "--records: found $records, expected at least $((steps * step_tenants)), one for each tenant of a step"
  records=$((records_per_tenant * step_tenants * steps))
  tenants=$((step_tenants * (steps + 1)))
  check_space
  open_work
  make_certificate
  start_postgres
  tune_postgres shared_buffers "${buffers_mb}MB"
  if ! limit_postgres "$memory_mb"; then
    is_limited=false
    say "this machine lets nobody limit the page cache (no memory control group for us): only shared_buffers is small"
  fi
  server=$(server_settings)
  machine=$(machine)
  for ((repetition = 1; repetition <= repeat; repetition++)); do
    say "repetition $repetition of $repeat: from 0 to $records records in $steps steps of $step_tenants new tenants"
    grow
    keep_figures
  done
  write_report "$server" "$machine" "$(jq -n --argjson records "$records" --argjson step_tenants "$step_tenants" \
    --argjson steps "$steps" --argjson memory_is_limited "$is_limited" --argjson memory_bytes $((memory_mb << 20)) \
    '{workload: "grow", $records, $steps, $step_tenants, record_bytes: 520, page_records: 100, $memory_is_limited, $memory_bytes}')"
  show
}

check_space() {
  local needed=$((records * 2000 / 1000000 + 4000)) free
  free=$(df -BM --output=avail /var/tmp | tail -n 1 | tr -dc 0-9)
  ((free > needed)) || fail "/var/tmp: found $free MB free, expected $needed MB for $records records; make room or give a smaller --records"
}

grow() {
  local step size first
  fresh_database
  start_provider http
  start_node
  put_source
  for ((step = 0; step <= steps; step++)); do
    size=$((records / steps * step)) first=$((step_tenants * step + 1))
    expect "records before step $step" "$size" "$(sql "$dsn" 'SELECT count(*) FROM lode.record')"
    import_tenants "$first" $((first + step_tenants - 1))
    provider POST /control/pass/0 >/dev/null
    run_pass inserted "$first" $((first + step_tenants - 1))
    figures[records_per_s_at_$size]=$pass_rate
    figures[postgres_cpu_s_per_million_at_$size]=$pass_postgres
    figures[node_cpu_s_per_million_at_$size]=$pass_node
    say "  $size records are there: $pass_rate new records/s"
  done
  figures[cpu_ratio]=$(jq -n "$(cpu_at 0) / $(cpu_at "$size") * 1000 | round / 1000")
  figures[ratio]=$(jq -n "$pass_rate / ${figures[records_per_s_at_0]} * 1000 | round / 1000")
  figures[database_bytes]=$(sql "$dsn" 'SELECT pg_database_size(current_database())')
  clean_up
}

cpu_at() { # SIZE: of node and PostgreSQL together
  jq -n "${figures[node_cpu_s_per_million_at_$1]} + ${figures[postgres_cpu_s_per_million_at_$1]}"
}

show() {
  print_report '
    ([to_entries[] | select(.key | startswith("records_per_s_at_")) | {size: (.key | ltrimstr("records_per_s_at_") | tonumber), rate: .value}]
      | sort_by(.size)[] | line("with \(.size) records"; .rate; "new records/s")),
    line("the last to the empty store"; .ratio * 100 | round; "%, by CPU time \(.cpu_ratio * 100 | round) %"),
    line("database at the end"; .database_bytes / 1048576 | round; "MiB"),
    line("PostgreSQL with its page cache"; if .memory_is_limited then .memory_bytes / 1048576 else null end; "MiB (-: not limited)")'
}
