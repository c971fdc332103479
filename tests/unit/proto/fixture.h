/* SPDX-License-Identifier: MIT */
/* What the tests of one frame share: the sample, and a writer emptied for each test. */
#ifndef TESTS_UNIT_PROTO_FIXTURE_H
#define TESTS_UNIT_PROTO_FIXTURE_H

#include "lib/unit.h"

#include "kith/error.h"
#include "unit/proto/sample.h"

struct fixture {
    struct sample sample;
    struct kith_writer w;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Between tests. */
int fixture_clear(void **state);

/* The fields of the one frame in `w`; they may be changed there. */
struct kith_bytes frame_fields(const struct kith_writer *w);

/* The golden vector's bytes for its decoder, read from its file into `f->w`. */
struct kith_bytes fixture_golden(struct fixture *f, const char *name);

#define FIXTURE_TEST(test) cmocka_unit_test_setup(test, fixture_clear)
#define FIXTURE_RUN(tests) cmocka_run_group_tests(tests, fixture_setup, fixture_teardown)

#endif
