#!/usr/bin/env bash
# Tries every fault and attack on real sockets, measures how long things take, and writes the tables into docs/reliability.md:
# reliability.sh [OPTION of otc-reliability...]
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked -p otc-server -p otc-reliability
failed=0
target/release/otc-reliability table --into docs/reliability.md "$@" || failed=1
target/release/otc-reliability hostile --into docs/reliability.md "$@" || failed=1
target/release/otc-reliability bench --into docs/reliability.md "$@" || failed=1
exit "$failed"
