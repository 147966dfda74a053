#!/bin/sh
# Starts the development backend and the gateway, says what to try, and ends both together.
# usage: run.sh BINARY CONFIGURATION
set -eu
hookgate=$1 config=$2

"$hookgate" backend --listen 127.0.0.1:9000 &
backend=$!
"$hookgate" run --config "$config" &
gateway=$!
stop() {
    trap - INT TERM EXIT
    kill -TERM "$gateway" "$backend" 2>/dev/null || true
    wait "$gateway" 2>/dev/null || true
    wait "$backend" 2>/dev/null || true
}
trap stop INT TERM EXIT

tries=0
until curl --silent --output /dev/null --cacert certs/ca.pem https://localhost:8443/; do
    kill -0 "$gateway" 2>/dev/null || { wait "$gateway" || exit $?; }
    kill -0 "$backend" 2>/dev/null || { wait "$backend" || exit $?; }
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "The gateway does not answer on https://localhost:8443." >&2; exit 1; }
    sleep 0.1
done
cat <<'TEXT'

Hookgate serves https://localhost:8443/hooks/sipgate and forwards to the development backend below. In another terminal:

    curl --cacert certs/ca.pem --user sipgate:development \
         --data 'event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=1&user[]=Alice' \
         https://localhost:8443/hooks/sipgate

    .build/release/hookgate simulate answered --ca certs/ca.pem \
         --url https://sipgate:development@localhost:8443/hooks/sipgate

Ctrl-C ends both.

TEXT
wait "$gateway"
