# Shared by the commands of this folder: where the tree is, how they speak, how they become root. Sourced, never run.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"

# Debian's own interpreter: the packages of ci/packages belong to it, not to a python3 that happens to be first in PATH.
python=/usr/bin/python3
jobs=${CR_JOBS:-$(nproc)}
started_at=$EPOCHREALTIME

say() { printf '== %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "needs root for: $* (run it as root, or install sudo)"
  fi
}

# timed NAME COMMAND...: runs the command and leaves one line for the summary, also when it fails.
stage_lines=()
timed() {
  local name=$1 from=$EPOCHREALTIME status=0
  shift
  say "$name"
  "$@" || status=$?
  stage_lines+=("$(awk -v n="$name" -v a="$from" -v b="$EPOCHREALTIME" -v s="$status" \
    'BEGIN { printf "%-28s %8.1f s  %s", n, b - a, s == 0 ? "ok" : "FAILED (exit " s ")" }')")
  return "$status"
}

stage_summary() {
  local line
  printf '\n' >&2
  for line in "${stage_lines[@]}"; do printf '  %s\n' "$line" >&2; done
  awk -v a="$started_at" -v b="$EPOCHREALTIME" 'BEGIN { printf "  %-28s %8.1f s\n", "in all", b - a }' >&2
}

configure() { cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log" >&2; return 1; }; }
compile() { cmake --build --preset "$1" -j "$jobs" -- --quiet; }

# kernels TIER: names of those that the virtual machines know. Ends with 1 unless every kernel of the tier can be had.
kernels() {
  local list
  list=$(cd vm-images && "$python" -m vmlab list --tier "$1") || die "not every kernel of vm-images is there: $list"
  [ -n "$list" ] || die "vm-images knows no kernel"
  awk '{ print $1 }' <<<"$list"
}
