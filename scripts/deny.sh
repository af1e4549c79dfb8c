#!/usr/bin/env bash
# Checks the dependencies against deny.toml. Installs cargo-deny when it is not here: some minutes, once.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo deny --version >/dev/null 2>&1; then
    echo "deny: installing cargo-deny"
    cargo install cargo-deny --version 0.20.2 --locked
fi
# The fuzz targets are a workspace of their own, which needs less than the rules allow.
for manifest in Cargo.toml fuzz/Cargo.toml; do
    echo "deny: $manifest"
    cargo deny --manifest-path "$manifest" --locked --config "$PWD/deny.toml" check --hide-inclusion-graph \
        --allow unused-wrapper --allow license-exception-not-encountered licenses bans sources
done
