#!/bin/sh
# SPDX-License-Identifier: MIT
# kith-sim, which is given, tells what it must when a world fails; so must its help, of
# what is in the folder of its sources, which is given too.
set -u
sim=$1 sources=$2 out=${TMPDIR:-/tmp}/out
small="--nodes 5 --minutes 1"
echo 1..6
count=0

# The verdict on what went before, and what was printed where it is bad.
tell() {
    verdict=$?
    count=$((count + 1))
    [ $verdict = 0 ] || { sed 's/^/# /' "$out"; printf 'not '; }
    echo "ok $count $1"
}

# It ended with exit code 1, and printed this line.
failed_with() {
    [ "$code" = 1 ] && grep -qxF -e "$1" "$out"
}

"$sim" --seed 7 $small --fail-at 17 >"$out"
code=$?
again=$(sed -n 's/^  \(.* --acts .*\)/\1/p' "$out")
grep -q '^seed 7: FAILED, ' "$out" &&
    grep -q '^  asked: act 17 was to fail$' "$out" &&
    grep -q '^  seed 7 fails with its first 17 acts of [2-9][0-9]; again with:$' "$out" &&
    failed_with "  $sim $small --fail-at 17 --seed 7 --acts 17 --trace"
tell a_seed_that_fails_is_named_with_its_shortest_prefix

$again >"$out"
code=$?
grep -q ' FAILED asked: act 17 was to fail$' "$out" &&
    failed_with "  $sim $small --fail-at 17 --trace --seed 7 --acts 17 --trace" &&
    $(echo "$again" | sed 's/--acts 17/--acts 16/') >/dev/null
tell what_is_printed_fails_again_and_with_one_act_less_does_not

missed=
for acts in 1 2 3 18 19 20 21 22 23; do
    "$sim" --seed 7 $small --fail-at $acts >"$out"
    code=$?
    failed_with "  $sim $small --fail-at $acts --seed 7 --acts $acts --trace" ||
        { missed=$acts && break; }
done
[ -z "$missed" ]
tell wherever_it_ends_it_is_found

"$sim" --seed 6 --seeds 3 --jobs 2 $small --fail-at 17 >"$out"
code=$?
for seed in 6 7 8; do
    echo "  $sim $small --fail-at 17 --seed $seed --acts 17 --trace"
done >"$out.wanted"
grep -q '^3 seeds from 6: 0 ok, 3 failed, in ' "$out" && [ "$code" = 1 ] &&
    sed -n '/ --acts /p' "$out" | sort | cmp -s - "$out.wanted"
tell of_many_seeds_each_that_fails_is_named

"$sim" --seed 7 $small --hang-at 3 --patience 1 >"$out"
code=$?
grep -q '^seed 7: FAILED, stood still and died of signal 14 after ' "$out" &&
    failed_with "  $sim $small --hang-at 3 --patience 1 --seed 7 --acts 3 --trace"
tell a_world_that_stands_still_has_failed

names() {
    sed -n 's/^    \.name = "\(.*\)",$/\1/p' "$@"
}
"$sim" --help >"$out"
missing=
for habit in $(names "$sources"/habit_*.c); do
    grep -q "^  --$habit  *[a-z].* ([0-9.]*)$" "$out" || missing="$missing $habit"
done
for checker in $(names "$sources"/checker_*.c); do
    grep -q "^  $checker  *[a-z]" "$out" || missing="$missing $checker"
done
for mark in '+ up' '> DIAL' '< UP' '\$ commit' '! message' 'x cut'; do
    grep -q "^  $mark" "$out" || missing="$missing $mark"
done
[ "$(names "$sources"/habit_*.c | wc -l)" -gt 10 ] &&
    [ "$(names "$sources"/checker_*.c | wc -l)" -gt 5 ] && [ -z "$missing" ]
tell help_names_every_habit_checker_and_mark_of_a_trace
