#!/bin/sh
# Installs the binary with all that belongs to it.
# usage: install.sh DESTDIR PREFIX BINARY [UNITS ZSH]
#   UNITS and ZSH say where units and zsh's completions go, relative to DESTDIR.
#   CHECKOUTS, of the environment, is where the build has its packages (.build/checkouts).
set -eu
destdir=$1 prefix=$2 binary=$3
root=$destdir$prefix
units=$destdir${4:-$prefix/lib/systemd/system}
zsh=$destdir${5:-$prefix/share/zsh/site-functions}
share=$root/share
doc=$share/doc/hookgate

# First, because it may fail.
notice=$(sh scripts/notice.sh "${CHECKOUTS:-.build/checkouts}")

install -D -m 755 "$binary" "$root/bin/hookgate"

install -d "$share/bash-completion/completions" "$zsh" "$share/fish/vendor_completions.d"
# It is read, never run.
"$binary" --generate-completion-script bash | sed '1{/^#!/d;}' > "$share/bash-completion/completions/hookgate"
"$binary" --generate-completion-script zsh > "$zsh/_hookgate"
"$binary" --generate-completion-script fish > "$share/fish/vendor_completions.d/hookgate.fish"

install -D -m 644 packaging/man/hookgate.1 "$share/man/man1/hookgate.1"
install -D -m 644 packaging/man/hookgate.yaml.5 "$share/man/man5/hookgate.yaml.5"

install -d "$units"
for unit in hookgate.service hookgate.socket; do
    sed "s|/usr/bin/hookgate|$prefix/bin/hookgate|" "packaging/systemd/$unit" > "$units/$unit"
    chmod 644 "$units/$unit"
done
install -D -m 644 packaging/sysusers/hookgate.conf "$root/lib/sysusers.d/hookgate.conf"

install -d "$doc/docs/images" "$doc/docs/schemas" "$doc/docs/examples" "$share/hookgate/grafana" "$share/hookgate/prometheus"
install -m 644 README.md CHANGELOG.md config/hookgate.yaml "$doc/"
install -m 644 docs/*.md docs/openapi.json "$doc/docs/"
install -m 644 docs/images/* "$doc/docs/images/"
install -m 644 docs/schemas/*.json docs/schemas/README.md docs/schemas/check.py "$doc/docs/schemas/"
install -m 644 docs/examples/* "$doc/docs/examples/"
printf '%s\n' "$notice" > "$doc/NOTICE"
chmod 644 "$doc/NOTICE"
install -m 644 packaging/grafana/hookgate.json "$share/hookgate/grafana/"
install -m 644 packaging/prometheus/hookgate.rules.yml "$share/hookgate/prometheus/"
install -m 644 packaging/config/hookgate.yaml "$share/hookgate/"
install -m 755 packaging/setup.sh "$share/hookgate/"

[ -n "$destdir" ] || cat <<EOF
Installed $root/bin/hookgate with its manual pages, completions and systemd units. To run it as a service:
    systemd-sysusers && systemctl daemon-reload
    sh $share/hookgate/setup.sh       # /etc/hookgate: a configuration for this machine, a password, keys
    systemctl enable --now hookgate.socket hookgate.service
EOF
