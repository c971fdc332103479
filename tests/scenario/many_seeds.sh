#!/bin/sh
# SPDX-License-Identifier: MIT
# Random worlds by the hundred, by the release build of kith-sim, which is given: with
# sanitizers they would take ten times as long (seeds.c runs some of those).
set -u
sim=$1 verdicts=${TMPDIR:-/tmp}/verdicts
first="1 no_seed_of_many_breaks_a_claim"
second="2 all_that_can_befall_them_did"
third="3 no_seed_breaks_a_claim_with_real_keys"
echo 1..3
if [ ! -x "$sim" ]; then
    for case in "$first" "$second" "$third"; do
        echo "ok $case # SKIP no release build: make build"
    done
    exit 0
fi
if [ "${KITH_SOAK:-}" ]; then
    many=10000 some=100
else
    many=100 some=10
fi

# The case, and options.
run() {
    case=$1
    shift
    if "$sim" "$@" --jobs 2 >"$verdicts"; then
        tail -n 3 "$verdicts" | sed 's/^/# /'
        echo "ok $case"
    else
        grep -v '^seed [0-9]*: ok' "$verdicts" | sed 's/^/# /'
        echo "not ok $case"
    fi
}

run "$first" --seeds $many --minutes 10
if [ "$(grep -c '^done: \|^seen: ' "$verdicts")" = 2 ] &&
    ! grep -q '^\(done\|seen\): .* 0\( \|$\)' "$verdicts"; then
    echo "ok $second"
else
    echo "not ok $second"
fi
run "$third" --seeds $some --minutes 5 --real-crypto on
