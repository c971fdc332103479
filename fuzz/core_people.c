/* SPDX-License-Identifier: MIT */
/* What people want of the node. */
#include "core_world.h"

#include <stdio.h>
#include <string.h>

static struct kith_name choose_name(uint8_t choice)
{
    static const char *const names[] = {"garden", KITH_LOBBY_NAME, "bob", "shed"};
    struct kith_name name = {0};
    snprintf(name.text, sizeof(name.text), "%s", names[choice % 4]);
    return name;
}

static void send(struct world *w, struct kith_command *command, uint8_t choice)
{
    static uint8_t text[KITH_TEXT_SIZE_MAX + 1];
    static struct kith_bytes texts[KITH_SEND_TEXTS_MAX];
    static const size_t sizes[] = {1, 5, 1000, KITH_TEXT_SIZE_MAX,
                                   KITH_TEXT_SIZE_MAX + 1};
    size_t size = choice >> 4; /* long ones are slow: seldom */
    (void)w;
    memset(text, 'n', sizeof(text));
    command->send.is_direct = choice & 4;
    command->send.peer = w->peers[choice % (WORLD_PEERS + 1)];
    command->send.room_no = choice & 3;
    command->send.text_count = choice & 8 ? 3 : 1;
    for (size_t i = 0; i < command->send.text_count; i++)
        texts[i] = kith_bytes(text, sizes[size > 11 ? size - 11 : size % 2]);
    command->send.texts = texts;
}

static void seek(struct world *w, struct kith_command *command, uint8_t choice)
{
    static struct kith_address addresses[2];
    command->seek.id = w->peers[choice % (WORLD_PEERS + 1)];
    command->seek.addresses = addresses;
    command->seek.count = (choice >> 2) % 3;
    for (uint8_t i = 0; i < 2; i++)
        addresses[i] = world_address((uint8_t)(choice >> 4) + i);
}

static void listening(struct kith_command *command, uint8_t choice)
{
    static struct kith_address addresses[3];
    command->listening.addresses = addresses;
    command->listening.count = choice % 4;
    for (uint8_t i = 0; i < 3; i++)
        addresses[i] = world_address((uint8_t)(choice >> 2) + i);
}

static void add_tracker(struct kith_command *command, uint8_t choice)
{
    snprintf(command->tracker.address.host, sizeof(command->tracker.address.host),
             "t%u.example", choice & 15u);
    command->tracker.address.port = 55555;
    command->tracker.is_kept = choice & 16;
    command->tracker.has_id = choice & 32;
    memset(command->tracker.id.bytes, 0xa1, KITH_ID_SIZE);
}

static void import(struct world *w, struct kith_command *command, uint8_t choice)
{
    const struct world_run *run = &w->runs[choice % (w->run_count + (w->run_count == 0))];
    enum world_room room = choice & 128 ? WORLD_DIRECT : run->room;
    command->import.kind = room == WORLD_DIRECT ? KITH_ROOM_DIRECT : KITH_ROOM_OPEN;
    command->import.room = world_room_id(w, room, (choice >> 5) % WORLD_PEERS);
    command->import.name = choose_name(room == WORLD_LOBBY);
    command->import.parties[0] = w->id;
    command->import.parties[1] = w->peers[(choice >> 5) % WORLD_PEERS];
    command->import.run = kith_bytes(run->bytes, run->size);
}

static void fill(struct world *w, struct kith_command *command, uint8_t choice)
{
    switch (command->type) {
    case KITH_COMMAND_SEND:
        send(w, command, choice);
        break;
    case KITH_COMMAND_CONNECT:
        command->connect = world_address(choice);
        break;
    case KITH_COMMAND_DISCONNECT:
        command->disconnect = w->peers[choice % (WORLD_PEERS + 1)];
        break;
    case KITH_COMMAND_RENAME:
        command->rename = choose_name(choice);
        break;
    case KITH_COMMAND_JOIN:
    case KITH_COMMAND_LEAVE:
        command->room = choose_name(choice);
        break;
    case KITH_COMMAND_BLOCK:
    case KITH_COMMAND_VERIFY:
        command->mark.peer = w->peers[choice % (WORLD_PEERS + 1)];
        command->mark.is_on = choice & 4;
        break;
    case KITH_COMMAND_LISTENING:
        listening(command, choice);
        break;
    case KITH_COMMAND_MAPPED:
        if (choice & 128)
            command->mapped = world_address(choice);
        break;
    case KITH_COMMAND_TRACKER:
        add_tracker(command, choice);
        break;
    case KITH_COMMAND_SEEK:
        seek(w, command, choice);
        break;
    case KITH_COMMAND_LOOKUP:
        command->lookup.is_name = choice & 4;
        command->lookup.id = w->peers[choice % (WORLD_PEERS + 1)];
        command->lookup.name = choose_name(choice);
        break;
    case KITH_COMMAND_STOP:
        w->has_stopped = true;
        break;
    case KITH_COMMAND_IMPORT:
        import(w, command, choice);
        break;
    }
}

void world_command(struct world *w, struct kith_reader *in)
{
    uint8_t type = kith_reader_u8(in), choice = kith_reader_u8(in);
    struct kith_input input = {.type = KITH_INPUT_COMMAND};
    input.command.type = (enum kith_command_type)(type % (KITH_COMMAND_IMPORT + 1));
    if (input.command.type == KITH_COMMAND_IMPORT && w->run_count == 0)
        return;
    fill(w, &input.command, choice);
    input.command.token = type & 128 ? 0 : world_token(w);
    world_step(w, &input);
}
