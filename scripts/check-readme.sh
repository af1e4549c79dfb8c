#!/usr/bin/env bash
# Takes the C program out of README.md, compiles it as strictly as the examples, and runs it against a server: it must
# hear its own signal. The C++ program there must be c_examples/hello_cpp.cpp, which is tested with the others. The library and the server must have been built (make examples).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
readonly PATIENCE_S=20 MOST_LINES=20
build=$root/build/readme

if [ "${1-}" != run ]; then
    mkdir -p "$build"
    awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$root/README.md" >"$build/program.c"
    lines=$(wc -l <"$build/program.c")
    if [ "$lines" = 0 ] || [ "$lines" -gt "$MOST_LINES" ]; then
        echo "check-readme: the program in README.md has $lines lines, not 1 to $MOST_LINES" >&2
        exit 1
    fi
    awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md" >"$build/program.cpp"
    if ! diff "$root/c_examples/hello_cpp.cpp" "$build/program.cpp"; then
        echo "check-readme: the C++ program in README.md is not c_examples/hello_cpp.cpp" >&2
        exit 1
    fi
    for standard in c99 c11; do
        gcc -std=$standard -Wall -Wextra -pedantic -Werror -I "$root/include" "$build/program.c" -o "$build/program" \
            -L "$root/target/release" -lotc -Wl,-rpath,"$root/target/release"
    done
    exec "$root/scripts/with-server.sh" "$0" run
fi

# With a server.
server=$root/target/release/otc-server
session=$("$server" session)
token=$("$server" token --session "$session" --data readme)
directory=$(mktemp -d)
program=
cleanup() {
    if [ -n "$program" ] && kill "$program" 2>/dev/null; then wait "$program" || true; fi
    rm -rf "$directory"
}
trap cleanup EXIT
mkfifo "$directory/in" "$directory/out"
stdbuf -oL "$build/program" "$OTC_API_KEY" "$session" "$token" <"$directory/in" >"$directory/out" &
program=$!
exec 4>"$directory/in" 5<"$directory/out"
if ! read -r -t "$PATIENCE_S" -u 5 line; then
    echo "check-readme: the program says nothing" >&2
    exit 1
fi
expected='readme: hello'
if [ "$line" != "$expected" ]; then
    echo "check-readme: the program says '$line', not '$expected'" >&2
    exit 1
fi
# What a person does by pressing Enter.
echo >&4
wait "$program" || { echo "check-readme: the program ends with $?" >&2; exit 1; }
program=
echo "check-readme: the program compiles, and says: $line"
