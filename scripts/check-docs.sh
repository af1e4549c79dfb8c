#!/usr/bin/env bash
# What the documents name is there: files that they link to, files that they name in backticks from the root on, and, in
# ARCHITECTURE.md, the bounds of protocol/src/limits.rs.
set -euo pipefail
cd "$(dirname "$0")/.."

bad=0
complain() {
    echo "$1: $2" >&2
    bad=1
}

# A document without its blocks of code.
prose() { awk '/^```/ { code = !code; next } !code' "$1"; }

for document in *.md docs/*.md docs/decisions/*.md docs/guide/*.md docs/server/*.md c_examples/*.md web_examples/*/*.md tests/interop/*.md; do
    folder=$(dirname "$document")
    while IFS= read -r target; do
        [ -e "$folder/$target" ] || complain "$document" "no such file: $target"
    done < <(prose "$document" | grep -oE '\]\([^)#: ]+' | cut -c 3- | grep -vE '^(https?|mailto)$')
    # What a build or a run makes need not be there yet.
    while IFS= read -r target; do
        if git check-ignore -q "$target"; then continue; fi
        [ -e "$target" ] || complain "$document" "no such file: $target"
    done < <(grep -oE '`(\.ci|bench|c_examples|docs|fuzz|include|protocol|scripts|server|simulation|src|tests|web_examples)/[A-Za-z0-9_./-]*`' "$document" | tr -d '`')
done
while IFS= read -r bound; do
    grep -q "^pub const $bound:" protocol/src/limits.rs || complain ARCHITECTURE.md "no such bound: $bound"
done < <(grep -oE '`[A-Z][A-Z_]+`' ARCHITECTURE.md | tr -d '`')
exit "$bad"
