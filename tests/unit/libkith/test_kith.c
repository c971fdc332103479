/* SPDX-License-Identifier: MIT */
/* Alice and Bob are nodes in this very process, and all that is known of them is what the
 * shared library exports. */
#include "lib/unit.h"

#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kith/kith.h"

#define WAIT_MS 60000 /* for what comes in milliseconds */

struct scene {
    char path[64];
    char alice_home[96];
    char bob_home[96];
    struct kith *alice;
    struct kith *bob;
};

static int remove_one(const char *path, const struct stat *is, int type, struct FTW *at)
{
    (void)is, (void)type, (void)at;
    return remove(path);
}

static int open_as(const char *home, enum kith_open_mode mode, const char *name,
                   const char *peer, struct kith **out, char why[KITH_WHY_SIZE])
{
    struct kith_options *options = kith_options_new();
    assert_non_null(options);
    assert_int_equal(kith_options_set(options, "name", name), 0);
    assert_int_equal(kith_options_set(options, "listen", "127.0.0.1:0"), 0);
    assert_int_equal(kith_options_set(options, "lan", "no"), 0);
    assert_int_equal(kith_options_set(options, "port-mapping", "no"), 0);
    if (peer)
        assert_int_equal(kith_options_set(options, "peer", peer), 0);
    int error = kith_open(home, mode, options, out, why, KITH_WHY_SIZE);
    kith_options_free(options);
    return error;
}

static struct kith *start(const char *home, const char *name, const char *peer)
{
    struct kith *kith = NULL;
    char why[KITH_WHY_SIZE] = "";
    if (open_as(home, KITH_OPEN_START, name, peer, &kith, why) != 0)
        fail_msg("%s", why);
    return kith;
}

/* The next news of this type, others passed over. */
static const struct kith_news *await(struct kith *kith, enum kith_news_type type)
{
    const struct kith_news *news = NULL;
    do
        assert_int_equal(kith_next(kith, WAIT_MS, &news), 0);
    while (news->type != type);
    return news;
}

static const struct kith_news *await_text(struct kith *kith, const char *text)
{
    const struct kith_news *news;
    do
        news = await(kith, KITH_NEWS_MESSAGE);
    while (strcmp(news->message->text, text) != 0);
    return news;
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    const char *tmp = getenv("TMPDIR");
    snprintf(scene->path, sizeof scene->path, "%s/kl-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(scene->path));
    snprintf(scene->alice_home, sizeof scene->alice_home, "%s/alice", scene->path);
    snprintf(scene->bob_home, sizeof scene->bob_home, "%s/bob", scene->path);
    *state = scene;
    return 0;
}

static int setup_pair(void **state)
{
    setup(state);
    struct scene *scene = *state;
    scene->alice = start(scene->alice_home, "alice", NULL);
    scene->bob = start(scene->bob_home, "bob", kith_address(scene->alice));
    await(scene->alice, KITH_NEWS_ONLINE);
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    kith_close(scene->bob);
    kith_close(scene->alice);
    nftw(scene->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(scene);
    return 0;
}

/* ---- opening ---- */

static void a_node_has_an_id_a_name_and_a_home(void **state)
{
    struct scene *scene = *state;
    scene->alice = start(scene->alice_home, "alice", NULL);
    assert_true(kith_has_started(scene->alice));
    assert_int_equal(strlen(kith_id(scene->alice)), KITH_ID_TEXT_SIZE - 1);
    assert_string_equal(kith_name(scene->alice), "alice");
    assert_string_equal(kith_home(scene->alice), scene->alice_home);
    assert_memory_equal(kith_address(scene->alice), "127.0.0.1:", 10);
}

static void two_handles_share_one_node(void **state)
{
    struct scene *scene = *state;
    struct kith *second = NULL;
    char why[KITH_WHY_SIZE] = "";
    scene->alice = start(scene->alice_home, "alice", NULL);
    assert_int_equal(
        open_as(scene->alice_home, KITH_OPEN_EITHER, "else", NULL, &second, why), 0);
    assert_false(kith_has_started(second));
    assert_string_equal(kith_id(second), kith_id(scene->alice));
    assert_string_equal(kith_name(second), "alice");
    assert_int_equal(kith_broadcast(second, "both hear it", 12, NULL), 0);
    assert_true(await_text(scene->alice, "both hear it")->message->is_mine);
    await_text(second, "both hear it");
    kith_close(second);
}

static void a_second_start_on_a_home_is_refused(void **state)
{
    struct scene *scene = *state;
    struct kith *second = NULL;
    char why[KITH_WHY_SIZE] = "";
    scene->alice = start(scene->alice_home, "alice", NULL);
    assert_int_equal(
        open_as(scene->alice_home, KITH_OPEN_START, "alice", NULL, &second, why),
        KITH_ELOCKED);
    assert_null(second);
    assert_true(why[0] != '\0');
}

static void attaching_where_nothing_runs_says_so(void **state)
{
    struct scene *scene = *state;
    char why[KITH_WHY_SIZE] = "";
    assert_int_equal(kith_open(scene->alice_home, KITH_OPEN_ATTACH, NULL, &scene->alice,
                               why, sizeof why),
                     KITH_ENONODE);
    assert_non_null(strstr(why, scene->alice_home));
    assert_int_equal(
        kith_open(scene->alice_home, KITH_OPEN_ATTACH, NULL, &scene->alice, NULL, 0),
        KITH_ENONODE);
}

static void a_knob_without_use_is_refused_by_name(void **state)
{
    struct scene *scene = *state;
    char why[KITH_WHY_SIZE] = "";
    struct kith_options *options = kith_options_new();
    assert_int_equal(kith_options_set(options, "colour", "red"), KITH_ENOTFOUND);
    assert_int_equal(kith_options_passphrase(options, "short", 5), KITH_EINVALID);
    assert_int_equal(kith_options_set(options, "listen", "nowhere at all"), 0);
    assert_int_equal(kith_open(scene->alice_home, KITH_OPEN_START, options, &scene->alice,
                               why, sizeof why),
                     KITH_EADDRESS);
    assert_non_null(strstr(why, "nowhere at all"));
    kith_options_free(options);
    kith_options_free(NULL);
}

static void an_address_in_use_ends_the_start_cleanly(void **state)
{
    struct scene *scene = *state;
    char why[KITH_WHY_SIZE] = "";
    scene->alice = start(scene->alice_home, "alice", NULL);
    struct kith_options *options = kith_options_new();
    kith_options_set(options, "listen", kith_address(scene->alice));
    kith_options_set(options, "lan", "no");
    kith_options_set(options, "port-mapping", "no");
    assert_int_equal(kith_open(scene->bob_home, KITH_OPEN_EITHER, options, &scene->bob,
                               why, sizeof why),
                     KITH_EADDRINUSE);
    kith_options_free(options);
    scene->bob = start(scene->bob_home, "bob", kith_address(scene->alice));
}

static struct kith_options *friendly_options(const char *peer)
{
    struct kith_options *options = kith_options_new();
    kith_options_set(options, "network", "friends");
    kith_options_set(options, "listen", "127.0.0.1:0");
    kith_options_set(options, "lan", "no");
    kith_options_set(options, "port-mapping", "no");
    if (peer)
        kith_options_set(options, "peer", peer);
    return options;
}

static void a_passphrase_of_the_environment_outlasts_a_start_that_fails(void **state)
{
    struct scene *scene = *state;
    struct kith_options *options = friendly_options(NULL);
    assert_int_equal(kith_options_passphrase(options, "correct horse", 13), 0);
    assert_int_equal(
        kith_open(scene->alice_home, KITH_OPEN_START, options, &scene->alice, NULL, 0),
        0);
    kith_options_free(options);
    options = friendly_options(kith_address(scene->alice));
    setenv("KITH_NETWORK_PASSPHRASE", "correct horse", 1);
    assert_int_equal(
        kith_open(scene->alice_home, KITH_OPEN_START, options, &scene->bob, NULL, 0),
        KITH_ELOCKED);
    assert_int_equal(
        kith_open(scene->bob_home, KITH_OPEN_START, options, &scene->bob, NULL, 0), 0);
    kith_options_free(options);
    assert_null(getenv("KITH_NETWORK_PASSPHRASE"));
    await(scene->alice, KITH_NEWS_ONLINE);
}

static void count_line(void *ctx, const char *line, size_t size)
{
    size_t *lines = ctx;
    assert_int_equal(line[size - 1], '\n');
    *lines += 1;
}

static void the_log_is_told_and_a_passphrase_links(void **state)
{
    struct scene *scene = *state;
    size_t lines = 0;
    struct kith_options *options = friendly_options(NULL);
    kith_options_log(options, count_line, &lines);
    assert_int_equal(kith_options_passphrase(options, "correct horse\n", 14), 0);
    assert_int_equal(
        kith_open(scene->alice_home, KITH_OPEN_START, options, &scene->alice, NULL, 0),
        0);
    kith_options_set(options, "peer", kith_address(scene->alice));
    kith_options_log(options, NULL, NULL);
    assert_int_equal(
        kith_open(scene->bob_home, KITH_OPEN_START, options, &scene->bob, NULL, 0), 0);
    kith_options_free(options);
    await(scene->alice, KITH_NEWS_ONLINE);
    kith_close(scene->bob);
    kith_close(scene->alice);
    scene->bob = scene->alice = NULL;
    assert_true(lines > 0);
}

/* ---- talking ---- */

static void a_direct_message_arrives_and_is_told_as_delivered(void **state)
{
    struct scene *scene = *state;
    struct kith_receipt receipt;
    assert_int_equal(
        kith_send(scene->alice, kith_id(scene->bob), "hello bob", 9, &receipt), 0);
    const struct kith_news *news = await_text(scene->bob, "hello bob");
    assert_string_equal(news->message->id, receipt.id);
    assert_string_equal(news->message->author, kith_id(scene->alice));
    assert_string_equal(news->message->room, kith_id(scene->alice));
    assert_string_equal(news->message->name, "alice");
    assert_int_equal(news->message->text_size, 9);
    assert_true(news->message->is_direct);
    assert_false(news->message->is_mine);
    assert_true(news->message->time_ms > 1700000000000);
    do
        news = await(scene->alice, KITH_NEWS_DELIVERY);
    while (news->delivery->log != receipt.log || news->delivery->seq < receipt.seq);
    assert_string_equal(news->delivery->peer, kith_id(scene->bob));
    assert_int_equal(news->delivery->state, KITH_STATE_DELIVERED);
}

static void texts_that_cannot_be_are_refused(void **state)
{
    struct scene *scene = *state;
    char *large = calloc(1, KITH_TEXT_SIZE_MAX + 1);
    memset(large, 'x', KITH_TEXT_SIZE_MAX + 1);
    assert_int_equal(kith_broadcast(scene->alice, large, KITH_TEXT_SIZE_MAX + 1, NULL),
                     KITH_ETEXTSIZE);
    assert_int_equal(kith_broadcast(scene->alice, large, KITH_TEXT_SIZE_MAX, NULL), 0);
    assert_int_equal(await(scene->bob, KITH_NEWS_MESSAGE)->message->text_size,
                     KITH_TEXT_SIZE_MAX);
    assert_int_equal(kith_broadcast(scene->alice, "", 0, NULL), KITH_ETEXT);
    assert_int_equal(kith_broadcast(scene->alice, "a\0b", 3, NULL), KITH_ETEXT);
    assert_int_equal(kith_broadcast(scene->alice, "\xff", 1, NULL), KITH_ETEXT);
    assert_int_equal(kith_send(scene->alice, "nobody", "x", 1, NULL), KITH_ENOTFOUND);
    assert_non_null(strstr(kith_last_detail(scene->alice), "nobody"));
    assert_int_equal(kith_send(scene->alice, "\xff", "x", 1, NULL), KITH_ETEXT);
    free(large);
}

static int keep_peer(void *ctx, const struct kith_peer_info *peer)
{
    snprintf(ctx, 200, "%s %s %d %s", peer->name, peer->id, peer->is_online,
             peer->path ? peer->path : "-");
    return 7;
}

static int keep_room(void *ctx, const struct kith_room_info *room)
{
    char *all = ctx;
    size_t used = strlen(all);
    snprintf(all + used, 400 - used, "%s/%d ", room->id, (int)room->type);
    return 0;
}

static void peers_and_rooms_are_listed(void **state)
{
    struct scene *scene = *state;
    char peer[200], wanted[200], rooms[400] = "";
    assert_int_equal(kith_peers(scene->alice, keep_peer, peer), 7);
    snprintf(wanted, sizeof wanted, "bob %s 1 lan", kith_id(scene->bob));
    assert_string_equal(peer, wanted);
    assert_int_equal(kith_send(scene->alice, "bob", "x", 1, NULL), 0);
    assert_int_equal(kith_rooms(scene->alice, keep_room, rooms), 0);
    snprintf(wanted, sizeof wanted, "#lobby/%d %s/%d ", KITH_ROOM_TYPE_OPEN,
             kith_id(scene->bob), KITH_ROOM_TYPE_DIRECT);
    assert_string_equal(rooms, wanted);
}

static void a_room_is_for_those_who_joined_it(void **state)
{
    struct scene *scene = *state;
    char rooms[400] = "";
    assert_int_equal(kith_join(scene->alice, "#a/b"), KITH_ENAME);
    assert_int_equal(kith_join(scene->alice, "#garden"), 0);
    assert_int_equal(kith_send(scene->bob, "#garden", "x", 1, NULL), KITH_ENOTFOUND);
    assert_int_equal(kith_join(scene->bob, "#garden"), 0);
    assert_int_equal(kith_send(scene->bob, "#garden", "roses", 5, NULL), 0);
    assert_string_equal(await_text(scene->alice, "roses")->message->room, "#garden");
    assert_int_equal(kith_leave(scene->alice, "#garden"), 0);
    assert_int_equal(kith_leave(scene->alice, "#garden"), KITH_ENOTFOUND);
    assert_int_equal(kith_leave(scene->alice, "#lobby"), KITH_EINVALID);
    assert_int_equal(kith_rooms(scene->alice, keep_room, rooms), 0);
    assert_null(strstr(rooms, "#garden"));
}

static void a_name_and_a_link_change_on_both_sides(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(kith_rename(scene->bob, "a/b"), KITH_ENAME);
    assert_int_equal(kith_rename(scene->bob, "robert"), 0);
    assert_string_equal(kith_name(scene->bob), "robert");
    const struct kith_news *news = await(scene->alice, KITH_NEWS_RENAMED);
    assert_string_equal(news->name_before, "bob");
    assert_string_equal(news->peer->name, "robert");
    assert_int_equal(kith_disconnect(scene->alice, "robert"), 0);
    assert_string_equal(await(scene->bob, KITH_NEWS_OFFLINE)->peer->name, "alice");
    assert_int_equal(kith_connect(scene->alice, "no address"), KITH_EADDRESS);
    assert_int_equal(kith_connect(scene->alice, kith_address(scene->bob)), 0);
    assert_string_equal(await(scene->bob, KITH_NEWS_ONLINE)->peer->name, "alice");
}

struct texts {
    size_t count;
    size_t stop_at;
    char first[16];
    char last[16];
};

static int keep_message(void *ctx, const struct kith_message_info *message)
{
    struct texts *texts = ctx;
    snprintf(texts->count == 0 ? texts->first : texts->last, 16, "%s", message->text);
    texts->count++;
    return texts->count == texts->stop_at;
}

static void say_numbers(struct kith *kith, int from, int to)
{
    char text[16];
    for (int i = from; i <= to; i++) {
        int size = snprintf(text, sizeof text, "%d", i);
        assert_int_equal(kith_broadcast(kith, text, (size_t)size, NULL), 0);
    }
}

static void history_ends_with_the_last_and_keeps_its_order(void **state)
{
    struct scene *scene = *state;
    struct texts texts = {0};
    scene->alice = start(scene->alice_home, "alice", NULL);
    say_numbers(scene->alice, 1, 1100);
    assert_int_equal(
        kith_history(scene->alice, "#lobby", NULL, 1050, keep_message, &texts), 0);
    assert_int_equal(texts.count, 1050);
    assert_string_equal(texts.first, "51");
    assert_string_equal(texts.last, "1100");
    texts = (struct texts){.stop_at = 3};
    assert_int_equal(kith_history(scene->alice, NULL, "1h", 10, keep_message, &texts), 1);
    assert_string_equal(texts.first, "1091");
    assert_int_equal(texts.count, 3);
    assert_int_equal(kith_history(scene->alice, NULL, "noon", 10, keep_message, &texts),
                     KITH_EINVALID);
    assert_int_equal(kith_history(scene->alice, "nobody", NULL, 1, keep_message, &texts),
                     KITH_ENOTFOUND);
}

/* ---- news ---- */

/* Nobody else is there, so that nothing happens by itself. */
static void news_can_be_polled_for(void **state)
{
    struct scene *scene = *state;
    const struct kith_news *news;
    scene->alice = start(scene->alice_home, "alice", NULL);
    struct pollfd fd = {.fd = kith_fd(scene->alice), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(kith_next(scene->alice, 10, &news), KITH_ETIMEDOUT);
    say_numbers(scene->alice, 1, 2);
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
    assert_string_equal(await(scene->alice, KITH_NEWS_MESSAGE)->message->text, "1");
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
    assert_int_equal(kith_next(scene->alice, 0, &news), 0);
    assert_string_equal(news->message->text, "2");
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(kith_next(scene->alice, 0, &news), KITH_ETIMEDOUT);
}

/* Far more than the queue holds. */
static void who_reads_late_misses_nothing(void **state)
{
    struct scene *scene = *state;
    char text[16];
    say_numbers(scene->alice, 1, 1000);
    for (int i = 1; i <= 1000; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_string_equal(await(scene->bob, KITH_NEWS_MESSAGE)->message->text, text);
    }
}

static int is_anybody_online(void *ctx, const struct kith_peer_info *peer)
{
    (void)ctx;
    return peer->is_online;
}

/* The thread that fills it waits for room when it is told to end. Alice does not keep up
 * with what becomes of her messages: she may be told BACK in place of OFFLINE. */
static void a_full_queue_does_not_hold_up_the_end(void **state)
{
    struct scene *scene = *state;
    struct pollfd fd = {.fd = kith_fd(scene->bob), .events = POLLIN};
    const struct kith_news *news;
    struct texts texts;
    say_numbers(scene->alice, 1, 600);
    do {
        texts = (struct texts){0};
        kith_history(scene->bob, "#lobby", NULL, 1, keep_message, &texts);
    } while (strcmp(texts.first, "600") != 0);
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
    kith_close(scene->bob);
    scene->bob = NULL;
    while (kith_peers(scene->alice, is_anybody_online, NULL) != 0)
        assert_int_equal(kith_next(scene->alice, WAIT_MS, &news), 0);
}

static void a_node_that_goes_and_comes_is_told_without_loss(void **state)
{
    struct scene *scene = *state;
    struct kith *second = NULL;
    assert_int_equal(kith_open(scene->bob_home, KITH_OPEN_ATTACH, NULL, &second, NULL, 0),
                     0);
    kith_close(scene->bob);
    await(second, KITH_NEWS_AWAY);
    assert_int_equal(kith_broadcast(second, "x", 1, NULL), KITH_ENONODE);
    assert_int_equal(kith_broadcast(scene->alice, "meanwhile", 9, NULL), 0);
    scene->bob = start(scene->bob_home, "bob", kith_address(scene->alice));
    await(second, KITH_NEWS_BACK);
    await_text(second, "meanwhile");
    assert_int_equal(kith_broadcast(second, "again", 5, NULL), 0);
    kith_close(second);
}

/* ---- a made-up node ---- */

struct made_up {
    int listen_fd;
    pthread_t thread;
};

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Who it is, up to where it has told, and a message of which only half came about. */
static void *be_a_node(void *ctx)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{\"id\":\"abc\",\"name\":\"eve\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"arrival\":0}",
    };
    const struct made_up *node = ctx;
    char request[1024];
    int asked = accept(node->listen_fd, NULL, NULL);
    for (size_t i = 0; i < COUNT(answers); i++) {
        assert_true(recv(asked, request, sizeof request, 0) > 0);
        say(asked, answers[i]);
    }
    int followed = accept(node->listen_fd, NULL, NULL);
    assert_true(recv(followed, request, sizeof request, 0) > 0);
    say(followed, "HTTP/1.1 200 OK\r\n\r\nevent: later\ndata: {\n\n"
                  "id: 1\nevent: message\ndata: {\"text\":\n\n");
    recv(followed, request, sizeof request, 0); /* until it hangs up */
    close(followed);
    close(asked);
    return NULL;
}

static void make_up(const struct scene *scene, struct made_up *node)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_int_equal(mkdir(scene->alice_home, 0700), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/control", scene->alice_home);
    node->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(node->listen_fd, (struct sockaddr *)&address, sizeof address),
                     0);
    assert_int_equal(listen(node->listen_fd, 8), 0);
    assert_int_equal(pthread_create(&node->thread, NULL, be_a_node, node), 0);
}

/* As where memory runs out while it is read. */
static void a_message_that_cannot_be_read_ends_the_news(void **state)
{
    struct scene *scene = *state;
    struct made_up node;
    const struct kith_news *news;
    make_up(scene, &node);
    assert_int_equal(
        kith_open(scene->alice_home, KITH_OPEN_ATTACH, NULL, &scene->alice, NULL, 0), 0);
    assert_int_equal(kith_next(scene->alice, 2000, &news), KITH_ENOMEM);
    assert_string_equal(kith_last_detail(scene->alice), kith_error_text(KITH_ENOMEM));
    kith_close(scene->alice);
    scene->alice = NULL;
    pthread_join(node.thread, NULL);
    close(node.listen_fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define PAIR(name) cmocka_unit_test_setup_teardown(name, setup_pair, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_has_an_id_a_name_and_a_home),
        TEST(two_handles_share_one_node),
        TEST(a_second_start_on_a_home_is_refused),
        TEST(attaching_where_nothing_runs_says_so),
        TEST(a_knob_without_use_is_refused_by_name),
        TEST(an_address_in_use_ends_the_start_cleanly),
        TEST(a_passphrase_of_the_environment_outlasts_a_start_that_fails),
        TEST(the_log_is_told_and_a_passphrase_links),
        PAIR(a_direct_message_arrives_and_is_told_as_delivered),
        PAIR(texts_that_cannot_be_are_refused),
        PAIR(peers_and_rooms_are_listed),
        PAIR(a_room_is_for_those_who_joined_it),
        PAIR(a_name_and_a_link_change_on_both_sides),
        TEST(history_ends_with_the_last_and_keeps_its_order),
        TEST(news_can_be_polled_for),
        PAIR(who_reads_late_misses_nothing),
        PAIR(a_full_queue_does_not_hold_up_the_end),
        PAIR(a_node_that_goes_and_comes_is_told_without_loss),
        TEST(a_message_that_cannot_be_read_ends_the_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
