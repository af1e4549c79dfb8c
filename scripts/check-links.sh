#!/usr/bin/env bash
# Every file that a document links to, or names in backticks with a folder before it, is there.
set -euo pipefail
cd "$(dirname "$0")/.."

bad=0
complain() {
    echo "$1: no such file: $2" >&2
    bad=1
}

for document in *.md docs/decisions/*.md c_examples/*.md; do
    folder=$(dirname "$document")
    while IFS= read -r target; do
        [ -e "$folder/$target" ] || complain "$document" "$target"
    done < <(grep -oE '\]\([^)#: ]+' "$document" | cut -c 3-)
    # From the root, as commands are typed there; what a build makes need not be there yet.
    while IFS= read -r target; do
        case $target in target/* | build/* | fuzz/artifacts/* | fuzz/corpus/*) continue ;; esac
        [ -e "$target" ] || complain "$document" "$target"
    done < <(grep -oE '`(\.ci|bench|c_examples|docs|fuzz|include|protocol|scripts|server|src|tests)/[A-Za-z0-9_./-]*`' "$document" | tr -d '`')
done
exit "$bad"
