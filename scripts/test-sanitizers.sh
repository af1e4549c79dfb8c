#!/usr/bin/env bash
# The C tests and the example programs under sanitizers: test-sanitizers.sh [asan|tsan|valgrind]...
#
#   asan      AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer over the library as it is shipped
#   tsan      ThreadSanitizer over a library that is built for it, with the stable toolchain
#   valgrind  memcheck over the library as it is shipped; without the tests that take the longest or count threads
#
# Before each, a planted bug of every kind that it is there for has to be found: a sanitizer that is not linked in, or does
# not see the library's memory and threads, is found out. ROUNDS: calls of each thread of the random test.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
rounds=${ROUNDS:-2000}
target=$(rustc -vV | sed -n 's/^host: //p')
system_libraries=(-lgcc_s -lutil -lrt -lpthread -lm -ldl)

SECONDS=0
step() { printf '\n== %s (%d s so far)\n' "$1" "$SECONDS"; }

# planted WORD BUG COMMAND...: the command ends badly and says the word. WORD is what the sanitizer calls the bug.
planted() {
    local word=$1 bug=$2 said code=0
    shift 2
    said=$("$@" 2>&1) || code=$?
    if [ "$code" = 0 ] || [ "$code" = 77 ] || ! grep -q "$word" <<<"$said"; then
        printf '%s\n' "$said" | tail -n 20 >&2
        echo "test-sanitizers: the planted bug $bug was not found (exit code $code, no '$word')" >&2
        exit 1
    fi
    echo "found as planted: $bug ($word)"
}
# plant BUILD LIBRARY COMPILER FLAGS...: builds the planted bugs in BUILD/planted.
plant() {
    local build=$1 library=$2 source
    shift 2
    mkdir -p "$build/planted"
    for source in tests/c/planted/*.c; do
        "$@" -Iinclude -o "$build/planted/$(basename "$source" .c)" "$source" "$library" "${system_libraries[@]}"
    done
}

# build BUILD LIBRARY FLAGS COMPILER [CMAKE_OPTION...]: the programs, each once, in C.
build() {
    local build=$1 library=$2 flags=$3 compiler=$4
    shift 4
    cmake -S c_examples -B "$build" --log-level=WARNING -DOTC_LIBRARY="$library" -DOTC_AS_CXX=OFF -DCMAKE_C_COMPILER="$compiler" \
        -DCMAKE_C_FLAGS="$flags" "$@" >/dev/null
    cmake --build "$build" -j 2 | grep -v 'Built target\|Building\|Linking' || true
    cmake --build "$build" >/dev/null
}
run() {
    local build=$1
    shift
    OTC_TEST_ROUNDS=$rounds ctest --test-dir "$build" --output-on-failure -j 4 --quiet --output-log "$build/ctest.log" "$@" ||
        { sed -n '/\*\*\*/,$p' "$build/ctest.log"; exit 1; }
    grep -E 'tests passed|Total Test' "$build/ctest.log"
}

asan() {
    local build=$root/build/asan library=$root/target/release/libotc.a
    local flags="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
    step "AddressSanitizer, UndefinedBehaviorSanitizer"
    # shellcheck disable=SC2086 # the flags are words
    plant "$build" "$library" gcc $flags
    planted heap-use-after-free use_after_free "$build/planted/use_after_free"
    planted LeakSanitizer leak "$build/planted/leak"
    planted 'runtime error: signed integer overflow' undefined "$build/planted/undefined"
    build "$build" "$library" "$flags" gcc -DOTC_TEST_PATIENCE=3
    run "$build" -LE header
}

# rust_name LIBRARY MODULE FUNCTION: the one symbol of the standard library's that is named so.
rust_name() {
    local found
    found=$(nm "$1" 2>/dev/null | grep -oE "_R[A-Za-z0-9_]*3std3sys4sync$2[A-Za-z0-9_]*$3$" | sort -u)
    if [ "$(wc -l <<<"$found")" != 1 ] || [ -z "$found" ]; then
        echo "test-sanitizers: the standard library of $(rustc --version) has not one $3 but: ${found:-none}; see tests/c/support/tsan_rust.c" >&2
        exit 1
    fi
    printf '%s' "$found"
}

tsan() {
    local build=$root/build/tsan library=$root/target/tsan/$target/release/libotc.a
    local flags="-g -O1 -fno-omit-frame-pointer -fsanitize=thread"
    export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
    step "ThreadSanitizer: the library"
    # Without instrumentation of the library every lock of it would look like none. LTO adds minutes and finds nothing.
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
        CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO=off \
        cargo rustc --quiet --release --locked --lib --crate-type staticlib --target "$target" --target-dir target/tsan
    step "ThreadSanitizer"
    mkdir -p "$build"
    local lock wait wait_timeout
    lock=$(rust_name "$library" 5mutex5futex '5Mutex14lock_contended')
    wait=$(rust_name "$library" 7condvar5futex '7Condvar4wait')
    wait_timeout=$(rust_name "$library" 7condvar5futex '7Condvar12wait_timeout')
    local wrap="-Wl,--wrap=__tsan_atomic64_fetch_sub,--wrap=$lock,--wrap=$wait,--wrap=$wait_timeout"
    clang -O2 -fno-builtin "-DLOCK=\"$lock\"" "-DWAIT=\"$wait\"" "-DWAIT_TIMEOUT=\"$wait_timeout\"" \
        -c -o "$build/tsan_rust.o" tests/c/support/tsan_rust.c
    # The library once more, because both need each other.
    local system_libraries=("$build/tsan_rust.o" "$library" "${system_libraries[@]}")
    # shellcheck disable=SC2086
    plant "$build" "$library" clang $flags "$wrap"
    planted 'data race' race "$build/planted/race"
    build "$build" "$library" "$flags" clang -DOTC_TEST_PATIENCE=5 -DCMAKE_EXE_LINKER_FLAGS="$wrap" \
        -DOTC_BESIDE_LIBRARY="$build/tsan_rust.o;$library"
    # That one has a pthread_create() of its own, behind which ThreadSanitizer does not see threads begin.
    run "$build" -LE header -E '^c_too_few_threads$'
}

valgrind_() {
    local build=$root/build/valgrind library=$root/target/release/libotc.so
    local wrapper="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --fair-sched=yes"
    step "valgrind"
    plant "$build" "$library" gcc -g -O1 -Wl,-rpath,"$root/target/release"
    # shellcheck disable=SC2086
    planted 'Invalid read' use_after_free $wrapper "$build/planted/use_after_free"
    # shellcheck disable=SC2086
    planted 'definitely lost' leak $wrapper "$build/planted/leak"
    build "$build" "$library" "-g -O1" gcc -DOTC_TEST_PATIENCE=10 -DOTC_TEST_WRAPPER="$wrapper"
    # Left out: what has a thousand sessions or waits for seconds of the clock, what starts children of its own (here they
    # would be valgrind) or forks, and the examples that are driven as people drive them. All run under the other two.
    rounds=$((rounds / 10)) run "$build" -L api -E 'thread_count|blocked_callback|exit_while_connected|leave_at_exit|fork_child'
}

wanted=("$@")
if [ ${#wanted[@]} = 0 ]; then wanted=(asan tsan valgrind); fi
step "the library and the server"
scripts/build-lib.sh >/dev/null
cargo build --release --locked -p otc-server
for sanitizer in "${wanted[@]}"; do
    case $sanitizer in
        asan | tsan) "$sanitizer" ;;
        valgrind) valgrind_ ;;
        *) echo "usage: test-sanitizers.sh [asan|tsan|valgrind]..." >&2; exit 2 ;;
    esac
done
printf '\ntest-sanitizers: nothing found in %d s\n' "$SECONDS"
