#!/bin/sh
# Builds the fuzz targets and runs them, one after the other: run.sh [seconds for each = 60] [target...]
# Needs the stable toolchain and a C++ compiler. Ends with 1 at the first finding, whose input is under artifacts/.
set -eu
cd "$(dirname "$0")"

seconds=60
case "${1-}" in
    '' | *[!0-9]*) ;;
    *) seconds=$1; shift ;;
esac
if [ $# -eq 0 ]; then
    set -- frame envelope message session_info session_id token client_conversation server_conversation
fi

host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage and AddressSanitizer are options of nightly; the bootstrap variable lets the stable compiler take them.
# With --target they reach the targets and not the build scripts.
RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address --cfg fuzzing" \
    cargo build --release --locked --target "$host" --target-dir target

for target in "$@"; do
    if [ ! -d "seeds/$target" ]; then
        echo "run.sh: no target named $target; there are: $(ls seeds | tr '\n' ' ')" >&2
        exit 2
    fi
    echo "== $target, $seconds s"
    mkdir -p "corpus/$target" "artifacts/$target"
    # A frame of a client holds at most 128 KiB (protocol/src/limits.rs); short inputs are where the faults are. The
    # memory is that of AddressSanitizer's quarantine and of the corpus, too.
    if ! "target/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
        -use_value_profile=1 -print_final_stats=1 -dict=words.dict -artifact_prefix="artifacts/$target/" \
        "corpus/$target" "seeds/$target" >"artifacts/$target.log" 2>&1; then
        grep -a -A 40 -E 'panicked at|^==[0-9]+==' "artifacts/$target.log" | head -n 80 >&2
        echo "run.sh: $target has a finding; repeat it with: fuzz/target/$host/release/$target fuzz/artifacts/$target/FILE" >&2
        exit 1
    fi
    grep -E 'DONE|Done|stat::number_of_executed_units|stat::peak_rss_mb' "artifacts/$target.log"
done
echo "no finding"
