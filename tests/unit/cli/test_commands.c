/* SPDX-License-Identifier: MIT */
/* The commands as they are typed, against a server over a runtime in memory. */
#include <stdio.h>
#include <stdlib.h>

#include "../api/fixture.h"
#include "cli/commands.h"

static const struct kith_cli_command *const commands[] = {
    &kith_cli_down,       &kith_cli_send,    &kith_cli_broadcast, &kith_cli_tail,
    &kith_cli_peers,      &kith_cli_rooms,   &kith_cli_join_room, &kith_cli_leave_room,
    &kith_cli_block,      &kith_cli_unblock, &kith_cli_verify,    &kith_cli_connect,
    &kith_cli_disconnect, &kith_cli_rename,  &kith_cli_doctor,    &kith_cli_web,
    &kith_cli_search,     &kith_cli_lookup,
};

struct run {
    struct api *api;
    char *out, *err;
    size_t out_size, err_size;
    int code;
};

static struct run last;

static void run_with(struct api *api, const char *input, size_t input_size,
                     const char *const *words)
{
    const char *argv[32] = {"kith", "--home", api->home};
    int argc = 3;
    free(last.out);
    free(last.err);
    last = (struct run){.api = api};
    while (*words)
        argv[argc++] = *words++;
    FILE *in = tmpfile();
    fwrite(input, 1, input_size, in);
    rewind(in);
    FILE *out = open_memstream(&last.out, &last.out_size);
    FILE *err = open_memstream(&last.err, &last.err_size);
    last.code = kith_cli_main(commands, COUNT(commands), argc, argv, in, out, err);
    fclose(in);
    fclose(out);
    fclose(err);
}

#define RUN(...) run_with(*state, "", 0, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_WITH(input, size, ...)                                                       \
    run_with(*state, input, size, (const char *const[]){__VA_ARGS__, NULL})

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void receive(struct api *api, void *text)
{
    fake_receive(api->runtime, 1, false, text, 0);
}

static void receive_direct(struct api *api, void *text)
{
    fake_receive(api->runtime, 1, true, text, 0);
}

static void relay_all(struct api *api, void *ctx)
{
    api->runtime->node.is_relayed = true;
}

/* Whom trackers know; one of them has a name that would move the cursor. */
static void add_found(struct api *api, void *ctx)
{
    api->runtime->found[0] = (struct kith_found){
        .id = {{1}}, .name = {"bob"}, .is_here = true, .seen = 1763700000 * KITH_SECOND};
    api->runtime->found[1] = (struct kith_found){
        .id = {{2}}, .name = {"b\x1b[2Jb"}, .seen = 1763700060 * KITH_SECOND};
    api->runtime->found_count = 2;
}

static void fail_all(struct api *api, void *error)
{
    api->runtime->reply_error = *(int *)error;
}

static void fill_disk(struct api *api, void *ctx)
{
    api->runtime->store_error = KITH_EFULL;
}

static int setup(void **state)
{
    api_setup(state);
    setenv("TZ", "UTC0", 1);
    api_on_loop(*state, add_peer, "bob");
    return 0;
}

static int teardown(void **state)
{
    free(last.out);
    free(last.err);
    last = (struct run){0};
    return api_teardown(state);
}

static void sent_words_are_joined_and_shown(void **state)
{
    RUN("broadcast", "hello", "there");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    assert_string_equal(last.out, "");
    RUN("send", "bob", "psst");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    RUN("tail", "--no-follow");
    assert_string_equal(last.out, "04:40:00 ada~me: hello there\n"
                                  "04:40:00 ada~me @bob: psst\n");
}

static void received_ones_are_marked_when_direct(void **state)
{
    api_on_loop(*state, receive, "hi");
    api_on_loop(*state, receive_direct, "psst");
    RUN("tail", "--no-follow");
    assert_string_equal(last.out, "04:40:00 bob: hi\n04:40:00 bob @ada: psst\n");
    RUN("tail", "bob", "--no-follow");
    assert_string_equal(last.out, "04:40:00 bob @ada: psst\n");
}

static void no_text_forges_a_line_or_moves_the_cursor(void **state)
{
    api_on_loop(*state, receive, "a\n04:40:00 ada: forged\x1b[2J\u202e\xc2\x9b");
    RUN("tail", "--no-follow");
    assert_string_equal(last.out, "04:40:00 bob: a\n         04:40:00 ada: forged"
                                  "\uFFFD[2J\uFFFD\uFFFD\n");
    RUN("tail", "--no-follow", "--json");
    assert_non_null(strstr(last.out, "forged\\u001B[2J\\u202E\\u009B\""));
}

static void what_is_found_has_its_day_and_room(void **state)
{
    api_on_loop(*state, receive, "a fox\n#lobby 2025-11-21 04:40:00 ada: forged\x1b[2J");
    api_on_loop(*state, receive_direct, "fox for you");
    RUN("search", "fox");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    assert_string_equal(last.out,
                        "2025-11-21 04:40:00 bob @ada: fox for you\n"
                        "#lobby 2025-11-21 04:40:00 bob: a fox\n"
                        "         #lobby 2025-11-21 04:40:00 ada: forged\uFFFD[2J\n");
    RUN("search", "--limit", "1", "fox");
    assert_string_equal(last.out, "2025-11-21 04:40:00 bob @ada: fox for you\n");
    RUN("search", "fox", "--json", "--room", "bob");
    assert_non_null(strstr(last.out, "\"text\":\"fox for you\""));
    RUN("search", "cat");
    assert_int_equal(last.code, KITH_EXIT_NOT_FOUND);
    RUN("search", "fox", "--limit", "0");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
}

static void text_comes_from_standard_input_and_loses_one_line_feed(void **state)
{
    RUN_WITH("two\nlines\n\n", 11, "send", "#lobby");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    RUN("tail", "--no-follow");
    assert_string_equal(last.out, "04:40:00 ada~me: two\n         lines\n         \n");
}

static void the_limit_is_named_before_and_after(void **state)
{
    char *text = malloc(65538);
    memset(text, 'x', 65537);
    text[65536] = '\n';
    RUN_WITH(text, 65537, "send", "#lobby");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    text[65536] = 'x';
    text[65537] = '\0';
    RUN_WITH(text, 65537, "send", "#lobby");
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    assert_non_null(strstr(last.err, "65536"));
    assert_non_null(strstr(last.err, "65537"));
    RUN("send", "#lobby", text);
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    assert_non_null(strstr(last.err, "65536"));
    free(text);
}

static void what_cannot_be_sent_is_refused(void **state)
{
    RUN("send", "#lobby", "\xff");
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    assert_non_null(strstr(last.err, "UTF-8"));
    RUN_WITH("a\0b", 3, "send", "#lobby");
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    RUN_WITH("\n", 1, "send", "#lobby");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
    RUN("send", "#lobby", "x", "--wait", "read");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
    RUN("send", "#lobby", "x", "--timeout", "soon");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
}

static void an_unknown_peer_is_exit_4(void **state)
{
    RUN("send", "nobody", "x");
    assert_int_equal(last.code, KITH_EXIT_NOT_FOUND);
    assert_non_null(strstr(last.err, "kith peers"));
    RUN("tail", "nobody", "--no-follow");
    assert_int_equal(last.code, KITH_EXIT_NOT_FOUND);
}

static void an_ambiguous_name_lists_its_choices(void **state)
{
    api_on_loop(*state, add_peer, "bob");
    RUN("send", "bob", "x");
    assert_int_equal(last.code, KITH_EXIT_NOT_FOUND);
    char *choice = strstr(last.err, "  bob~");
    assert_non_null(choice);
    char name[64];
    assert_int_equal(sscanf(choice, " %63s", name), 1);
    RUN("send", name, "x");
    assert_int_equal(last.code, KITH_EXIT_DONE);
}

static void waiting_in_vain_is_exit_5(void **state)
{
    RUN("send", "bob", "x", "--wait", "delivered", "--timeout", "0.02", "--json");
    assert_int_equal(last.code, KITH_EXIT_TIMED_OUT);
    assert_non_null(strstr(last.out, "\"state\":\"pending\""));
    assert_non_null(strstr(last.err, "stored"));
}

static void deliver(struct api *api, void *ctx)
{
    fake_deliver(api->runtime, 102, 1, 1);
}

static void waiting_for_what_is_delivered_is_exit_0(void **state)
{
    api_on_loop(*state, deliver, NULL);
    RUN("send", "bob", "x", "--wait", "delivered", "--json");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    assert_non_null(strstr(last.out, "\"state\":\"delivered\""));
}

static void peers_are_a_table_or_lines(void **state)
{
    api_on_loop(*state, add_peer, "日本");
    RUN("peers");
    assert_non_null(
        strstr(last.out, "NAME  STATE   PATH  RTT     SINCE             ADDR"));
    assert_non_null(strstr(last.out, "\nbob   online  lan   1.2 ms  2025-11-21 "));
    assert_non_null(strstr(last.out, "  10.0.0.1:4747"));
    assert_non_null(strstr(last.out, "\n日本  online  lan"));
    RUN("peers", "--json");
    json_t *peer = json_loads(last.out, JSON_DISABLE_EOF_CHECK, NULL);
    assert_string_equal(json_string_value(json_object_get(peer, "name")), "bob");
    assert_non_null(strstr(last.out, "\"rtt_ms\":1.234,"));
    json_decref(peer);
}

static void a_relayed_peer_shows_by_whom(void **state)
{
    api_on_loop(*state, relay_all, NULL);
    RUN("peers");
    assert_non_null(
        strstr(last.out, "\nbob   online  relay (203.0.113.1:55555)  1.2 ms  "));
}

static void lookup_lists_who_the_trackers_know(void **state)
{
    api_on_loop(*state, add_found, NULL);
    RUN("lookup", "Bob B");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    assert_string_equal(((struct api *)*state)->runtime->asked.lookup.name.text, "Bob B");
    assert_non_null(strstr(last.out, "NAME    STATE  LAST SEEN         ID"));
    assert_non_null(strstr(last.out, "\nbob     here   2025-11-21 04:40  aeaa"));
    assert_non_null(strstr(last.out, "\nb\uFFFD[2Jb  away   2025-11-21 04:41  aiaa"));
    RUN("lookup", "bob", "--json");
    assert_non_null(strstr(last.out, "\"state\":\"here\""));
    assert_non_null(strstr(last.out, "}\n{"));
}

static void lookup_says_why_nobody_is_found(void **state)
{
    int error = KITH_EUNREACHABLE;
    RUN("lookup", "nobody");
    assert_int_equal(last.code, KITH_EXIT_NOT_FOUND);
    assert_non_null(strstr(last.err, "no tracker knows"));
    api_on_loop(*state, fail_all, &error);
    RUN("lookup", "nobody");
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    assert_non_null(strstr(last.err, "kith doctor"));
    RUN("lookup", "a\nb");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
    RUN("lookup");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
}

static void doctor_tells_line_by_line_and_exits_1_for_a_problem(void **state)
{
    RUN("doctor");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    assert_non_null(strstr(last.out, "\nok    peers: 1 online of 1 known\n"));
    assert_non_null(strstr(last.out, "warn  identity: "));
    assert_non_null(strstr(last.out, "\n      -> `kith up`"));
    api_on_loop(*state, fill_disk, NULL);
    RUN("doctor", "--json");
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    assert_non_null(strstr(last.out, "\"state\":\"problem\""));
}

static void rooms_connect_disconnect_and_rename_answer(void **state)
{
    RUN("rooms");
    assert_non_null(strstr(last.out, "#lobby  open  2        1"));
    RUN("connect", "10.0.0.1");
    assert_memory_equal(last.out, "connected to bob (", 18);
    RUN("disconnect", "bob");
    assert_string_equal(last.out, "disconnected from bob\n");
    RUN("rename", "Ann", "Lee");
    assert_string_equal(last.out, "this node is now called Ann Lee\n");
    RUN("rename", "a:b");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
    assert_non_null(strstr(last.err, "~ # : / or @"));
    RUN("connect", "not an address");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
}

static void peers_are_blocked_and_verified(void **state)
{
    RUN("block", "bob");
    assert_string_equal(last.out, "bob is blocked\n");
    RUN("peers");
    assert_non_null(strstr(last.out, "\nbob   blocked  "));
    RUN("unblock", "bob");
    assert_string_equal(last.out, "bob is not blocked\n");
    RUN("verify", "bob");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    assert_non_null(strstr(last.out, "\ncode        12345 67890 "));
    char id[53];
    const char *shown = strstr(last.out, "that peer   ");
    assert_non_null(shown);
    snprintf(id, sizeof id, "%s", shown + strlen("that peer   "));
    RUN("verify", "bob", "--yes");
    assert_int_equal(last.code, KITH_EXIT_USAGE); /* the name may be another's by now */
    RUN("verify", id, "--yes");
    assert_string_equal(last.out, "bob is verified\n");
    RUN("peers", "--json");
    assert_non_null(strstr(last.out, "\"verified\":true"));
    RUN("verify", "bob", "--undo");
    assert_string_equal(last.out, "bob is not verified any more\n");
    RUN("verify", "bob", "--undo", "--yes");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
    RUN("block", "#lobby");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
}

static void rooms_are_joined_listed_and_left(void **state)
{
    RUN("join", "#Garden");
    assert_string_equal(last.out, "this node is in #garden\n");
    RUN("rooms");
    assert_non_null(strstr(last.out, "NAME     KIND  MEMBERS"));
    assert_non_null(strstr(last.out, "\n#garden  open  "));
    RUN("send", "#garden", "roses");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    RUN("leave", "garden");
    assert_string_equal(last.out, "left #garden; what was said there is kept\n");
    RUN("rooms");
    assert_null(strstr(last.out, "garden"));
    RUN("rooms", "--all");
    assert_non_null(strstr(last.out, "\n#garden  open, left"));
    RUN("leave", "garden");
    assert_int_equal(last.code, KITH_EXIT_NOT_FOUND);
    RUN("join", "a:b");
    assert_int_equal(last.code, KITH_EXIT_USAGE);
}

static void read_shutdown(struct api *api, void *ctx)
{
    *(bool *)ctx = api->is_shutdown_asked;
}

static void down_asks_the_node_to_stop(void **state)
{
    bool is_asked = false;
    RUN("down");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    api_on_loop(*state, read_shutdown, &is_asked);
    assert_true(is_asked);
}

static void no_node_is_exit_3(void **state)
{
    static const char *const names[] = {"down", "tail", "peers", "rooms"};
    struct api *api = *state;
    char home[96];
    snprintf(home, sizeof home, "%s/none", api->home);
    for (size_t i = 0; i < COUNT(names); i++) {
        RUN("--home", home, names[i]);
        assert_int_equal(last.code, KITH_EXIT_NO_NODE);
        assert_non_null(strstr(last.err, "kith up"));
    }
    RUN("--home", home, "send", "bob", "x");
    assert_int_equal(last.code, KITH_EXIT_NO_NODE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void web_prints_an_address_that_lets_a_browser_in(void **state)
{
    char body[128];
    RUN("web");
    assert_int_equal(last.code, KITH_EXIT_DONE);
    const char *code = strstr(last.out, "/#code=");
    assert_non_null(code);
    snprintf(body, sizeof body, "{\"code\": \"%.52s\"}", code + strlen("/#code="));
    assert_int_equal(api_ask(last.api, "POST", "/session", body), 0);
    assert_int_equal(strlen(api_string(last.api, "token")), 52);
}

static void web_without_a_display_opens_nothing_and_says_so(void **state)
{
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    RUN("web", "--open");
    assert_int_equal(last.code, KITH_EXIT_FAILED);
    assert_non_null(strstr(last.out, "/#code="));
    assert_non_null(strstr(last.err, "no display"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sent_words_are_joined_and_shown),
        TEST(received_ones_are_marked_when_direct),
        TEST(no_text_forges_a_line_or_moves_the_cursor),
        TEST(what_is_found_has_its_day_and_room),
        TEST(text_comes_from_standard_input_and_loses_one_line_feed),
        TEST(the_limit_is_named_before_and_after),
        TEST(what_cannot_be_sent_is_refused),
        TEST(an_unknown_peer_is_exit_4),
        TEST(an_ambiguous_name_lists_its_choices),
        TEST(waiting_in_vain_is_exit_5),
        TEST(waiting_for_what_is_delivered_is_exit_0),
        TEST(peers_are_a_table_or_lines),
        TEST(doctor_tells_line_by_line_and_exits_1_for_a_problem),
        TEST(rooms_connect_disconnect_and_rename_answer),
        TEST(peers_are_blocked_and_verified),
        TEST(rooms_are_joined_listed_and_left),
        TEST(a_relayed_peer_shows_by_whom),
        TEST(lookup_lists_who_the_trackers_know),
        TEST(lookup_says_why_nobody_is_found),
        TEST(down_asks_the_node_to_stop),
        TEST(no_node_is_exit_3),
        TEST(web_prints_an_address_that_lets_a_browser_in),
        TEST(web_without_a_display_opens_nothing_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
