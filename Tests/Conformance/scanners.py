#!/usr/bin/env python3
"""testssl.sh and sslyze on Hookgate and on a stock nginx, side by side.

    scanners.py BINARY

The exit status is 1 when a scanner finds something with Hookgate that it does not find with nginx and that exceptions.json
does not explain. A scanner that is not installed is left out, and said to be.
"""
import concurrent.futures
import fnmatch
import json
import re
import shutil
import subprocess
import sys

from servers import Pair
from suite import load_exceptions

BOUND = 600  # seconds for one scan
SEVERITIES = ("WARN", "LOW", "MEDIUM", "HIGH", "CRITICAL")


def testssl(server, folder):
    """Findings by their id, and what the scan says of itself."""
    port = server.address[1]
    out = f"{folder}/testssl-{server.name}.json"
    subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--add-ca", f"{folder}/ca.pem", "--jsonfile", out, f"https://localhost:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=BOUND,
    )
    with open(out, encoding="utf-8") as f:
        entries = json.load(f)
    # "cert_trust <cert#1>": one for each certificate that is served.
    bad = {e["id"]: f'{e["severity"]}: {e["finding"]}' for e in entries if e["severity"] in SEVERITIES}
    return bad, f"{len(entries)} checks"


def sslyze(server, folder):
    port = server.address[1]
    out = f"{folder}/sslyze-{server.name}.json"
    text = subprocess.run(
        ["sslyze", "--mozilla_config=intermediate", "--certinfo_ca_file", f"{folder}/ca.pem", "--json_out", out, f"localhost:{port}"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=BOUND,
    ).stdout
    with open(out, encoding="utf-8") as f:
        result = json.load(f)["server_scan_results"][0]
    if result["scan_result"] is None:
        return {"scan": "no result"}, "no connection"
    bad, count = {}, 0
    for name, attempt in result["scan_result"].items():
        if attempt["status"] not in ("COMPLETED", "NOT_SCHEDULED"):
            bad[f"scan of {name}"] = attempt["status"]
            continue
        count += attempt["status"] == "COMPLETED"
        found = attempt["result"] or {}
        for key, value in found.items():
            is_bad = (
                key.startswith("is_vulnerable") and value or key in ("supports_compression", "supports_early_data") and value
                or key in ("supports_fallback_scsv", "supports_secure_renegotiation", "supports_ems_extension") and value is False
                or key == "robot_result" and value.startswith("VULNERABLE")
            )
            if is_bad:
                bad[f"{name}: {key}"] = str(value)
        if re.fullmatch(r"(ssl|tls)_[\d_]+_cipher_suites", name):
            for suite in found.get("accepted_cipher_suites", []):
                if name not in ("tls_1_2_cipher_suites", "tls_1_3_cipher_suites"):
                    bad[f"{name}: {suite['cipher_suite']['name']}"] = "accepted"
        for place, deployment in enumerate(found.get("certificate_deployments", []) if name == "certificate_info" else []):
            if not deployment["received_chain_has_valid_order"]:
                bad[f"chain {place}"] = "in the wrong order"
            if deployment["verified_chain_has_sha1_signature"]:
                bad[f"chain {place}"] = "signed with SHA-1"
            if not any(path["was_validation_successful"] for path in deployment["path_validation_results"]):
                bad[f"chain {place}"] = "not trusted"
    compliance = text.split("COMPLIANCE", 1)[-1]
    for line in compliance.splitlines():
        match = re.match(r"\s+\* (.+?): (.+)", line)
        if match and not match[2].strip().endswith("Compliant."):
            bad[f"Mozilla intermediate, {match[1]}"] = match[2]
    return bad, f"{count} commands"


def compare(tool, scan, pair, pool):
    """Starts the scans of all servers; returns what to call when they are due."""
    futures = [pool.submit(scan, server, pair.folder) for server in pair.servers]

    def judge():
        explained = load_exceptions(tool)
        results = [future.result() for future in futures]
        (ours, extent), (theirs, _) = results
        print(f"{tool}: {extent}; findings: " + ", ".join(f"{server.name} {len(bad)}" for server, (bad, _) in zip(pair.servers, results)))
        failed = []
        for key in sorted(set(ours) | set(theirs)):
            reason = next((words for pattern, words in explained.items() if fnmatch.fnmatchcase(key, pattern)), None)
            who = " and ".join(server.name for server, (bad, _) in zip(pair.servers, results) if key in bad)
            print(f"  {key}, {who}: {ours.get(key) or theirs[key]}" + (f" (explained: {reason})" if reason else ""))
            if key in ours and key not in theirs and not reason:
                failed.append(key)
        print(f"  with Hookgate alone and not explained: {', '.join(failed) or 'nothing'}")
        return failed

    return judge


def main(binary):
    scans = {"testssl": testssl, "sslyze": sslyze}
    with Pair(binary) as pair, concurrent.futures.ThreadPoolExecutor(2) as pool:
        judges = []
        for tool, scan in scans.items():
            if shutil.which(tool):
                judges.append(compare(tool, scan, pair, pool))
            else:
                print(f"{tool} is not installed, and left out")
        failed = [key for judge in judges for key in judge()]
        for server in pair.servers:
            if not server.is_running():
                failed.append(f"{server.name} is gone")
                print(failed[-1])
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
