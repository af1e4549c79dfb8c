# shellcheck shell=bash
# Sourced by what lints and tests the workspace: with what only tests have (faults and bugs on demand), and without the
# server's allocator, which takes minutes of C to build. What ships is built without any of this.
# shellcheck disable=SC2034 # used by whoever sources this
test_features=(--no-default-features --features otc/faults --features otc-simulation/planted)
