/* SPDX-License-Identifier: MIT */
/* What the node tells: what was said before, then what happens. */
#include "cli/chat_session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/show.h"

#define HISTORY_COUNT 20 /* a screen of it */
#define NAMED_MAX     8  /* of those present, when they are listed in a line */

/* ---- who is online ---- */

static size_t find_peer(const struct kith_chat *chat, const char *id)
{
    size_t index = 0;
    while (index < chat->peer_count && strcmp(chat->peers[index].id, id) != 0)
        index++;
    return index;
}

bool kith_chat_is_online(const struct kith_chat *chat, const char *id)
{
    return find_peer(chat, id) < chat->peer_count;
}

/* Plain lines go to a peer, however it is called: the prompt has its name of today. */
static void note_name(struct kith_chat *chat, const json_t *peer, const char *id)
{
    char name[KITH_CHAT_TARGET_SIZE];
    kith_chat_safe(peer, "name", name);
    if (strcmp(chat->target, id) == 0 && strcmp(chat->target_shown, name) != 0)
        kith_chat_move(chat, id, name);
}

static void note_peer(struct kith_chat *chat, const json_t *peer)
{
    const char *id = json_string_value(json_object_get(peer, "id"));
    const char *state = json_string_value(json_object_get(peer, "state"));
    if (!id || !state)
        return;
    note_name(chat, peer, id);
    size_t index = find_peer(chat, id);
    bool is_online = strcmp(state, "online") == 0;
    if (!is_online && index < chat->peer_count)
        chat->peers[index] = chat->peers[--chat->peer_count];
    if (!is_online || index == KITH_CHAT_PEERS_MAX)
        return;
    if (index == chat->peer_count)
        chat->peer_count++;
    snprintf(chat->peers[index].id, KITH_CHAT_ID_SIZE, "%s", id);
    kith_chat_safe(peer, "name", chat->peers[index].name);
}

static void note_peers(struct kith_chat *chat, const struct kith_answer *answer)
{
    size_t index;
    const json_t *peer;
    chat->peer_count = 0;
    json_array_foreach(json_object_get(answer->json, "peers"), index, peer)
    {
        note_peer(chat, peer);
    }
}

static bool is_online_in(const json_t *peers, const char *id)
{
    size_t index;
    const json_t *peer;
    json_array_foreach(peers, index, peer)
    {
        const char *other = json_string_value(json_object_get(peer, "id"));
        const char *state = json_string_value(json_object_get(peer, "state"));
        if (other && state && strcmp(other, id) == 0)
            return strcmp(state, "online") == 0;
    }
    return false;
}

/* Changes are events, but what changed while there was no stream is only seen here. */
static void on_peers(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    size_t index;
    const json_t *peer;
    const json_t *peers = json_object_get(answer->json, "peers");
    if (error)
        return;
    for (size_t i = chat->peer_count; i > 0; i--)
        if (!is_online_in(peers, chat->peers[i - 1].id)) {
            kith_chat_say(chat, "%s left", chat->peers[i - 1].name);
            chat->peers[i - 1] = chat->peers[--chat->peer_count];
        }
    json_array_foreach(peers, index, peer)
    {
        size_t before = chat->peer_count;
        note_peer(chat, peer);
        if (chat->peer_count > before)
            kith_chat_say(chat, "%s is here", chat->peers[before].name);
    }
}

void kith_chat_refresh(struct kith_chat *chat)
{
    struct kith_chat_ask ask = {"GET", "/peers", NULL, on_peers};
    chat->needs_peers = false;
    kith_chat_ask(chat, &ask);
}

/* ---- events ---- */

static bool take_own(struct kith_chat *chat, const json_t *message)
{
    const char *id = json_string_value(json_object_get(message, "id"));
    for (size_t i = 0; id && i < chat->own_count; i++) {
        if (strcmp(chat->own[i], id) != 0)
            continue;
        chat->own_count--;
        memmove(chat->own[i], chat->own[i + 1],
                (chat->own_count - i) * sizeof *chat->own);
        return true;
    }
    return false;
}

static void on_message(struct kith_chat *chat, const json_t *message)
{
    if (!take_own(chat, message))
        kith_chat_message(chat, message);
}

static void on_peer(struct kith_chat *chat, const json_t *event)
{
    char name[KITH_CHAT_TARGET_SIZE];
    char before[KITH_CHAT_TARGET_SIZE];
    const json_t *peer = json_object_get(event, "peer");
    const char *change = json_string_value(json_object_get(event, "change"));
    const char *id = json_string_value(json_object_get(peer, "id"));
    size_t count_before = chat->peer_count;
    note_peer(chat, peer);
    kith_chat_safe(peer, "name", name);
    if (chat->peer_count > count_before)
        kith_chat_say(chat, "%s is here", name);
    else if (chat->peer_count < count_before)
        kith_chat_say(chat, "%s left", name);
    if (!change || strcmp(change, "renamed") != 0)
        return;
    if (id && strcmp(id, chat->self_id) == 0) {
        kith_chat_tell_name(chat, name);
        return;
    }
    kith_chat_say(chat, "%s is now called %s",
                  kith_chat_safe(event, "name_before", before), name);
}

static void on_warning(struct kith_chat *chat, const json_t *event)
{
    char text[KITH_CHAT_TARGET_SIZE];
    kith_chat_say(chat, "warning: %s (`kith doctor` tells more)",
                  kith_chat_safe(event, "text", text));
}

static void on_tracker(struct kith_chat *chat, const json_t *event)
{
    char address[KITH_CHAT_TARGET_SIZE], error[KITH_CHAT_TARGET_SIZE];
    const char *state = json_string_value(json_object_get(event, "state"));
    kith_chat_safe(event, "address", address);
    if (state && strcmp(state, "registered") == 0)
        kith_chat_say(chat, "the tracker %s knows this node now", address);
    else
        kith_chat_say(chat, "the tracker %s is not used: %s; it is tried again", address,
                      kith_chat_safe(event, "error", error));
}

static int on_event(void *ctx, const struct kith_client_event *event)
{
    static const struct {
        const char *type;
        void (*take)(struct kith_chat *chat, const json_t *event);
    } kinds[] = {
        {"message", on_message},           {"peer", on_peer},
        {"delivery", kith_chat_delivered}, {"warning", on_warning},
        {"tracker", on_tracker},
    };
    struct kith_chat *chat = ctx;
    json_t *object = json_loadb(event->data, event->size, 0, NULL);
    int error = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(event->type, kinds[i].type) != 0)
            continue;
        if (object)
            kinds[i].take(chat, object);
        else
            error = KITH_ENOMEM; /* to pass over it would lose it */
    }
    json_decref(object);
    return error;
}

static void on_away(void *ctx)
{
    struct kith_chat *chat = ctx;
    chat->is_away = true;
    if (!chat->owns_node) {
        kith_chat_say(chat, "the node went away; going on when it is back");
        return;
    }
    kith_chat_say(chat, "the node of this chat has ended; leaving");
    chat->is_over = true;
    chat->exit_code = KITH_EXIT_FAILED;
}

static void on_open(void *ctx)
{
    struct kith_chat *chat = ctx;
    if (chat->is_away)
        kith_chat_say(chat, "the node is back");
    chat->is_away = false;
    chat->needs_peers = true;
    kith_chat_doubt_waiting(chat);
}

/* ---- the beginning ---- */

static void tell_who(struct kith_chat *chat)
{
    char *text = NULL;
    size_t size = 0;
    if (chat->peer_count == 0) {
        kith_chat_say(chat, "nobody else is here yet; who comes is told");
        return;
    }
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return;
    for (size_t i = 0; i < chat->peer_count && i < NAMED_MAX; i++)
        fprintf(to, "%s%s", i > 0 ? ", " : "", chat->peers[i].name);
    if (chat->peer_count > NAMED_MAX)
        fprintf(to, " and %zu more (/who)", chat->peer_count - NAMED_MAX);
    fclose(to);
    kith_chat_say(chat, "here: %s", text);
    free(text);
}

static void tell_self(struct kith_chat *chat, const struct kith_answer *answer)
{
    char name[KITH_CHAT_TARGET_SIZE];
    char id[KITH_CHAT_TARGET_SIZE], id_short[13];
    char *text = NULL;
    size_t size = 0;
    size_t index;
    const json_t *address;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return;
    json_array_foreach(json_object_get(answer->json, "listen"), index, address)
    {
        const char *shown = json_string_value(address);
        fputs(index > 0 ? ", " : "", to);
        kith_cli_show_text(to, shown, " ");
    }
    fclose(to);
    kith_chat_safe(answer->json, "name", name);
    kith_chat_safe(answer->json, "id", id);
    kith_cli_show_safe(id, chat->self_id, sizeof chat->self_id);
    kith_cli_show_safe(id, id_short, sizeof id_short);
    snprintf(chat->self_name, sizeof chat->self_name, "%s", name);
    kith_chat_say(chat, "ready: you are %s (%s), listening on %s", name, id_short, text);
    free(text);
    /* Asked here, for the terminal is taken over only once all of this was said. */
    if (isatty(chat->in_fd) && isatty(chat->out_fd) && !kith_cli_has(chat->cli, "menu"))
        kith_chat_say(chat, "/help tells what can be typed");
}

static void tell_history(struct kith_chat *chat, const struct kith_answer *answer)
{
    const json_t *messages = json_object_get(answer->json, "messages");
    chat->arrival = json_integer_value(json_object_get(answer->json, "arrival"));
    for (size_t i = json_array_size(messages); i > 0; i--) {
        const json_t *message = json_array_get(messages, i - 1);
        if (json_integer_value(json_object_get(message, "arrival")) <= chat->arrival)
            kith_chat_message(chat, message);
    }
}

static int ask(struct kith_chat *chat, const char *path,
               void (*take)(struct kith_chat *chat, const struct kith_answer *answer))
{
    struct kith_answer answer;
    int error = kith_client_request(chat->client, "GET", path, NULL,
                                    KITH_CLIENT_TIMEOUT_MS, &answer);
    if (!error)
        take(chat, &answer);
    int exit_code =
        error ? kith_cli_ask_failed(chat->cli, chat->client, &answer, error) : 0;
    kith_answer_deinit(&answer);
    return exit_code;
}

int kith_chat_begin(struct kith_chat *chat)
{
    char path[64];
    chat->follower = (struct kith_client_follower){
        .event = on_event,
        .away = on_away,
        .is_going_on = true,
        .open = on_open,
        .ctx = chat,
    };
    snprintf(path, sizeof path, "/messages?order=newest&limit=%d", HISTORY_COUNT);
    int exit_code = ask(chat, "/self", tell_self);
    if (!exit_code)
        exit_code = ask(chat, path, tell_history);
    if (!exit_code)
        exit_code = ask(chat, "/peers", note_peers);
    if (exit_code)
        return exit_code;
    tell_who(chat);
    snprintf(path, sizeof path, "/stream?after=%" JSON_INTEGER_FORMAT, chat->arrival);
    if (kith_client_watch_new(chat->cli->home, path, &chat->follower, &chat->watch) == 0)
        return KITH_EXIT_DONE;
    return kith_cli_fail(chat->cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
}
