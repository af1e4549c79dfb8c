#!/usr/bin/env bash
# Sees to what the project needs: setup.sh [demo|test]
#
# `demo` (build and run the examples) needs less than `test` (everything, the default). On Debian and its kin what is
# missing is installed with apt-get. Elsewhere, and for Rust, this says what is missing and ends with 1.
set -euo pipefail

readonly RUST=1.90   # the server's rust-version (server/Cargo.toml)
readonly NODE=20     # tests/interop/package.json
readonly PYTHON=3.11 # what tests/interop/python/requirements.txt names needs it
purpose=${1:-test}
# Where Debian has ip and nft; not everybody's PATH has it.
PATH=$PATH:/usr/sbin:/sbin
packages=()
missing=()

case $purpose in
    demo | test) ;;
    *) echo "usage: setup.sh [demo|test]" >&2; exit 2 ;;
esac

# need PACKAGE COMMAND...: any one of the commands will do.
need() {
    local package=$1 command
    shift
    for command in "$@"; do
        if command -v "$command" >/dev/null; then return; fi
    done
    missing+=("$1")
    if [[ " ${packages[*]-} " != *" $package "* ]]; then packages+=("$package"); fi
}

# Debian's python3 comes without what makes a virtual environment.
need_venv() {
    if python3 -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    missing+=("python3's venv")
    packages+=(python3-venv)
}

need build-essential gcc
need build-essential make
need build-essential g++
need cmake cmake
if [ "$purpose" = test ]; then
    need clang clang
    need clang clang++
    need abigail-tools abidiff
    need valgrind valgrind
    need python3 python3
    need doxygen doxygen
    need nodejs node
    need npm npm
    need libnss3-tools certutil
    need systemd systemd-analyze
    need shellcheck shellcheck
    need chromium chromium chromium-browser google-chrome
    need iproute2 ip
    need nftables nft
    need coturn turnserver
    need nginx-light nginx
    need_venv
fi

# The sanitizers' runtime is a package of its own, named after clang's version, which is known when clang is here.
need_runtime() {
    if [ -e "$(clang -print-runtime-dir)/libclang_rt.tsan-$(uname -m).a" ]; then return; fi
    missing+=("clang's ThreadSanitizer")
    packages+=("libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev")
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_missing() {
    if [ ${#missing[@]} = 0 ]; then return; fi
    echo "setup: missing: ${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        echo "setup: install these with your system's package manager, then run this again" >&2
        exit 1
    fi
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "setup: ask root for: apt-get install --no-install-recommends ${packages[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update
    as_root apt-get install -y --no-install-recommends "${packages[@]}"
    missing=() packages=()
}
install_missing
if [ "$purpose" = test ]; then
    need_runtime
    install_missing
fi

# What apt-get has no newer one of: all of it is said, then this ends.
lacking=0
lack() {
    echo "setup: missing: $1" >&2
    lacking=1
}
# newer MINIMUM FOUND: whether it is new enough.
newer() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

if ! command -v cargo >/dev/null; then
    lack "Rust $RUST or later (cargo). Get it from https://rustup.rs"
else
    found=$(rustc --version | cut -d ' ' -f 2)
    newer "$RUST" "$found" || lack "Rust $RUST or later; here is $found. Get it with: rustup update stable (https://rustup.rs)"
fi
if [ "$purpose" = test ]; then
    found=$(node --version | tr -d v)
    newer "$NODE" "$found" || lack "Node.js $NODE or later; here is $found. Get it from https://nodejs.org"
    found=$(python3 --version | cut -d ' ' -f 2)
    newer "$PYTHON" "$found" || lack "Python $PYTHON or later; here is $found. Get it from your system or https://www.python.org"
fi
if [ "$lacking" = 1 ]; then exit 1; fi
echo "setup: everything for '$purpose' is here"
