#!/usr/bin/env bash
# Builds the library as it is shipped, and the links beside it: the soname, which programs look for when they start, and
# libopentok.so, which programs for the vendor's SDK link. c_examples/CMakeLists.txt does the same.
set -euo pipefail
cd "$(dirname "$0")/.."

# Without the rlib, which would turn LTO off.
cargo rustc --release --locked --lib --crate-type cdylib,staticlib --target-dir target

cd target/release
if [ -e libotc.so ]; then
    soname=$(readelf -d libotc.so | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
    for link in "$soname" libopentok.so; do
        # Left alone when right: a program that starts meanwhile must not miss it.
        if [ "$(readlink "$link" || true)" != libotc.so ]; then ln -sf libotc.so "$link"; fi
    done
    ls -l libotc.so "$soname" libopentok.so libotc.a
fi
