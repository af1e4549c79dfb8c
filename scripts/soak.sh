#!/usr/bin/env bash
# Clients, server and a network that fails, for SOAK_S seconds (1800): on virtual time on one core, and on real sockets
# beside it. SOAK_SEED is the first seed; both print how to repeat what they find.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SOAK_S:-1800}
seed=${SOAK_SEED:-$(date +%s)}

cargo build --release --locked -p otc-server -p otc-simulation -p otc-reliability

pids=()
end() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; }
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A second of the clock's time has more seeds than this only on machines that are not there yet.
target/release/otc-simulation --seconds "$seconds" --first-seed "$((seed * 10000))" &
pids+=($!)
target/release/otc-reliability soak --seconds "$seconds" --seed "$seed" &
pids+=($!)

failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
pids=()
[ "$failed" = 0 ] && echo "soak: nothing wrong in $seconds s"
exit "$failed"
