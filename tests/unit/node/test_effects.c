/* SPDX-License-Identifier: MIT */
/* What a node says of rows that its disk refuses. */
#include "node_fixture.h"

#include <string.h>

#include "kith/error.h"
#include "lib/vfs_hostile.h"

static struct vfs_hostile disk;

struct answer {
    size_t count;
    int error;
};

static void on_reply(void *ctx, const struct kith_notice *notice)
{
    struct answer *answer = ctx;
    answer->count++;
    answer->error = notice->reply.error;
}

static bool is_answered(void *ctx)
{
    return ((struct answer *)ctx)->count > 0;
}

static int say(struct fixture *f, const char *text)
{
    struct answer answer = {0};
    struct kith_bytes texts = kith_bytes(text, strlen(text));
    struct kith_command command = {.type = KITH_COMMAND_SEND,
                                   .send = {.texts = &texts, .text_count = 1}};
    assert_int_equal(kith_runtime_command(f->nodes[0], &command, on_reply, &answer), 0);
    run_until(f, is_answered, &answer);
    return answer.error;
}

/* As if it had been copied here. */
static void forget_marker(struct fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path_of(f, 0, "kith.db"), &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE meta SET marker = zeroblob(32)", NULL, NULL, NULL), 0);
    sqlite3_close(db);
}

static void what_a_failed_sync_refuses_is_not_there_after_all(void **state)
{
    struct fixture *f = *state;
    start_node(f, 0, "alice", -1);
    stop_node(f, 0);
    forget_marker(f);
    vfs_hostile_arm(&disk, VFS_FAULT_SYNC, 2, true); /* the first is before the commit */
    start_node(f, 0, "alice", -1);
    assert_int_equal(say(f, "hello"), KITH_EIO);
    vfs_hostile_arm(&disk, VFS_FAULT_SYNC, 0, false);
    assert_int_equal(say(f, "hello"), KITH_EIO);
    stop_node(f, 0);
    assert_int_equal(count_messages(f, 0), 0);
    start_node(f, 0, "alice", -1);
    assert_int_equal(say(f, "hello"), 0);
    stop_node(f, 0);
    assert_int_equal(count_messages(f, 0), 1);
}

static int setup(void **state)
{
    vfs_hostile_init(&disk);
    return setup_directory(state);
}

static int end(void **state)
{
    teardown(state);
    vfs_hostile_deinit(&disk);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_failed_sync_refuses_is_not_there_after_all,
                                        setup, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
