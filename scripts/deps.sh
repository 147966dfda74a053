#!/bin/sh
# Installs the system packages that building, testing and running need, or says which are missing.
# With "conformance" also those of the conformance suites.
set -eu

packages="libssl-dev libcrypt-dev libsqlite3-dev pkg-config openssl curl python3 gcc"
modules="jsonschema, hpack, hyperframe"
if [ "${1:-}" = conformance ]; then
    packages="$packages nginx-light testssl.sh dnsutils bsdextrautils python3-venv"
    modules="$modules, cryptography"
fi
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
command -v swift >/dev/null || {
    echo "Hookgate needs the Swift 6.2 toolchain or a later one on the PATH: see https://www.swift.org/install/linux" >&2
    exit 1
}
# The tests check events against their JSON Schemas with Python's jsonschema, an implementation that is not ours.
python3 -c 'import jsonschema' 2>/dev/null || missing="$missing python3-jsonschema"
# One trial speaks HTTP/2 frame by frame.
python3 -c 'import hpack, hyperframe' 2>/dev/null || missing="$missing python3-h2"
[ "${1:-}" != conformance ] || python3 -c 'import cryptography' 2>/dev/null || missing="$missing python3-cryptography"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
    echo "Missing system packages. Install them with:" >&2
    echo "    sudo apt-get install$missing" >&2
    exit 1
fi
# A python3 of its own on the PATH does not see Debian's modules.
python3 -c "import $modules" 2>/dev/null || python3 -m pip install --quiet jsonschema h2 cryptography || {
    echo "The python3 on the PATH lacks modules: python3 -m pip install jsonschema h2 cryptography" >&2
    exit 1
}
