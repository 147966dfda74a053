#!/bin/sh
# Runs the gateway under valgrind while clients die at every byte of the handshake and of a request, then looks for
# leaks and invalid accesses. Swift's metadata caches show as "possibly lost", and its runtime compares padding, which counts as
# uninitialised: only definite losses and invalid accesses count.
# usage: valgrind.sh BINARY
set -eu
work=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || kill "$gateway" 2>/dev/null; rm -rf "$work"' EXIT
command -v valgrind >/dev/null || { echo "Missing valgrind: apt-get install valgrind" >&2; exit 1; }
# valgrind 3.19 cannot read the debug information of Swift 6.
cp "$1" "$work/hookgate"
strip -g "$work/hookgate"
"$work/hookgate" cert generate --out "$work" >/dev/null
cat > "$work/hookgate.yaml" <<C
public_url: https://localhost:8443
event_loops: 1
listeners:
  - address: 127.0.0.1:0
    tls: {certificates: [{chain: server.pem, key: server.key}]}
users:
  - {name: sipgate, password: "\${env:VALGRIND_PASSWORD}"}
routes:
  - {path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [none]}
destinations:
  - {name: none, url: "http://127.0.0.1:9/"}
logging: {level: notice, format: json}
C
VALGRIND_PASSWORD=unused valgrind --undef-value-errors=no --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \
    --error-exitcode=99 --log-file="$work/valgrind" \
    "$work/hookgate" run --config "$work/hookgate.yaml" 2> "$work/log" &
gateway=$!
until port=$(sed -n '/"listening"/s/.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/log") && [ -n "$port" ]; do
    kill -0 "$gateway" || { cat "$work/log" "$work/valgrind" >&2; exit 1; }
    sleep 0.2
done
python3 - "$port" "$work/ca.pem" <<'P'
import socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]

def dies_after(version, resets, limit):
    """Speaks TLS and a request through memory, and cuts the connection after `limit` bytes sent; says if all was sent."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = context.maximum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    sent, steps = 0, [tls.do_handshake, lambda: tls.write(b"POST /hooks/sipgate HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b"), lambda: tls.read(100)]
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        if resets: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        while steps:
            try:
                steps[0]()
                steps.pop(0)
                wants = False
            except ssl.SSLWantReadError:
                wants = True
            data = outgoing.read()[:limit - sent]
            s.sendall(data)
            sent += len(data)
            if sent == limit: return False
            if wants: incoming.write(s.recv(65536))
    return True

cuts = 0
for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    for resets in (False, True):
        limit = 1
        while not dies_after(version, resets, limit):
            cuts += 1
            limit += 7
for junk in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x80\x2e\x01\x00\x02", bytes(range(256)) * 8):
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        try:
            s.sendall(junk)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536): pass
        except OSError: pass
print(f"{cuts} connections cut, and five kinds of junk")
P
kill -TERM "$gateway"
status=0
wait "$gateway" || status=$?
gateway=
grep -E "definitely lost|ERROR SUMMARY|Invalid" "$work/valgrind" || true
[ "$status" = 0 ] || { cat "$work/valgrind" >&2; exit "$status"; }
