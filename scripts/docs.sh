#!/usr/bin/env bash
# The reference (from the headers in include) and the guide (docs/guide), as HTML in build/docs/html. Warnings are errors.
# Needs doxygen and python3 (Debian: apt-get install doxygen python3).
set -euo pipefail
cd "$(dirname "$0")/.."

OTC_VERSION=$(sed -n '/^version = /{ s/^version = "\(.*\)"$/\1/p; q }' Cargo.toml)
export OTC_VERSION
rm -rf build/docs/html
mkdir -p build/docs
doxygen docs/reference/Doxyfile
python3 -B docs/reference/links.py build/docs/html
echo "docs: build/docs/html/index.html"
