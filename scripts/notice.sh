#!/bin/sh
# Prints what the linked packages want to be passed on with the binary (Apache-2.0, section 4 d).
# usage: notice.sh [CHECKOUTS]
set -eu
checkouts=${1:-.build/checkouts}
for package in swift-nio swift-nio-extras swift-nio-http2 swift-log swift-metrics swift-http-types swift-service-context \
    swift-service-lifecycle hummingbird; do
    echo "== $package"
    echo
    cat "$checkouts/$package/NOTICE.txt"
    echo
done
