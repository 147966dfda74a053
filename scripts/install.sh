#!/bin/sh
# Installs the binary, its shell completions and an example configuration.
# usage: install.sh DESTDIR PREFIX BINARY
set -eu
root=$1$2 binary=$3
install -D -m 755 "$binary" "$root/bin/hookgate"
install -d "$root/share/bash-completion/completions" "$root/share/zsh/site-functions" \
    "$root/share/fish/vendor_completions.d" "$root/share/doc/hookgate/schemas"
"$binary" --generate-completion-script bash > "$root/share/bash-completion/completions/hookgate"
"$binary" --generate-completion-script zsh > "$root/share/zsh/site-functions/_hookgate"
"$binary" --generate-completion-script fish > "$root/share/fish/vendor_completions.d/hookgate.fish"
install -m 644 config/hookgate.yaml README.md "$root/share/doc/hookgate/"
install -m 644 docs/schemas/* "$root/share/doc/hookgate/schemas/"
echo "Installed $root/bin/hookgate. An example configuration stands in $root/share/doc/hookgate/hookgate.yaml."
