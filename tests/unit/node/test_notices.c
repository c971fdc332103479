/* SPDX-License-Identifier: MIT */
/* What people are told of, however often somebody brings it about. */
#include <string.h>

#include "node/inside.h"
#include "node_fixture.h"

static void on_notice(void *ctx, const struct kith_notice *notice)
{
    *(size_t *)ctx += notice->type == KITH_NOTICE_WARNING;
}

static void on_change(void *ctx, const struct kith_notice *notice)
{
    *(size_t *)ctx +=
        notice->type == KITH_NOTICE_PEER || notice->type == KITH_NOTICE_TRACKER;
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

/* Both ways in turn, as if it came and went. */
static void flap(struct fixture *f, enum kith_notice_type type, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kith_notice notice = {.type = type};
        if (type == KITH_NOTICE_PEER) {
            notice.peer.peer_no = 1;
            notice.peer.change = i % 2 == 0 ? KITH_PEER_OFFLINE : KITH_PEER_ONLINE;
        } else {
            notice.tracker.tracker = 1;
            notice.tracker.is_registered = i % 2 == 0;
        }
        kith_notices_tell(f->nodes[0], &notice);
    }
}

static void what_flaps_is_told_to_those_who_watch_and_leaves_room_in_the_log(
    struct fixture *f, enum kith_notice_type type, const char *area)
{
    size_t told = 0;
    struct kith_observer observer = {.notice = on_change, .ctx = &told};
    size_t before = count_lines(&f->log, area);
    kith_runtime_observe(f->nodes[0], &observer);
    flap(f, type, KITH_CHANGES_MOST - before); /* ordinary use: all is logged */
    assert_int_equal(count_lines(&f->log, area), KITH_CHANGES_MOST);
    assert_int_equal(count_lines(&f->log, "held_back="), 0);
    flap(f, type, 100);
    assert_int_equal(count_lines(&f->log, area), KITH_CHANGES_MOST);
    f->nodes[0]->turn.now.mono += KITH_CHANGES_EVERY_S * KITH_SECOND;
    flap(f, type, 10);
    assert_int_equal(count_lines(&f->log, area), KITH_CHANGES_MOST + 1);
    assert_int_equal(count_lines(&f->log, "held_back=100"), 1);
    assert_int_equal(told, KITH_CHANGES_MOST - before + 110);
    kith_runtime_unobserve(&observer);
}

static void a_peer_that_flaps_leaves_room_in_the_log(void **state)
{
    struct fixture *f = *state;
    run_until_linked(f);
    stop_node(f, 1); /* both log here */
    kith_logger_deinit(&f->log);
    kith_logger_init(&f->log, KITH_LOGGER_DEBUG, NULL, NULL);
    f->nodes[0]->peer_changes = (struct kith_changes){0};
    what_flaps_is_told_to_those_who_watch_and_leaves_room_in_the_log(f, KITH_NOTICE_PEER,
                                                                     " link ");
}

static bool has_tracker(void *ctx)
{
    struct fixture *f = ctx;
    struct kith_tracker_view tracker;
    return kith_node_tracker(f->nodes[0]->node, 1, &tracker);
}

static void a_tracker_that_flaps_leaves_room_in_the_log(void **state)
{
    struct fixture *f = *state;
    struct kith_command command = {.type = KITH_COMMAND_TRACKER};
    command.tracker.address = (struct kith_address){.host = "127.0.0.1", .port = 1};
    start_node(f, 0, "alice", -1);
    kith_runtime_command(f->nodes[0], &command, NULL, NULL);
    run_until(f, has_tracker, f);
    what_flaps_is_told_to_those_who_watch_and_leaves_room_in_the_log(
        f, KITH_NOTICE_TRACKER, " tracker ");
}

static bool has_heard_of_it(void *ctx)
{
    struct fixture *f = ctx;
    return f->nodes[0]->pending.error == 0;
}

static bool stores(void *ctx)
{
    struct fixture *f = ctx;
    return f->nodes[0]->store_error == 0;
}

static void fail_and_recover(struct fixture *f, const char *name)
{
    struct kith_command command = {.type = KITH_COMMAND_RENAME}; /* is stored */
    snprintf(command.rename.text, sizeof(command.rename.text), "%s", name);
    kith_turn_store_failed(f->nodes[0], KITH_EFULL);
    run_until(f, has_heard_of_it, f);
    kith_runtime_command(f->nodes[0], &command, NULL, NULL);
    run_until(f, stores, f);
}

static void a_disk_that_flaps_leaves_room_in_the_log(void **state)
{
    struct fixture *f = *state;
    start_node(f, 0, "alice", -1);
    fail_and_recover(f, "ann");
    assert_int_equal(count_lines(&f->log, "it stores again"), 1);
    f->nodes[0]->store_throttle.next = KITH_TIME_NEVER; /* it is not said again yet */
    fail_and_recover(f, "anna");
    assert_int_equal(count_lines(&f->log, "nothing can be stored"), 1);
    assert_int_equal(count_lines(&f->log, "it stores again"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_flood_of_faults_does_not_flood_the_log_nor_those_who_watch, setup_directory,
            teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_flaps_leaves_room_in_the_log,
                                        setup_nodes, teardown),
        cmocka_unit_test_setup_teardown(a_tracker_that_flaps_leaves_room_in_the_log,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_flaps_leaves_room_in_the_log,
                                        setup_directory, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
