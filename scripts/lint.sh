#!/usr/bin/env bash
# Everything that can be said of the sources without running them.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$1"; }

step "formatting"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step "clippy"
cargo clippy --workspace --all-targets --locked -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items

step "fuzz targets"
cargo check --manifest-path fuzz/Cargo.toml --locked --target-dir fuzz/target

step "scripts"
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
sh -n fuzz/run.sh
if command -v shellcheck >/dev/null; then
    shellcheck scripts/*.sh .ci/run fuzz/run.sh
else
    echo "shellcheck is not here: the scripts' syntax was checked, nothing more (Debian: apt-get install shellcheck)"
fi

step "what the documents name"
scripts/check-docs.sh
echo "lint: clean"
