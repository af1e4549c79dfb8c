#!/usr/bin/env bash
# Records the header's ABI in abi/, having said what changes.
set -euo pipefail
cd "$(dirname "$0")/.."
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
scripts/abi-anchor.sh include/otc.h "$directory"
if [ -e abi/otc.abi ]; then
    abidiff --no-show-locs abi/otc.abi "$directory/otc.abi" || echo "record-abi: see above: read it before you commit" >&2
fi
sed -i "s|$directory/||" "$directory/otc.abi"
mkdir -p abi
cp "$directory/otc.abi" "$directory/declarations.h" abi/
