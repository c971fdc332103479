/* SPDX-License-Identifier: MIT */
/* What begins with a slash. */
#include "cli/chat_session.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/show.h"
#include "cli/suggest.h"

struct entry {
    const char *name;
    const char *usage;
    const char *summary;
    void (*run)(struct kith_chat *chat, const char *rest);
};

static void usage(struct kith_chat *chat, const char *text)
{
    kith_chat_say(chat, "usage: %s", text);
}

/* ---- saying something ---- */

void kith_chat_stray(struct kith_chat *chat)
{
    chat->is_astray = true;
    if (!chat->is_terminal)
        kith_chat_say(chat, "what follows is said to nobody until /msg or /join says "
                            "to whom; /msg #lobby says it to everybody");
}

static void on_target(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    if (error) {
        kith_chat_refused(chat, answer);
        kith_chat_stray(chat);
        return;
    }
    char shown[KITH_CHAT_TARGET_SIZE];
    bool is_room = chat->target_next[0] == '#';
    const json_t *peer = json_array_get(json_object_get(answer->json, "members"), 0);
    if (is_room || !peer) { /* nobody knows the peer: what was typed is its whole id */
        kith_cli_show_safe(chat->target_next, shown, sizeof shown);
        kith_chat_turn(chat, chat->target_next, shown);
    } else {
        kith_chat_safe(peer, "name", shown);
        kith_chat_turn(chat, json_string_value(json_object_get(peer, "id")), shown);
    }
    kith_chat_say(chat, "what you type now goes to %s%s; /msg #lobby goes back", shown,
                  is_room ? "" : " alone");
}

/* Is there such a target, and who is it? A conversation with a peer has it for a member.
 */
static void choose_target(struct kith_chat *chat, const char *target)
{
    char path[64 + 3 * KITH_CHAT_TARGET_SIZE] = "/rooms/members?room=";
    struct kith_chat_ask ask = {"GET", path, NULL, on_target};
    if (!kith_utf8_is_valid(kith_bytes(target, strlen(target)))) {
        kith_chat_say(chat, "that is not valid UTF-8");
        kith_chat_stray(chat);
        return;
    }
    snprintf(chat->target_next, sizeof chat->target_next, "%s", target);
    kith_client_escape(target, path + strlen(path));
    kith_chat_ask(chat, &ask);
}

static void run_msg(struct kith_chat *chat, const char *rest)
{
    char target[KITH_CHAT_TARGET_SIZE];
    const char *text = kith_chat_target(rest, target);
    if (!text) {
        usage(chat,
              "/msg NAME TEXT, or /msg NAME to say all that follows to NAME; a name "
              "with spaces stands in \"quotes\"");
        kith_chat_stray(chat);
    } else if (text[0] != '\0') {
        kith_chat_send(chat, target, text);
    } else if (strcmp(target, "#lobby") == 0) {
        kith_chat_turn(chat, "#lobby", "#lobby");
    } else {
        choose_target(chat, target);
    }
}

static void run_say(struct kith_chat *chat, const char *rest)
{
    if (rest[0] == '\0')
        usage(chat, "/say TEXT");
    else
        kith_chat_send_plain(chat, rest);
}

static void run_me(struct kith_chat *chat, const char *rest)
{
    char *text = NULL;
    if (rest[0] == '\0') {
        usage(chat, "/me TEXT, as in /me waves");
        return;
    }
    if (asprintf(&text, "/me %s", rest) < 0)
        return;
    kith_chat_send_here(chat, text);
    free(text);
}

void kith_chat_send_plain(struct kith_chat *chat, const char *text)
{
    char *shifted = NULL;
    if (!kith_cli_action(text))
        kith_chat_send_here(chat, text);
    else if (asprintf(&shifted, " %s", text) >= 0)
        kith_chat_send_here(chat, shifted);
    free(shifted);
}

/* ---- names and peers ---- */

static void on_renamed(struct kith_chat *chat, int error,
                       const struct kith_answer *answer)
{
    char name[KITH_CHAT_TARGET_SIZE];
    if (error)
        kith_chat_refused(chat, answer);
    else if (strcmp(kith_chat_safe(answer->json, "name", name), chat->self_name) == 0)
        kith_chat_say(chat, "you are called %s already", name);
    else
        kith_chat_tell_name(chat, name);
}

void kith_chat_tell_name(struct kith_chat *chat, const char *name)
{
    if (strcmp(chat->self_name, name) == 0)
        return;
    snprintf(chat->self_name, sizeof chat->self_name, "%s", name);
    kith_chat_say(chat, "you are now called %s", name);
}

void kith_chat_rename(struct kith_chat *chat, const char *name)
{
    struct kith_chat_ask ask = {"PATCH", "/self", NULL, on_renamed};
    ask.take_body = kith_chat_body(chat, "name", name);
    chat->is_saying = ask.take_body != NULL;
    if (ask.take_body)
        kith_chat_ask(chat, &ask);
}

static void run_nick(struct kith_chat *chat, const char *rest)
{
    char name[KITH_CHAT_TARGET_SIZE];
    if (rest[0] == '\0')
        usage(chat, "/nick NEW");
    else if (rest[0] == '"' && kith_chat_target(rest, name))
        kith_chat_rename(chat, name);
    else
        kith_chat_rename(chat, rest);
}

static void on_connected(struct kith_chat *chat, int error,
                         const struct kith_answer *answer)
{
    char name[KITH_CHAT_TARGET_SIZE];
    if (error)
        kith_chat_refused(chat, answer);
    else
        kith_chat_say(chat, "connected to %s",
                      kith_chat_safe(answer->json, "name", name));
}

void kith_chat_connect(struct kith_chat *chat, const char *address)
{
    struct kith_chat_ask ask = {"POST", "/peers/connect", NULL, on_connected};
    ask.take_body = kith_chat_body(chat, "address", address);
    if (ask.take_body)
        kith_chat_ask(chat, &ask);
}

static void run_connect(struct kith_chat *chat, const char *rest)
{
    if (rest[0] == '\0')
        usage(chat, "/connect ADDR, as in /connect 192.168.7.20 or /connect host:4747");
    else
        kith_chat_connect(chat, rest);
}

static void on_disconnected(struct kith_chat *chat, int error,
                            const struct kith_answer *answer)
{
    char name[KITH_CHAT_TARGET_SIZE];
    if (error)
        kith_chat_refused(chat, answer);
    else
        kith_chat_say(chat, "disconnected from %s",
                      kith_chat_safe(answer->json, "name", name));
}

void kith_chat_disconnect(struct kith_chat *chat, const char *peer)
{
    struct kith_chat_ask ask = {"POST", "/peers/disconnect", NULL, on_disconnected};
    ask.take_body = kith_chat_body(chat, "peer", peer);
    if (ask.take_body)
        kith_chat_ask(chat, &ask);
}

static void run_disconnect(struct kith_chat *chat, const char *rest)
{
    char peer[KITH_CHAT_TARGET_SIZE];
    const char *more = kith_chat_target(rest, peer);
    if (!more || more[0] != '\0')
        usage(chat, "/disconnect PEER; a name with spaces stands in \"quotes\"");
    else
        kith_chat_disconnect(chat, peer);
}

static void say_peer(struct kith_chat *chat, const json_t *peer)
{
    char name[KITH_CHAT_TARGET_SIZE];
    char address[KITH_CHAT_TARGET_SIZE];
    char state[KITH_CHAT_TARGET_SIZE];
    kith_chat_say(chat, "  %s  %s  %s", kith_chat_safe(peer, "name", name),
                  kith_chat_safe(peer, "state", state),
                  kith_chat_safe(peer, "address", address));
}

static void on_who(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    size_t index;
    const json_t *peer;
    const json_t *peers = json_object_get(answer->json, "peers");
    if (error) {
        kith_chat_refused(chat, answer);
        return;
    }
    if (json_array_size(peers) == 0)
        kith_chat_say(chat, "no peers yet; /connect ADDR connects to one");
    else
        kith_chat_say(chat, "peers:");
    json_array_foreach(peers, index, peer)
    {
        say_peer(chat, peer);
    }
}

void kith_chat_who(struct kith_chat *chat)
{
    struct kith_chat_ask ask = {"GET", "/peers", NULL, on_who};
    kith_chat_ask(chat, &ask);
}

static void run_who(struct kith_chat *chat, const char *rest)
{
    (void)rest;
    kith_chat_who(chat);
}

static void on_rooms(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    size_t index;
    const json_t *room;
    char name[KITH_CHAT_TARGET_SIZE];
    char kind[KITH_CHAT_TARGET_SIZE];
    if (error) {
        kith_chat_refused(chat, answer);
        return;
    }
    kith_chat_say(chat, "rooms:");
    json_array_foreach(json_object_get(answer->json, "rooms"), index, room)
    {
        kith_chat_say(chat, "  %s  %s  %" JSON_INTEGER_FORMAT " online",
                      kith_chat_safe(room, "name", name),
                      kith_chat_safe(room, "kind", kind),
                      json_integer_value(json_object_get(room, "online")));
    }
}

static void run_rooms(struct kith_chat *chat, const char *rest)
{
    struct kith_chat_ask ask = {"GET", "/rooms", NULL, on_rooms};
    (void)rest;
    kith_chat_ask(chat, &ask);
}

static void on_joined(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    char room[KITH_CHAT_TARGET_SIZE];
    const char *id = json_string_value(json_object_get(answer->json, "id"));
    if (error || !id) {
        kith_chat_refused(chat, answer);
        kith_chat_stray(chat);
        return;
    }
    kith_chat_turn(chat, id, kith_chat_safe(answer->json, "id", room));
    kith_chat_say(chat, "you are in %s, and what you type now goes there", room);
}

static void run_join(struct kith_chat *chat, const char *rest)
{
    struct kith_chat_ask ask = {"POST", "/rooms/join", NULL, on_joined};
    if (rest[0] == '\0') {
        usage(chat, "/join #ROOM");
        kith_chat_stray(chat);
        return;
    }
    ask.take_body = kith_chat_body(chat, "room", rest);
    if (ask.take_body)
        kith_chat_ask(chat, &ask);
    else
        kith_chat_stray(chat);
}

static void on_left(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    char room[KITH_CHAT_TARGET_SIZE];
    const char *id = json_string_value(json_object_get(answer->json, "id"));
    if (error || !id) {
        kith_chat_refused(chat, answer);
        return;
    }
    if (strcmp(chat->target, id) == 0)
        kith_chat_move(chat, "#lobby", "#lobby");
    kith_chat_say(chat, "you left %s", kith_chat_safe(answer->json, "id", room));
}

static void run_leave(struct kith_chat *chat, const char *rest)
{
    struct kith_chat_ask ask = {"POST", "/rooms/leave", NULL, on_left};
    const char *room = rest[0] != '\0' ? rest : chat->target;
    if (rest[0] == '\0' && (room[0] != '#' || strcmp(room, "#lobby") == 0)) {
        usage(chat, "/leave #ROOM, or /leave in a room; /quit ends the chat");
        return;
    }
    ask.take_body = kith_chat_body(chat, "room", room);
    if (ask.take_body)
        kith_chat_ask(chat, &ask);
}

static void run_quit(struct kith_chat *chat, const char *rest)
{
    (void)rest;
    kith_chat_leave(chat);
}

/* ---- the table ---- */

static void run_help(struct kith_chat *chat, const char *rest);

static const struct entry entries[] = {
    {"help", "/help", "this list", run_help},
    {"msg", "/msg NAME [TEXT]", "say TEXT to NAME alone, or all that follows", run_msg},
    {"me", "/me TEXT", "say what you do, as in /me waves", run_me},
    {"say", "/say TEXT", "say TEXT as it stands, whatever it begins with", run_say},
    {"nick", "/nick NEW", "be called NEW from now on", run_nick},
    {"who", "/who", "the peers this node knows, and where they are", run_who},
    {"rooms", "/rooms", "the conversations of this node", run_rooms},
    {"join", "/join #ROOM", "be in a room; what follows goes there", run_join},
    {"leave", "/leave [#ROOM]", "be in it no more", run_leave},
    {"connect", "/connect ADDR", "connect to the peer at that address", run_connect},
    {"disconnect", "/disconnect PEER", "close the link to a peer, and keep it closed",
     run_disconnect},
    {"quit", "/quit", "leave", run_quit},
};

#define ENTRIES (sizeof entries / sizeof entries[0])

static void run_help(struct kith_chat *chat, const char *rest)
{
    (void)rest;
    kith_chat_say(chat, "a line goes to where the prompt says; one that begins with // "
                        "begins with a slash");
    for (size_t i = 0; i < ENTRIES; i++)
        kith_chat_say(chat, "  %-18s %s", entries[i].usage, entries[i].summary);
}

void kith_chat_command(struct kith_chat *chat, const char *line)
{
    struct kith_suggest suggest;
    char name[KITH_CHAT_TARGET_SIZE] = "";
    char shown[KITH_CHAT_TARGET_SIZE];
    const char *rest = kith_chat_target(line + 1, name);
    for (size_t i = 0; rest && i < ENTRIES; i++) {
        const char *after = kith_chat_after(line + 1, entries[i].name);
        if (after) {
            entries[i].run(chat, after);
            return;
        }
    }
    kith_suggest_init(&suggest, name);
    for (size_t i = 0; i < ENTRIES; i++)
        kith_suggest_offer(&suggest, entries[i].name);
    kith_cli_show_safe(name, shown, sizeof shown);
    if (suggest.best)
        kith_chat_say(chat,
                      "there is no /%s; did you mean /%s? // begins a line with a slash",
                      shown, suggest.best);
    else
        kith_chat_say(chat,
                      "there is no /%s; /help lists what there is, // begins a line "
                      "with a slash",
                      shown);
    if (suggest.best &&
        (strcmp(suggest.best, "msg") == 0 || strcmp(suggest.best, "join") == 0))
        kith_chat_stray(chat);
}
