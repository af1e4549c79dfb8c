#!/usr/bin/env bash
# Everything that can be said of the sources without running them.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/test-features.sh

step() { printf '\n== %s\n' "$1"; }

step "formatting"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step "clippy"
cargo clippy --workspace --all-targets --locked "${test_features[@]}" -- -D warnings

step "documentation"
# For those who work on it, so private items are in it; and what src/ffi says is written for C's readers first.
RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links -A rustdoc::bare_urls" \
    cargo doc --workspace --no-deps --locked --document-private-items "${test_features[@]}"

step "the reference and the guide"
scripts/docs.sh

step "fuzz targets"
cargo check --manifest-path fuzz/Cargo.toml --locked --target-dir target

step "scripts"
shellcheck --severity=warning scripts/*.sh tests/abi/*.sh .ci/run fuzz/run.sh

step "what the documents name"
scripts/check-docs.sh
echo "lint: clean"
