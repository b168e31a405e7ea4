# shellcheck shell=bash
# Placement of shards on up to a thousand nodes, by computation alone: no nodes, no database.

nodes=1000 tenants=1000000 repeat=10

measure() {
  "$lode_root/setup/build" release bench-placement
  "$bin/bench-placement" --nodes "$nodes" --tenants "$tenants" --repeat "$repeat" --json "$json"
  say "all figures: $json"
}
