#!/bin/sh
# Makes what is missing of /etc/hookgate, so that the service can start: a configuration for this machine alone, a
# password for the user sipgate, a key for follow-up addresses, a development certificate. Keeps what is there.
# usage: setup.sh [BINARY]
set -eu
binary=${1:-hookgate}
folder=/etc/hookgate
share=$(dirname "$0")

umask 027
[ -d $folder ] || install -d -m 750 $folder
[ -e $folder/hookgate.yaml ] || install -m 640 "$share/hookgate.yaml" $folder/hookgate.yaml

secret() {
    [ -e "$folder/$1" ] && return
    od -An -N"$2" -tx1 /dev/urandom | tr -d ' \n' > "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
    chgrp hookgate "$folder/$1"
    chmod 640 "$folder/$1"
}
secret password 12
secret follow-up.key 32

if [ ! -e $folder/tls/server.pem ]; then
    # Without /proc, as in an image that is being made, the program does not get its arguments.
    if [ -e /proc/self/cmdline ] && "$binary" cert generate --out $folder/tls > /dev/null; then
        chgrp hookgate $folder/tls
        chmod 750 $folder/tls
        chown hookgate: $folder/tls/server.key
        chmod 600 $folder/tls/server.key
    else
        echo "There is no development certificate yet; later: sh $share/setup.sh" >&2
    fi
fi
# The service reads all of it and writes nothing.
chgrp hookgate $folder $folder/hookgate.yaml
chmod 750 $folder
