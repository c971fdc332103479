#!/bin/sh
# SPDX-License-Identifier: MIT
# Random worlds by the hundred, by the release build of kith-sim, which is given: with
# sanitizers they would take ten times as long (seeds.c runs some of those).
set -u
verdicts=${TMPDIR:-/tmp}/verdicts
echo 1..1
if [ ! -x "$1" ]; then
    echo "ok 1 no_seed_of_many_breaks_a_claim # SKIP no release build: make build"
    exit 0
fi
if [ "${KITH_SOAK:-}" ]; then
    set -- "$1" --seeds 10000 --minutes 10
else
    set -- "$1" --seeds 100 --minutes 5
fi
if "$@" --jobs 2 >"$verdicts"; then
    tail -n 1 "$verdicts" | sed 's/^/# /'
    echo "ok 1 no_seed_of_many_breaks_a_claim"
else
    grep -v '^seed [0-9]*: ok' "$verdicts" | sed 's/^/# /'
    echo "not ok 1 no_seed_of_many_breaks_a_claim"
fi
