#!/bin/sh
# Prints what the linked packages want to be passed on with the binary (Apache-2.0, section 4 d).
# usage: notice.sh [CHECKOUTS]
set -eu
checkouts=${1:-.build/checkouts}
# The tests compare the list with what is linked.
packages="swift-nio swift-nio-extras swift-nio-http2 swift-log swift-metrics swift-http-types swift-service-context
    swift-service-lifecycle swift-configuration hummingbird"
for package in $packages; do
    [ -r "$checkouts/$package/NOTICE.txt" ] || {
        echo "$checkouts/$package/NOTICE.txt is missing, which has to go with the binary: \`swift package resolve\` fetches" >&2
        echo "it; if you build with another --scratch-path, set CHECKOUTS to its folder checkouts" >&2
        exit 1
    }
done
for package in $packages; do
    echo "== $package"
    echo
    cat "$checkouts/$package/NOTICE.txt"
    echo
done
