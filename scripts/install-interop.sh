#!/usr/bin/env bash
# Gets what tests/interop drives: the published JavaScript client and server SDKs, as their makers publish them, in the
# versions that tests/interop/package-lock.json and tests/interop/python/requirements.txt name. What is there already stays.
set -euo pipefail
cd "$(dirname "$0")/../tests/interop"

if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then npm ci --no-audit --no-fund; fi

python=python/.venv
if ! [ $python/complete -nt python/requirements.txt ]; then
    rm -rf $python
    python3 -m venv $python
    # The file names everything, also what is needed by what is needed: pip need not look for more.
    $python/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement python/requirements.txt
    $python/bin/pip check --disable-pip-version-check
    touch $python/complete
fi
