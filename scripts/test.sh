#!/bin/sh
# Runs the tests that were built, and repeats at the end what failed.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
	swift test --skip-build "$@" 2>&1
	echo "$?" >"$log.status"
} | tee "$log"
status=$(cat "$log.status")
rm -f "$log.status"
if [ "$status" -ne 0 ]; then
	printf '\n== what failed ==\n'
	awk '/✘/ { lines = 4 } /^(◇|✔)/ { lines = 0 } lines-- > 0' "$log" | cut -c1-300 | tail -n 40
fi
exit "$status"
