# shellcheck shell=bash disable=SC2034
# check SENTENCE COMMAND...: runs COMMAND and tells; report, at the end, gives the exit code.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd -P)
scratch=$(mktemp -d /tmp/lode-test.XXXXXX)
chmod 0711 "$scratch"
failures=0

check() {
  local sentence=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok: $sentence"
  else
    printf 'FAILED: %s\n  %s\n%s\n' "$sentence" "$*" "$output"
    failures=$((failures + 1))
  fi
}

refute() { # SENTENCE COMMAND...: COMMAND must fail
  local sentence=$1
  shift
  check "$sentence" not "$@"
}
not() { ! "$@"; }

report() {
  ((failures == 0)) || echo "$failures failed"
  ((failures == 0))
}
