#!/usr/bin/env bash
# Compares the stripped sizes of the built library with the recorded ones (abi/size.txt), or records them: check-size.sh [record]
#
# Growth of more than PERCENT fails, so that it is noticed when it happens, and is recorded on purpose: make size.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly PERCENT=5
record=abi/size.txt

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
if ! [ -e target/release/libotc.so ] || ! [ -e target/release/libotc.a ]; then
    echo "check-size: the library has not been built: make lib" >&2
    exit 1
fi
strip -o "$directory/libotc.so" target/release/libotc.so
strip --strip-debug -o "$directory/libotc.a" target/release/libotc.a

if [ "${1-}" = record ]; then
    {
        echo "# Bytes of the library, stripped; from $(rustc --version | cut -d ' ' -f 1,2), $(uname -m). Written by: make size"
        for file in libotc.so libotc.a; do echo "$file $(stat -c %s "$directory/$file")"; done
    } >"$record"
    cat "$record"
    exit 0
fi

bad=0
for file in libotc.so libotc.a; do
    now=$(stat -c %s "$directory/$file")
    before=$(sed -n "s/^$file //p" "$record")
    if [ -z "$before" ]; then
        echo "check-size: $record knows no $file: make size" >&2
        bad=1
    elif [ $((now * 100)) -gt $((before * (100 + PERCENT))) ]; then
        echo "check-size: $file has grown from $before to $now bytes, more than $PERCENT %. If it has to be: make size, and say why" >&2
        bad=1
    else
        echo "check-size: $file: $now bytes (recorded: $before)"
    fi
done
exit "$bad"
