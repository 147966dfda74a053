#!/bin/sh
# Builds hookgate_VERSION_ARCHITECTURE.deb from the release binary, with dpkg's own tools.
# DEBFULLNAME and DEBEMAIL say who answers for the package, as Debian's own tools have it.
# usage: deb.sh BINARY [VERSION]
set -eu
binary=$1
for tool in dpkg-deb dpkg-shlibdeps strip xz; do
    command -v $tool > /dev/null || {
        echo "$tool is missing: apt-get install dpkg-dev binutils xz-utils" >&2
        exit 1
    }
done
version=${2:-$(sed -n 's/.*number = "\(.*\)"$/\1/p' Sources/Gateway/Commands/ProgramVersion.swift)}
architecture=$(dpkg --print-architecture)
MAINTAINER="${DEBFULLNAME:-Nobody so far} <${DEBEMAIL:-unset@hookgate.invalid}>"
export MAINTAINER
[ -n "${DEBFULLNAME:-}" ] && [ -n "${DEBEMAIL:-}" ] ||
    echo "Nobody answers for this package: set DEBFULLNAME and DEBEMAIL before you hand it out." >&2
work=.build-deb/package
root=$work/root
rm -rf $work
mkdir -p $root/DEBIAN
umask 022

# The runtime's symbols are two thirds of the binary; what a report of a crash needs stays.
cp "$binary" $work/hookgate
strip --strip-unneeded $work/hookgate
sh scripts/install.sh $root /usr $work/hookgate /lib/systemd/system /usr/share/zsh/vendor-completions
rm -r $root/usr/lib # adduser makes the user

# The configuration is the operator's: dpkg asks before it replaces a changed one.
install -d -m 750 $root/etc/hookgate
install -m 644 packaging/config/hookgate.yaml $root/etc/hookgate/hookgate.yaml
rm $root/usr/share/doc/hookgate/hookgate.yaml # the one for development
echo /etc/hookgate/hookgate.yaml > $root/DEBIAN/conffiles

gzip -9n $root/usr/share/man/man?/*
python3 scripts/debian-changelog.py "$version" CHANGELOG.md | gzip -9nc > $root/usr/share/doc/hookgate/changelog.gz
rm $root/usr/share/doc/hookgate/CHANGELOG.md
install -m 644 packaging/debian/copyright $root/usr/share/doc/hookgate/copyright
install -D -m 644 packaging/debian/lintian-overrides $root/usr/share/lintian/overrides/hookgate
for script in postinst prerm postrm; do install -m 755 packaging/debian/$script $root/DEBIAN/$script; done

# What the binary is linked with, as packages and versions.
mkdir -p $work/debian
printf 'Source: hookgate\n\nPackage: hookgate\nArchitecture: any\n' > $work/debian/control
depends=$(cd $work && dpkg-shlibdeps -O --warnings=0 root/usr/bin/hookgate | sed -n 's/^shlibs:Depends=//p')

cat > $root/DEBIAN/control <<EOF
Package: hookgate
Version: $version
Architecture: $architecture
Maintainer: $MAINTAINER
Installed-Size: $(du -k -s --exclude=DEBIAN $root | cut -f1)
Depends: $depends, adduser
Recommends: ca-certificates
Suggests: prometheus, sqlite3
Section: non-free/net
Priority: optional
Description: gateway that takes webhooks over HTTPS and forwards JSON events
 Hookgate terminates TLS with your certificate, lets in only who knows a
 password, checks what arrives, stores it durably and hands clean JSON events
 to HTTP backends that must never face the internet, in the order of each
 call, until one has taken them.
 .
 Its first provider is sipgate.io, whose Push API posts telephone calls and
 lets the reply steer them.
EOF
(cd $root && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\n' | LC_ALL=C sort | xargs md5sum) > $work/md5sums
mv $work/md5sums $root/DEBIAN/md5sums

package=hookgate_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build $root "$package" > /dev/null
rm -rf $work
if command -v lintian > /dev/null; then lintian --allow-root --fail-on error,warning "$package"; fi
echo "$package: $(du -h "$package" | cut -f1), needs $depends"
