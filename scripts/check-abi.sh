#!/usr/bin/env bash
# Compares the header's ABI with the recorded one, in abi/: check-abi.sh [HEADER] [RECORD]
#
# What programs were compiled with must not change: structs, parameters, numbers, functions that are there. What is added
# (a function, an enumerator) is welcome and has to be recorded: make abi.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
header=${1:-$root/include/otc.h}
record=${2:-$root/abi}

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$root/scripts/abi-anchor.sh" "$header" "$directory"

code=0
# Types that are only added are seen below.
abidiff --no-added-syms --no-show-locs "$record/otc.abi" "$directory/otc.abi" >"$directory/report" 2>&1 || code=$?
if [ "$code" != 0 ]; then
    cat "$directory/report"
    echo "check-abi: programs that were compiled with the recorded header would break (abidiff: $code)." >&2
    echo "Make the addition a new function instead. Only with a new soname (a new 0.N, or a new N) may the record follow: make abi" >&2
    exit 1
fi
if ! diff -u "$record/declarations.h" "$directory/declarations.h"; then
    echo "check-abi: the header has changed in a way that breaks no program. Record it: make abi" >&2
    exit 2
fi
echo "check-abi: the header's ABI is the recorded one"
