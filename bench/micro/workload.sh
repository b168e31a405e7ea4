# shellcheck shell=bash
# The hot cores one by one, with Google Benchmark: no sockets, no database.

measure() {
  "$lode_root/setup/packages" libbenchmark-dev
  "$lode_root/setup/build" release bench_posts # configures
  LODE_CACHE=$lode_cache cmake -DLODE_BENCH=ON "$lode_root/build/release" >"$results/configure.log" ||
    fail "cmake refused; its log: $results/configure.log"
  "$lode_root/setup/build" release bench-micro
  "$bin/bench-micro" --benchmark_out="$json" --benchmark_out_format=json "${arguments[@]}"
  say "all figures: $json"
}
