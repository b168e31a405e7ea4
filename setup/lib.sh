# shellcheck shell=bash disable=SC2034
# What the set-up scripts share. Source it after `set -euo pipefail`.

lode_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
lode_cache=${LODE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/lode}
export LODE_STARTED=${LODE_STARTED:-$(date +%s)} # so that scripts started by scripts count from the same second

# say TEXT...: one line of progress with the time since the command started.
say() {
  local elapsed=$(($(date +%s) - LODE_STARTED))
  printf '[%d:%02d] %s\n' $((elapsed / 60)) $((elapsed % 60)) "$*"
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND...: through sudo where needed.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "needs root for: $* (run it as root, or install sudo)"
  fi
}

# Compilations at once: one per core, and 1.5 GB of memory for each.
lode_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1500000) }' /proc/meminfo)
  ((memory < 1)) && memory=1
  echo "${LODE_JOBS:-$((memory < cores ? memory : cores))}"
}

# The mirror that this machine's apt already uses for Debian 12's main archive.
debian_mirror() {
  local filter uri
  for filter in 'Origin: Debian' 'Release: bookworm' 'Release: stable'; do
    # shellcheck disable=SC2016 # apt replaces $(REPO_URI), not the shell
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "$filter" |
      grep -v -e '-security' | head -n 1) || true
    if [[ -n $uri ]]; then echo "$uri" && return; fi
  done
  return 1
}
