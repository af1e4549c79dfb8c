#!/usr/bin/env bash
# Describes the ABI of a header: abi-anchor.sh HEADER OUT_DIRECTORY
#
# Writes OUT_DIRECTORY/otc.abi, what abidw reads from an object that points to every function and has a variable of every
# struct and enum; and OUT_DIRECTORY/declarations.h, the header without its comments and its version. The library itself
# would not do: from Rust's debug information abidw reads no parameters.
set -euo pipefail
header=$(realpath "$1")
out=$2
mkdir -p "$out"

gcc -fpreprocessed -dD -E -P -x c "$header" | grep -v '^#define OTC_VERSION' >"$out/declarations.h"

declared=$(tr '\n' ' ' <"$out/declarations.h")
functions() { grep -oE '\<otc_[a-z0-9_]+\(' <<<"$declared" | tr -d '(' | sort -u; }
# types KIND: the tags of those that have a body.
types() { grep -oE "\<$1 otc_[a-z0-9_]+ \{" <<<"$declared" | cut -d ' ' -f 2 | sort -u; }

{
    printf '#include "%s"\n' "$header"
    for name in $(functions); do printf '__typeof__(%s) *const abi_%s = %s;\n' "$name" "$name" "$name"; done
    for kind in enum struct; do
        for name in $(types "$kind"); do printf '%s %s abi_%s_%s;\n' "$kind" "$name" "$kind" "$name"; done
    done
} >"$out/anchor.c"
if [ "$(grep -c '^__typeof__' "$out/anchor.c")" -lt 10 ]; then
    echo "abi-anchor: no functions found in $header" >&2
    exit 1
fi
# DWARF 4, because the tools of Debian 12 read no newer one.
gcc -std=c99 -g -gdwarf-4 -O0 -fPIC -shared -Wl,-soname,libotc-abi.so -o "$out/libotc-abi.so" "$out/anchor.c"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$out/otc.abi" "$out/libotc-abi.so"
