#!/bin/sh
# Measures Hookgate beside other servers with the harness in $HOOKGATE_BENCH (default: ../shared/bench).
# usage: bench.sh [PEER...]
set -eu
bench=${HOOKGATE_BENCH:-../shared/bench}
[ -x "$bench/peers.sh" ] || {
    echo "No measuring harness at $bench: set HOOKGATE_BENCH to the folder that has peers.sh." >&2
    exit 1
}
cache=${BENCH_CACHE:-$PWD/.build-bench}
mkdir -p "$cache"
out=$cache/bench-$(date +%Y%m%dT%H%M%S).jsonl
[ $# -gt 0 ] || set -- hookgate:direct nginx:lua nginx haproxy swift:hb
BENCH_CACHE=$cache "$bench/peers.sh" --rounds "${ROUNDS:-3}" --out "$out" "$@" >/dev/null
"$bench/report.py" "$out"
echo
echo "Raw figures: $out"
