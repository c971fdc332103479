/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <errno.h>
#include <uv.h>
#include "kith/error.h"
#include "net/error.h"

static void complaints_of_the_system_have_names(void **state)
{
    assert_int_equal(kith_net_error(0), 0);
    assert_int_equal(kith_net_error(UV_ECONNREFUSED), KITH_EREFUSED);
    assert_int_equal(kith_net_error(UV_EOF), KITH_ECLOSED);
    assert_int_equal(kith_net_error(UV_EAI_NONAME), KITH_ERESOLVE);
    assert_int_equal(kith_net_error_errno(EADDRINUSE), KITH_EADDRINUSE);
    assert_int_equal(kith_net_error_errno(EMFILE), KITH_ELIMIT);
    assert_int_equal(kith_net_error_errno(ENETUNREACH), KITH_EUNREACHABLE);
}

static void what_has_no_name_is_an_io_error(void **state)
{
    assert_int_equal(kith_net_error(UV_EXDEV), KITH_EIO);
    assert_int_equal(kith_net_error(-99999), KITH_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complaints_of_the_system_have_names),
        cmocka_unit_test(what_has_no_name_is_an_io_error),
    };
    return cmocka_run_group_tests_name("net error", tests, NULL, NULL);
}
