#!/bin/sh
# Tries the package in a bare Debian 12: install, serve, upgrade, remove, purge. As root, with debootstrap.
# The bare system is kept in .build-deb/base; mounts and processes are in namespaces of their own and end with them.
set -eu
cd "$(dirname "$0")/.."
here=$PWD/.build-deb
tree=$here/tree
mirror=${MIRROR:-http://deb.debian.org/debian}
version=$(sed -n 's/.*number = "\(.*\)"$/\1/p' Sources/Gateway/Commands/ProgramVersion.swift)
package=hookgate_${version}_$(dpkg --print-architecture).deb

say() { printf '%s\n' "deb-test: $*"; }
fail() { say "FAILED: $*"; exit 1; }

[ "$(id -u)" = 0 ] || fail "this needs root: chroot and mounts"
for tool in debootstrap unshare setpriv ip; do
    command -v $tool > /dev/null || fail "$tool is missing: apt-get install debootstrap util-linux iproute2"
done

# Stage two: inside namespaces, with the network of the first part gone.
if [ "${1:-}" = inside ]; then
    in_tree() { chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
    as_service() { in_tree setpriv --reuid hookgate --regid hookgate --clear-groups --no-new-privs "$@"; }
    mount -t proc proc "$tree/proc"
    mount --bind /dev "$tree/dev"
    ip link set lo up

    serve() { # LOG: starts the gateway as the unit would, and waits until it is ready
        # The job becomes the program, so that a signal reaches it.
        (exec chroot "$tree" env -i PATH=/usr/bin setpriv --reuid hookgate --regid hookgate --clear-groups \
            --no-new-privs hookgate run --config /etc/hookgate/hookgate.yaml) > "$1" 2>&1 &
        gateway=$!
        tries=0
        until as_service hookgate health > /dev/null 2>&1; do
            tries=$((tries + 1))
            [ $tries -lt 150 ] && kill -0 $gateway 2> /dev/null || { cat "$1"; fail "the gateway is not ready"; }
            sleep 0.2
        done
    }
    end() {
        kill $gateway
        wait $gateway || fail "the gateway ended with $?"
    }

    say "what is installed"
    in_tree hookgate --version
    in_tree ldd /usr/bin/hookgate | grep "not found" && fail "libraries are missing"
    in_tree ldd /usr/bin/hookgate | sed -n 's/^\t\([^ ]*\).*/\1/p' | tr '\n' ' '; echo
    [ "$(in_tree stat -c '%a %U' /var/lib/hookgate)" = "700 hookgate" ] || fail "/var/lib/hookgate is open"
    [ "$(in_tree stat -c '%a %G' /etc/hookgate/password)" = "640 hookgate" ] || fail "the password is open"
    in_tree id hookgate
    for file in /lib/systemd/system/hookgate.service /lib/systemd/system/hookgate.socket \
        /usr/share/man/man1/hookgate.1.gz /usr/share/man/man5/hookgate.yaml.5.gz \
        /usr/share/bash-completion/completions/hookgate; do
        [ -s "$tree$file" ] || fail "$file is missing"
    done
    as_service hookgate check --config /etc/hookgate/hookgate.yaml 2>&1 > "$here/check.log" | tee "$here/warnings.log"
    grep -q 'can be used' "$here/check.log" && [ ! -s "$here/warnings.log" ] || fail "the package's configuration is wrong"

    say "a gateway as it comes"
    (exec chroot "$tree" hookgate backend --listen 127.0.0.1:9000) > "$here/backend.log" 2>&1 &
    backend=$!
    serve "$here/gateway.log"
    in_tree sh -c 'hookgate simulate answered --ca /etc/hookgate/tls/ca.pem --user sipgate \
        --password-file /etc/hookgate/password --url https://localhost:8443/hooks/sipgate' > "$here/call.log" 2>&1 ||
        { cat "$here/call.log" "$here/gateway.log"; fail "the call was not served"; }
    tries=0
    until as_service hookgate events audit --json --journal /var/lib/hookgate/journal.sqlite > "$here/audit.log" &&
        grep -q '"pending":0,' "$here/audit.log"; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || { cat "$here/audit.log"; fail "not everything was delivered"; }
        sleep 0.2
    done
    cat "$here/audit.log"
    [ "$(grep -c 'io.sipgate.call' "$here/backend.log")" -ge 3 ] || { cat "$here/backend.log"; fail "no events arrived"; }
    end

    say "an upgrade, after the configuration was edited here and in the package"
    cp "$tree/etc/hookgate/password" "$here/password"
    echo '# edited here' >> "$tree/etc/hookgate/hookgate.yaml"
    in_tree env DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold -i /upgrade.deb > "$here/upgrade.log" 2>&1 ||
        { cat "$here/upgrade.log"; fail "the upgrade"; }
    grep -q '# edited here' "$tree/etc/hookgate/hookgate.yaml" || fail "the edited configuration was replaced"
    grep -q '# of the next version' "$tree/etc/hookgate/hookgate.yaml.dpkg-dist" || fail "the new one is not beside it"
    cmp "$here/password" "$tree/etc/hookgate/password" || fail "the password changed"
    serve "$here/gateway.log"
    end

    say "removed, then purged"
    in_tree dpkg --remove hookgate > /dev/null
    [ ! -e "$tree/usr/bin/hookgate" ] && [ -e "$tree/var/lib/hookgate/journal.sqlite" ] &&
        [ -e "$tree/etc/hookgate/hookgate.yaml" ] || fail "removing took what it must not"
    in_tree dpkg --purge hookgate > /dev/null 2>&1
    for left in /var/lib/hookgate /etc/hookgate /usr/share/hookgate /usr/share/doc/hookgate; do
        [ ! -e "$tree$left" ] || fail "$left is left: $(ls -a "$tree$left")"
    done
    in_tree getent passwd hookgate && fail "the user is left"
    kill $backend
    say "as it should be"
    exit 0
fi

if [ ! -e "$here/base/etc/debian_version" ]; then
    say "fetching a bare Debian 12"
    rm -rf "$here/base.new"
    mkdir -p "$here"
    debootstrap --variant=minbase bookworm "$here/base.new" "$mirror" > "$here/debootstrap.log" 2>&1 ||
        { tail "$here/debootstrap.log"; fail "debootstrap"; }
    mv "$here/base.new" "$here/base"
fi
trap 'rm -rf "$tree"' EXIT
rm -rf "$tree"
cp -a "$here/base" "$tree"
cp /etc/resolv.conf "$tree/etc/resolv.conf"
echo '127.0.0.1 localhost' > "$tree/etc/hosts"
cp "$package" "$tree/package.deb"

# The next version: another number, and another configuration.
rm -rf "$here/next"
dpkg-deb --raw-extract "$package" "$here/next"
sed -i "s/^Version: .*/Version: $version+next/" "$here/next/DEBIAN/control"
echo '# of the next version' >> "$here/next/etc/hookgate/hookgate.yaml"
dpkg-deb --root-owner-group -Znone --build "$here/next" "$tree/upgrade.deb" > /dev/null
rm -rf "$here/next"

say "installing $package with what it depends on"
timeout 300 unshare --mount --pid --fork --kill-child sh -c "mount -t proc proc '$tree/proc' && exec chroot '$tree' \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive sh -c \
    'apt-get update -qq && apt-get install -y -qq --no-install-recommends /package.deb'" > "$here/install.log" 2>&1 ||
    { tail -20 "$here/install.log"; fail "apt-get install"; }
grep -i hookgate "$here/install.log" | tail -3
timeout 300 unshare --mount --net --pid --fork --kill-child sh "$0" inside
