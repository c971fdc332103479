/* SPDX-License-Identifier: MIT */
/* What people are told of, however often somebody brings it about. */
#include <string.h>

#include "node/inside.h"
#include "node_fixture.h"

static void on_notice(void *ctx, const struct kith_notice *notice)
{
    *(size_t *)ctx += notice->type == KITH_NOTICE_WARNING;
}

static size_t count_lines(const struct kith_logger *log, const char *text)
{
    size_t count = 0;
    const char *line;
    for (size_t i = 0; (line = kith_logger_line(log, i)) != NULL; i++)
        count += strstr(line, text) != NULL;
    return count;
}

static void warn(struct fixture *f, enum kith_warning warning, size_t count)
{
    struct kith_notice notice = {.type = KITH_NOTICE_WARNING};
    notice.warning.warning = warning;
    for (size_t i = 0; i < count; i++) {
        memcpy(notice.warning.peer.bytes, &i, sizeof(i)); /* somebody else each time */
        kith_notices_tell(f->nodes[0], &notice);
    }
}

static void a_flood_of_faults_does_not_flood_the_log_nor_those_who_watch(void **state)
{
    struct fixture *f = *state;
    size_t told = 0;
    struct kith_observer observer = {.notice = on_notice, .ctx = &told};
    start_node(f, 0, "alice", -1);
    kith_runtime_observe(f->nodes[0], &observer);
    warn(f, KITH_WARNING_FAULT, 1000);
    assert_int_equal(count_lines(&f->log, "broke the protocol"), KITH_WARNINGS_MOST);
    assert_int_equal(told, KITH_WARNINGS_MOST);
    warn(f, KITH_WARNING_COPIED_HOME, 1); /* is told all the same */
    assert_int_equal(count_lines(&f->log, "run with this identity"), 1);
    f->nodes[0]->turn.now.mono += 2 * KITH_SECOND;
    warn(f, KITH_WARNING_FAULT, 3);
    assert_int_equal(told, KITH_WARNINGS_MOST + 1 + 2 * KITH_WARNINGS_PER_S);
    kith_runtime_unobserve(&observer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_flood_of_faults_does_not_flood_the_log_nor_those_who_watch, setup_directory,
            teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
