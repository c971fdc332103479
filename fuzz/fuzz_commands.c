/* SPDX-License-Identifier: MIT */
/* What the commands make of what a node answers. A byte says which command; then lines:
 * those that begin with `>` are typed, with `{` or `!` answers, the others events
 * (cli_client.h).
 * Whatever they say, nothing is printed that a terminal obeys or hides, and with --json
 * every line is JSON. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "bin/tracker_ask.h"
#include "cli/chat.h"
#include "cli/commands.h"
#include "cli_client.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ARGS_MAX     6

/* ---- what is asked ---- */

static int start_no_node(void *ctx)
{
    (void)ctx;
    return KITH_EXIT_NO_NODE;
}

static void stop_no_node(void *ctx)
{
    (void)ctx;
}

static int run_chat(struct kith_cli *cli)
{
    return kith_cli_chat(cli,
                         &(struct kith_chat_host){start_no_node, stop_no_node, NULL});
}

static int run_tracker(struct kith_cli *cli)
{
    return kith_tracker_ask(cli, cli->args[0]);
}

static const struct kith_cli_option chat_options[] = {{"menu", NULL, "", false}, {0}};

static const struct kith_cli_command chat = {
    .name = "chat", .usage = "", .options = chat_options, .run = run_chat};
static const struct kith_cli_command tracker = {
    .name = "tracker", .usage = "", .args_min = 1, .args_max = 1, .run = run_tracker};

static const struct kith_cli_command *const commands[] = {
    &chat,
    &tracker,
    &kith_cli_send,
    &kith_cli_broadcast,
    &kith_cli_tail,
    &kith_cli_search,
    &kith_cli_peers,
    &kith_cli_rooms,
    &kith_cli_members,
    &kith_cli_invite,
    &kith_cli_join_room,
    &kith_cli_leave_room,
    &kith_cli_block,
    &kith_cli_unblock,
    &kith_cli_verify,
    &kith_cli_connect,
    &kith_cli_disconnect,
    &kith_cli_lookup,
    &kith_cli_rename,
    &kith_cli_export,
    &kith_cli_import,
    &kith_cli_doctor,
    &kith_cli_completions,
    &kith_cli_web,
};

static const char *const lines[][ARGS_MAX] = {
    {"chat"},
    {"chat", "--menu"},
    {"chat", "--json"},
    {"tail"},
    {"tail", "--json"},
    {"tail", "bob", "--no-follow"},
    {"search", "hi"},
    {"search", "hi", "--json"},
    {"peers"},
    {"peers", "--json"},
    {"rooms"},
    {"rooms", "--all", "--json"},
    {"members", "#lobby"},
    {"lookup", "bob"},
    {"lookup", "bob", "--json"},
    {"invite"},
    {"invite", "#lobby", "--json"},
    {"join", "#garden"},
    {"leave", "#garden"},
    {"block", "bob"},
    {"unblock", "bob"},
    {"verify", "bob"},
    {"verify", "bob", "--yes"},
    {"connect", "10.0.0.9"},
    {"disconnect", "bob"},
    {"rename", "rob"},
    {"send", "bob", "--wait", "delivered"},
    {"send", "bob", "hi", "--json"},
    {"broadcast"},
    {"export"},
    {"import"},
    {"import", "--json"},
    {"doctor"},
    {"doctor", "--json"},
    {"completions", "targets"},
    {"tracker", "list"},
    {"tracker", "list", "--json"},
    {"tracker", "stats"},
    {"invite", "--qr"},
    {"connect",
     "kith:add/aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq?at=192.0.2.1"},
    {"web"},
};

/* ---- what is printed ---- */

static FILE *open_file(void)
{
    int fd = memfd_create("kith", MFD_CLOEXEC);
    assert(fd >= 0);
    return fdopen(fd, "w+");
}

static struct kith_bytes printed_to(FILE *file)
{
    off_t size = lseek(fileno(file), 0, SEEK_END);
    void *bytes = size > 0 ? malloc((size_t)size) : NULL;
    ssize_t got = size > 0 ? pread(fileno(file), bytes, (size_t)size, 0) : 0;
    assert(got == size);
    return kith_bytes(bytes, (size_t)size);
}

static void check_safe(struct kith_bytes text)
{
    struct kith_reader in = kith_reader(text);
    assert(kith_utf8_is_valid(text));
    while (in.at < in.end) {
        uint32_t character = kith_utf8_next(&in.at, in.end);
        assert(character == '\n' || !kith_utf8_is_unsafe(character));
    }
}

static void check_json(struct kith_bytes text)
{
    while (text.size > 0) {
        const uint8_t *feed = memchr(text.data, '\n', text.size);
        assert(feed != NULL);
        size_t size = (size_t)(feed - text.data);
        json_t *json = json_loadb((const char *)text.data, size, JSON_DECODE_ANY, NULL);
        assert(json != NULL);
        json_decref(json);
        text = kith_bytes(feed + 1, text.size - size - 1);
    }
}

static void check_printed(FILE *file, bool is_json)
{
    struct kith_bytes text = printed_to(file);
    check_safe(text);
    if (is_json)
        check_json(text);
    free((void *)(uintptr_t)text.data);
    fclose(file);
}

/* ---- */

static void divide(struct kith_bytes input, FILE *typed, struct kith_writer *answers,
                   struct kith_writer *events)
{
    while (input.size > 0) {
        const uint8_t *feed = memchr(input.data, '\n', input.size);
        size_t size = feed != NULL ? (size_t)(feed - input.data) + 1 : input.size;
        bool is_answer = input.data[0] == '{' || input.data[0] == '!';
        if (input.data[0] == '>')
            fwrite(input.data + 1, 1, size - 1, typed);
        else
            kith_writer_bytes(is_answer ? answers : events, input.data, size);
        input = kith_bytes(input.data + size, input.size - size);
    }
    fflush(typed);
    rewind(typed);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    const char *argv[ARGS_MAX + 3] = {"kith", "--home", "/nowhere"};
    int argc = 3;
    if (size == 0)
        return;
    const char *const *line = lines[data[0] % COUNT(lines)];
    bool is_json = false, is_tail = strcmp(line[0], "tail") == 0;
    for (size_t i = 0; i < ARGS_MAX && line[i] != NULL; i++) {
        is_json |= strcmp(line[i], "--json") == 0;
        argv[argc++] = line[i];
    }
    FILE *in = open_file(), *out = open_file(), *err = open_file();
    struct kith_writer answers = kith_writer(&kith_alloc_heap);
    struct kith_writer events = kith_writer(&kith_alloc_heap);
    divide(kith_bytes(data + 1, size - 1), in, &answers, &events);
    cli_client_begin(kith_writer_view(&answers), kith_writer_view(&events));
    kith_cli_main(commands, COUNT(commands), argc, argv, in, out, err);
    fflush(err);
    check_printed(out, is_json && !is_tail); /* whose events are passed on as they are */
    check_printed(err, false);
    fclose(in);
    kith_writer_deinit(&answers);
    kith_writer_deinit(&events);
}
