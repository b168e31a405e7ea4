# shellcheck shell=bash
# What the workloads share that mine: an API, its tenants, passes over them, and the report. Source it after lib.sh. Wants
# $tenants (accounts that the API has), $records_per_tenant; a pass tells in pass_* how it went.

seed=1
provider_pid='' provider_url=''
declare -A figures=() # of the repetition under way

# --- the API and its tenants ----------------------------------------------------------------------------------------------

make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=posts.test \
    -addext subjectAltName=DNS:posts.test -keyout "$work/api.key" -out "$work/api.crt" 2>"$work/openssl.log"
}

start_provider() { # SCHEME [OPTION OF bench-provider...]
  local tls=() scheme=$1
  shift
  if [[ $scheme == https ]]; then tls=(--tls-cert "$work/api.crt" --tls-key "$work/api.key"); fi
  rm -f "$work/provider.port"
  "$bin/bench-provider" --seed "$seed" --tenants "$tenants" --records "$records_per_tenant" \
    --ready-file "$work/provider.port" "${tls[@]}" "$@" >"$work/provider.log" 2>&1 &
  provider_pid=$!
  children+=("$provider_pid")
  await 30 "the provider starts" test -e "$work/provider.port"
  provider_url=$scheme://posts.test:$(<"$work/provider.port")
}

provider() { # METHOD PATH
  curl -sf --cacert "$work/api.crt" --resolve "posts.test:${provider_url##*:}:127.0.0.1" -X "$1" "$provider_url$2"
}

# put_source [BUDGETS]: the source posts, with limits on requests as YAML if any.
put_source() {
  sed "s|^    primary_key: id\$|&${1:+\n    x-lode: {budgets: $1\}}|" "$lode_root/bench/posts/posts.yaml" >"$work/posts.yaml"
  "$bin/lode" source put "$work/posts.yaml" >"$work/import.log"
}

# tenant_lines FROM TO SCHEDULE: tenants t1, t2, ..., each with the account of its number, as `lode tenant import` reads them.
tenant_lines() {
  provider GET /control/tenants | awk -v from="$1" -v to="$2" -v url="$provider_url/v1" -v schedule="$3" 'NR >= from && NR <= to {
    printf "{\"tenant\":\"t%d\",\"connection\":\"posts\",\"source\":\"posts\",\"configuration\":{\"base_url\":\"%s\",\"account\":\"%s\"},", NR, url, $1
    printf "\"secrets\":{\"access_token\":\"token-%s\"},\"schedule\":%s}\n", $1, schedule
  }'
}

import_tenants() { # FROM TO [SCHEDULE]
  tenant_lines "$1" "$2" "${3:-null}" >"$work/tenants.jsonl"
  expect "lines for the import" $(($2 - $1 + 1)) "$(wc -l <"$work/tenants.jsonl")"
  "$bin/lode" tenant import "$work/tenants.jsonl" >>"$work/import.log"
}

# --- a pass ---------------------------------------------------------------------------------------------------------------

clean_up() {
  stop_node
  end_child "$provider_pid"
}

# run_pass OUTCOME FROM TO: those tenants once; OUTCOME is what must become of each record. Sets pass_*.
run_pass() {
  local last_run first last finished node provider postgres count=$(($3 - $2 + 1))
  local wanted=$((count * records_per_tenant))
  settle_postgres
  last_run=$(sql "$dsn" 'SELECT coalesce(max(id), 0) FROM lode.run')
  node=$(cpu_of "$node_pid") provider=$(cpu_of "$provider_pid") postgres=$(cpu_of_postgres)
  start_runs "$2" "$3"
  await_records "$wanted"
  pass_node=$(per_million "$wanted" "$node" "$(cpu_of "$node_pid")")
  pass_provider=$(per_million "$wanted" "$provider" "$(cpu_of "$provider_pid")")
  pass_postgres=$(per_million "$wanted" "$postgres" "$(cpu_of_postgres)")
  first=$(provider GET /control/stats | jq .first_request_us)
  IFS='|' read -r finished last < <(sql "$dsn" "
    SELECT count(*) FILTER (WHERE phase = 1), (extract(epoch FROM max(ended)) * 1000000)::bigint FROM lode.run WHERE id > $last_run")
  expect "runs that finished" "$count" "$finished"
  expect "records that are $1" "$wanted" "$(sql "$dsn" "SELECT sum($1) FROM lode.continuation WHERE run_id > $last_run")"
  pass_rate=$(jq -n "$wanted * 1000000 / ($last - $first) | round")
}

start_runs() { # FROM TO
  records_before=$(metrics | metric lode_records_total)
  seq "$1" "$2" | sed "s|.*|url = \"http://$node_address/api/v1/tenants/t&/connections/posts/runs\"|" >"$work/runs.curl"
  curl -sS -Z --parallel-max 2 -X POST -H 'Content-Type: application/json' -d '{"kind":"manual"}' -w '\n%{http_code}\n' \
    -K "$work/runs.curl" >"$work/runs.log" 2>"$work/curl.log" # it shows progress whatever it is told
  expect "runs that were asked for" $(($2 - $1 + 1)) "$(grep -c '^202$' "$work/runs.log" || true)"
}

await_records() { # COUNT
  local text seen=-1 now moved=$SECONDS
  while :; do
    text=$(metrics) || fail "the node does not answer; see its log"
    now=$(metric lode_records_total <<<"$text")
    if ((now - records_before >= $1)) && (($(metric lode_open_runs <<<"$text") == 0)); then return; fi
    if ((now != seen)); then seen=$now moved=$SECONDS; fi
    ((SECONDS - moved < 60)) || fail "nothing moves for 60 s after $((now - records_before)) of $1 records; see the node's log"
    sleep 0.5
  done
}

# --- figures --------------------------------------------------------------------------------------------------------------

per_million() { # RECORDS, CPU seconds before and after
  jq -n "($3 - $2) * 1000000 / $1 * 1000 | round / 1000"
}

expect() { # WHAT WANTED FOUND
  [[ $2 == "$3" ]] || fail "$1: found ${3:-none}, expected $2; a figure of this would mean nothing"
}

keep_figures() { # the repetition is over
  local name
  for name in "${!figures[@]}"; do printf '{"%s": %s}\n' "$name" "${figures[$name]}"; done |
    jq -sc 'add | to_entries | sort_by(.key) | from_entries' >>"$work/repetitions.jsonl"
  figures=()
}

# write_report SERVER MACHINE ABOUT: objects in JSON; ABOUT says what was measured.
write_report() {
  jq -s --argjson server_settings "$1" --argjson machine "$2" --argjson about "$3" \
    --arg commit "$(git -C "$lode_root" rev-parse --short HEAD 2>/dev/null || true)" '
    def median: map(select(. != null)) | sort
      | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) * 500 | round / 1000 end;
    . as $repetitions
    | reduce (map(with_entries(select(.value | type == "number" or . == null)) | keys) | add | unique)[] as $name ({}; .[$name] = ($repetitions | map(.[$name]) | median))
    | . + $about + {$commit, $machine, $server_settings, $repetitions}' "$work/repetitions.jsonl" >"$json"
}

# print_report LINES: a jq program that makes the lines of the table, with line(NAME; VALUE; UNIT).
print_report() {
  jq -r 'def line($name; $value; $unit): ($name + " " * ([36 - ($name | length), 1] | max)) + (($value // "-") | tostring) + " " + $unit;
    '"$1"', "PostgreSQL: " + (.server_settings | to_entries | map("\(.key)=\(.value)") | join(" "))' "$json"
  say "medians of $repeat; all figures: $json"
}
