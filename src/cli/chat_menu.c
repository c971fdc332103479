/* SPDX-License-Identifier: MIT */
#include "cli/chat_menu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "cli/ask.h"
#include "cli/chat_session.h"

static const char entries[] = "1. Send Message\n"
                              "2. Broadcast Message\n"
                              "3. Query Active Peers\n"
                              "4. Connect to a Peer\n"
                              "5. Disconnect from a Peer\n"
                              "6. Quit\n";

const char *kith_chat_menu_prompt(const struct kith_chat_menu *menu)
{
    static const char *const prompts[] = {
        [KITH_CHAT_MENU_CHOICE] = "Enter your choice:",
        [KITH_CHAT_MENU_IP] = "Enter peer IP:",
        [KITH_CHAT_MENU_PORT] = "Enter peer port:",
        [KITH_CHAT_MENU_MESSAGE] = "Enter message:",
    };
    return prompts[menu->step];
}

static bool parse_port(const char *text, uint16_t *out)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || port == 0 || port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

/* Only what is an address as it stands, with dots, colons or the one well-known name. */
static bool looks_like_address(const char *ip)
{
    return strpbrk(ip, ".:") != NULL || strcmp(ip, "localhost") == 0;
}

bool kith_chat_menu_address(const char *ip, const char *port,
                            char out[static KITH_CHAT_TARGET_SIZE])
{
    struct kith_address address = {.port = KITH_PORT_DEFAULT};
    uint16_t number = KITH_PORT_DEFAULT;
    if (port[0] != '\0' && !parse_port(port, &number))
        return false;
    if (strcmp(ip, "localhost") == 0)
        ip = "127.0.0.1";
    if (looks_like_address(ip) && kith_address_parse(kith_bytes(ip, strlen(ip)), number,
                                                     false, &address, NULL) == 0) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&address, text);
        snprintf(out, KITH_CHAT_TARGET_SIZE, "%s", text);
        return true;
    }
    int size = snprintf(out, KITH_CHAT_TARGET_SIZE, "%s", ip);
    return size > 0 && size < KITH_CHAT_TARGET_SIZE;
}

static void ask_for(struct kith_chat *chat, enum kith_chat_menu_step step)
{
    chat->menu.step = step;
    chat->menu.is_due = step == KITH_CHAT_MENU_CHOICE;
    if (!chat->menu.is_due)
        kith_chat_prompt(chat);
}

void kith_chat_menu_begin(struct kith_chat *chat)
{
    ask_for(chat, KITH_CHAT_MENU_CHOICE);
}

void kith_chat_menu_show(struct kith_chat *chat)
{
    if (!chat->menu.is_due)
        return;
    chat->menu.is_due = false;
    kith_chat_text(chat, entries, sizeof entries - 1);
    kith_chat_prompt(chat);
}

bool kith_chat_menu_cancel(struct kith_chat *chat)
{
    if (chat->menu.step <= KITH_CHAT_MENU_CHOICE)
        return false;
    ask_for(chat, KITH_CHAT_MENU_CHOICE);
    return true;
}

/* ---- sending to an address nobody is connected to yet ---- */

static void on_connected(struct kith_chat *chat, int error,
                         const struct kith_answer *answer)
{
    char *text = chat->menu.text;
    const char *id = json_string_value(json_object_get(answer->json, "id"));
    chat->menu.text = NULL;
    if (error)
        kith_chat_refused(chat, answer);
    else if (id)
        kith_chat_send(chat, id, text);
    if (error)
        kith_chat_say(chat, "the message was not sent");
    free(text);
}

static bool is_connected(const json_t *peers, const char *address)
{
    size_t index;
    const json_t *peer;
    json_array_foreach(peers, index, peer)
    {
        const char *other = json_string_value(json_object_get(peer, "address"));
        const char *state = json_string_value(json_object_get(peer, "state"));
        if (other && state && strcmp(other, address) == 0 && strcmp(state, "online") == 0)
            return true;
    }
    return false;
}

static void on_peers(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    struct kith_chat_ask ask = {"POST", "/peers/connect", NULL, on_connected};
    struct kith_chat_menu *menu = &chat->menu;
    if (error || !looks_like_address(menu->target) ||
        is_connected(json_object_get(answer->json, "peers"), menu->target)) {
        char *text = menu->text;
        menu->text = NULL;
        kith_chat_send(chat, menu->target, text);
        free(text);
        return;
    }
    ask.take_body = kith_chat_body(chat, "address", menu->target);
    if (ask.take_body)
        kith_chat_ask(chat, &ask);
}

static void send_text(struct kith_chat *chat, const char *text)
{
    struct kith_chat_ask ask = {"GET", "/peers", NULL, on_peers};
    free(chat->menu.text);
    chat->menu.text = strdup(text);
    if (chat->menu.text)
        kith_chat_ask(chat, &ask);
}

/* ---- what was typed ---- */

static void carry_out(struct kith_chat *chat, const char *text)
{
    struct kith_chat_menu *menu = &chat->menu;
    ask_for(chat, KITH_CHAT_MENU_CHOICE); /* once it is done */
    switch (menu->entry) {
    case KITH_CHAT_MENU_SEND:
        send_text(chat, text);
        break;
    case KITH_CHAT_MENU_BROADCAST:
        kith_chat_send(chat, "#lobby", text);
        break;
    case KITH_CHAT_MENU_CONNECT:
        kith_chat_connect(chat, menu->target);
        break;
    case KITH_CHAT_MENU_DISCONNECT:
        kith_chat_disconnect(chat, menu->target);
        break;
    case KITH_CHAT_MENU_QUERY:
        kith_chat_who(chat);
        break;
    case KITH_CHAT_MENU_QUIT:
        kith_chat_leave(chat);
        break;
    }
}

static void choose(struct kith_chat *chat, const char *line)
{
    char *end;
    unsigned long entry = strtoul(line, &end, 10);
    if (line[0] == '\0') {
        ask_for(chat, KITH_CHAT_MENU_CHOICE);
        return;
    }
    if (*end != '\0' || entry < KITH_CHAT_MENU_SEND || entry > KITH_CHAT_MENU_QUIT) {
        kith_chat_say(chat, "that is none of the entries; type a number from 1 to 6");
        ask_for(chat, KITH_CHAT_MENU_CHOICE);
        return;
    }
    chat->menu.entry = (enum kith_chat_menu_entry)entry;
    if (entry == KITH_CHAT_MENU_BROADCAST)
        ask_for(chat, KITH_CHAT_MENU_MESSAGE);
    else if (entry == KITH_CHAT_MENU_QUERY || entry == KITH_CHAT_MENU_QUIT)
        carry_out(chat, "");
    else
        ask_for(chat, KITH_CHAT_MENU_IP);
}

static void take_port(struct kith_chat *chat, const char *line)
{
    struct kith_chat_menu *menu = &chat->menu;
    if (!kith_chat_menu_address(menu->ip, line, menu->target)) {
        kith_chat_say(chat, "a port is a number from 1 to 65535");
        kith_chat_prompt(chat);
    } else if (menu->entry == KITH_CHAT_MENU_SEND) {
        ask_for(chat, KITH_CHAT_MENU_MESSAGE);
    } else {
        carry_out(chat, "");
    }
}

static void take_ip(struct kith_chat *chat, const char *line)
{
    if (line[0] == '\0' || strlen(line) >= KITH_CHAT_TARGET_SIZE) {
        kith_chat_say(chat, "type the address of a peer, as 192.168.7.20, or its name");
        kith_chat_prompt(chat);
        return;
    }
    snprintf(chat->menu.ip, sizeof chat->menu.ip, "%s", line);
    ask_for(chat, KITH_CHAT_MENU_PORT);
}

void kith_chat_menu_line(struct kith_chat *chat, const char *line)
{
    switch (chat->menu.step) {
    case KITH_CHAT_MENU_IP:
        take_ip(chat, line);
        break;
    case KITH_CHAT_MENU_PORT:
        take_port(chat, line);
        break;
    case KITH_CHAT_MENU_MESSAGE:
        if (line[0] != '\0') {
            carry_out(chat, line);
            break;
        }
        kith_chat_say(chat, "nothing was sent");
        ask_for(chat, KITH_CHAT_MENU_CHOICE);
        break;
    case KITH_CHAT_MENU_CHOICE:
    case KITH_CHAT_MENU_OFF:
        choose(chat, line);
        break;
    }
}
