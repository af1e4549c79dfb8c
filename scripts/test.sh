#!/usr/bin/env bash
# Every test: Rust, C, this project's documents, a real browser, and the server SDKs that applications use. `make setup` installs what they need.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
build=$root/build/c_examples

SECONDS=0
step() { printf '\n== %s (%d s so far)\n' "$1" "$SECONDS"; }

source scripts/test-features.sh

# Where networks of the kernel's own can be made (root with CAP_NET_ADMIN and CAP_SYS_ADMIN, ip, nft), every row of the
# table has to be tried.
capabilities=$((16#$(awk '/^CapEff/ { print $2 }' /proc/self/status)))
if [ "$(id -u)" = 0 ] && ((capabilities >> 12 & 1)) && ((capabilities >> 21 & 1)) &&
    PATH=$PATH:/usr/sbin:/sbin command -v ip > /dev/null && PATH=$PATH:/usr/sbin:/sbin command -v nft > /dev/null; then
    export OTC_REQUIRE_ALL_ROWS=1
fi

step "Rust"
# Two halves at a time, by the names of the test files: many of them wait more than they work. The table of faults has
# processes and a clock of its own, and comes alone.
tests=(cargo test --workspace --locked "${test_features[@]}")
"${tests[@]}" --no-run
half=$(mktemp)
trap 'rm -f "$half"' EXIT
{ "${tests[@]}" --lib --bins --test '[!r-z]*' && "${tests[@]}" --doc; } > "$half" 2>&1 &
first=$!
second=0
"${tests[@]}" --test '[rsu-z]*' --test 't[!a]*' || second=$?
wait "$first" || { cat "$half"; exit 1; }
cat "$half"
if [ "$second" != 0 ]; then exit "$second"; fi
"${tests[@]}" --test table

step "the library, the server and the C programs"
cmake -S c_examples -B "$build" -DOTC_REQUIRE_ALL_CHECKS=ON --log-level=WARNING
cmake --build "$build"

step "its size"
scripts/check-size.sh

step "a panic of the shipped library's own unwinds"
# tests/faults.rs shows what becomes of it; a library that was built to abort would not need this function.
# (The list is read whole before it is searched: `grep -q` at the end of a pipe ends nm with SIGPIPE at its first hit.)
needed=$(nm -D --undefined-only target/release/libotc.so)
grep -q _Unwind_RaiseException <<<"$needed"

step "the memory of the shipped server"
OTC_SERVER=$root/target/release/otc-server \
    cargo test --workspace --locked "${test_features[@]}" --test memory -- --ignored --nocapture

step "C"
ctest --test-dir "$build" --output-on-failure -j 4

step "the program in README.md"
scripts/check-readme.sh

step "a real browser, and the published server SDKs"
scripts/install-interop.sh
cd tests/interop
OTC_CLI=$build/otc_cli OTC_SERVER=$root/target/release/otc-server node --test --test-concurrency=2

printf '\nmake test: all passed in %d s\n' "$SECONDS"
