/* SPDX-License-Identifier: MIT */
/* A tracker's registry under a population that comes and goes: an hour, or with
 * KITH_SOAK=1 a day (churn.h). */
#include "churn.h"

#include <stdio.h>
#include <stdlib.h>

#define SEED        20
#define BETWEEN     (15 * KITH_MINUTE) /* looks at everybody's view */
#define HOURS_SOAK  24
#define WARM_HOURS  7   /* until those who left for good have met the brim */
#define FLAT_OF_100 103 /* from hour to hour chance has 2 % more or fewer here */

static void look(struct churn *churn)
{
    churn->is_calm = true;
    churn_pass(churn, CHURN_CALM);
    churn_here_are_exactly_those_who_should_be(churn);
    churn_every_view_has_converged(churn);
    churn->is_calm = false;
}

/* Returns the bytes that the registry has, on average of what was looked at. */
static size_t pass_hour(struct churn *churn, size_t hour)
{
    size_t bytes = 0, looks = 0;
    for (kith_time past = 0; past < KITH_HOUR; past += BETWEEN) {
        churn_pass(churn, BETWEEN - CHURN_CALM);
        look(churn);
        bytes += churn->memory.live_bytes;
        looks++;
    }
    struct kith_registry_counts counts = kith_registry_counts(churn->registry);
    printf("# hour %zu: %zu here, %zu away, %zu KiB; %zu joins, %zu left, %zu for good, "
           "%zu renames, %zu moves, %zu look-ups, %zu calls, told %zu\n",
           hour, counts.here, counts.away, bytes / looks / 1024, churn->joined,
           churn->left, churn->replaced, churn->renamed, churn->moved, churn->looked_up,
           churn->called, churn->told);
    return bytes / looks;
}

static void an_hour_or_a_day_of_coming_and_going(void **state)
{
    static struct churn churn;
    const char *soak = getenv("KITH_SOAK");
    size_t hours = soak != NULL && soak[0] == '1' ? HOURS_SOAK : 1;
    size_t warm = 0;
    (void)state;
    churn_init(&churn, SEED);
    for (size_t hour = 1; hour <= hours; hour++) {
        size_t bytes = pass_hour(&churn, hour);
        if (hour == WARM_HOURS)
            warm = bytes;
        if (hour > WARM_HOURS)
            assert_true(bytes * 100 <= warm * FLAT_OF_100);
    }
    assert_true(churn.joined > 1000 * hours);
    churn_deinit(&churn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_or_a_day_of_coming_and_going),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
