#!/bin/sh
# Examines a running gateway's TLS with testssl.sh and, where it is installed, sslyze.
# usage: tls-conformance.sh BINARY
set -eu
hookgate=$1
work=$(mktemp -d)
gateway=
trap '[ -z "$gateway" ] || kill "$gateway" 2>/dev/null; rm -rf "$work"' EXIT
command -v testssl >/dev/null || { echo "Missing testssl.sh: apt-get install testssl.sh dnsutils bsdextrautils" >&2; exit 1; }

"$hookgate" cert generate --out "$work" >/dev/null
cat > "$work/hookgate.yaml" <<C
public_url: https://localhost:8443
listeners:
  - address: 127.0.0.1:0
    tls: {certificates: [{chain: server.pem, key: server.key}]}
users:
  - {name: sipgate, password: "\${env:CONFORMANCE_PASSWORD}"}
routes:
  - {path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [none]}
destinations:
  - {name: none, url: "http://127.0.0.1:9/"}
logging: {format: json}
C
CONFORMANCE_PASSWORD=unused "$hookgate" run --config "$work/hookgate.yaml" 2> "$work/log" &
gateway=$!
until port=$(sed -n 's/.*"listening".*127\.0\.0\.1:\([0-9]*\).*/\1/p; s/.*127\.0\.0\.1:\([0-9]*\).*"listening".*/\1/p' "$work/log") && [ -n "$port" ]; do
    kill -0 "$gateway" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done

testssl --quiet --color 0 --warnings off --add-ca "$work/ca.pem" --jsonfile "$work/testssl.json" "https://localhost:$port" > "$work/testssl.txt" || true
python3 - "$work/testssl.json" <<'P'
import collections, json, sys
findings = json.load(open(sys.argv[1]))
print("testssl.sh:", dict(collections.Counter(f["severity"] for f in findings)))
# A private CA, whatever its kind: no public trust, no revocation, no transparency.
expected = {"cert_chain_of_trust", "cert_revocation", "cert_crlDistributionPoints", "cert_ocspURL", "cert_trust",
            "cert_validityPeriod", "cert_extlifeSpan", "DNS_CAArecord", "certificate_transparency"}
bad = [f for f in findings if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "WARN", "LOW")]
for f in bad:
    print(f'  {f["severity"]:8} {f["id"]}: {f["finding"]}', "(expected of a private certificate)" if f["id"].split()[0] in expected else "")
grade = [f["finding"] for f in findings if f["id"] == "overall_grade"]
print("  grade:", grade[0] if grade else "not given by this version")
serious = [f for f in bad if f["severity"] in ("HIGH", "CRITICAL") and f["id"].split()[0] not in expected]
sys.exit(1 if serious else 0)
P
if command -v sslyze >/dev/null; then
    sslyze --mozilla_config=intermediate --certinfo_ca_file "$work/ca.pem" "localhost:$port" > "$work/sslyze.txt" || true
    sed -n '/COMPLIANCE/,$p' "$work/sslyze.txt"
else
    echo "sslyze is not installed (pip install sslyze): left out."
fi
