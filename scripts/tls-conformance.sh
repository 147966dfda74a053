#!/bin/sh
# Examines TLS of Hookgate and of a stock nginx side by side: our own conversations, testssl.sh and sslyze.
# docs/conformance.md says what the findings mean. usage: tls-conformance.sh BINARY
set -eu
hookgate=$1
sh scripts/deps.sh conformance

# sslyze is in no Debian package: it gets a Python environment of its own.
if ! command -v sslyze >/dev/null; then
    tools=.build/conformance
    [ -x $tools/bin/sslyze ] || { python3 -m venv $tools && $tools/bin/pip install --quiet sslyze; } ||
        echo "sslyze cannot be installed (python3 -m venv, pip)" >&2
    PATH=$PWD/$tools/bin:$PATH
fi

status=0
python3 Tests/Conformance/tls.py "$hookgate" || status=1
python3 Tests/Conformance/scanners.py "$hookgate" || status=1
exit $status
