#!/usr/bin/env bash
# What takes longer than `make test` may: panics of a library that is built for release, a soak of SOAK_S seconds, and the
# fuzz targets, SECONDS_EACH for each.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo test --release --locked -p otc --features faults --test faults
scripts/soak.sh
fuzz/run.sh "${SECONDS_EACH:-600}"
