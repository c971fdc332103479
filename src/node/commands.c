/* SPDX-License-Identifier: MIT */
#include "node/commands.h"

#include <stdlib.h>
#include <string.h>

/* One pushed command with copies of what it points at behind it. */
struct item {
    struct kith_list link;
    struct kith_command command;
    kith_reply_cb *reply;
    void *ctx;
    size_t size; /* of this allocation */
    size_t cost; /* of a send: bytes it takes in a run */
    max_align_t rest[];
};

/* Items that went into the core as one command. */
struct batch {
    struct kith_list link;
    uint64_t token;
    struct kith_list items;
};

void kith_commands_init(struct kith_commands *commands)
{
    *commands = (struct kith_commands){.token_next = 1};
    kith_list_init(&commands->queued);
    kith_list_init(&commands->waiting);
    kith_list_init(&commands->unanswered);
}

bool kith_commands_is_empty(const struct kith_commands *commands)
{
    return kith_list_is_empty(&commands->queued);
}

/* ---- pushing ---- */

static size_t cost_of(const struct kith_command *command)
{
    size_t cost = 0;
    for (size_t i = 0; i < command->send.text_count; i++)
        cost += command->send.texts[i].size;
    return cost;
}

static size_t rest_size(const struct kith_command *command)
{
    size_t size = 0;
    if (command->type == KITH_COMMAND_LISTENING)
        return command->listening.count * sizeof(*command->listening.addresses);
    if (command->type == KITH_COMMAND_SEEK)
        return command->seek.count * sizeof(*command->seek.addresses);
    if (command->type == KITH_COMMAND_IMPORT)
        return command->import.run.size;
    if (command->type != KITH_COMMAND_SEND)
        return 0;
    for (size_t i = 0; i < command->send.text_count; i++)
        size += sizeof(struct kith_bytes) + command->send.texts[i].size;
    return size;
}

static void copy_texts(struct item *item, const struct kith_command *command)
{
    struct kith_bytes *texts = (struct kith_bytes *)(void *)item->rest;
    uint8_t *at = (uint8_t *)(texts + command->send.text_count);
    for (size_t i = 0; i < command->send.text_count; i++) {
        struct kith_bytes text = command->send.texts[i];
        texts[i] = kith_bytes(at, text.size);
        if (text.size > 0)
            memcpy(at, text.data, text.size);
        at += text.size;
    }
    item->command.send.texts = texts;
}

static const struct kith_address *copy_addresses(struct item *item,
                                                 const struct kith_address *addresses,
                                                 size_t count)
{
    struct kith_address *copy = (struct kith_address *)(void *)item->rest;
    if (count > 0)
        memcpy(copy, addresses, count * sizeof(*copy));
    return copy;
}

static void copy_run(struct item *item, const struct kith_command *command)
{
    struct kith_bytes run = command->import.run;
    if (run.size > 0)
        memcpy(item->rest, run.data, run.size);
    item->command.import.run = kith_bytes(item->rest, run.size);
}

/* What the node tells its own core. */
static bool is_of_the_node(const struct kith_command *command)
{
    return command->type == KITH_COMMAND_LISTENING ||
           command->type == KITH_COMMAND_MAPPED || command->type == KITH_COMMAND_STOP;
}

static int check(const struct kith_commands *commands, const struct kith_command *command,
                 size_t size)
{
    bool is_send = command->type == KITH_COMMAND_SEND;
    if (is_send &&
        (command->send.text_count == 0 || command->send.text_count > KITH_SEND_TEXTS_MAX))
        return KITH_EINVALID;
    for (size_t i = 0; is_send && i < command->send.text_count; i++) {
        if (command->send.texts[i].size > KITH_TEXT_SIZE_MAX)
            return KITH_ETEXTSIZE;
        if (!kith_text_is_valid(command->send.texts[i]))
            return KITH_ETEXT; /* here, where it spoils nobody else's run */
    }
    if (is_send && cost_of(command) > KITH_SEND_SIZE_MAX)
        return KITH_ELIMIT;
    if (!is_of_the_node(command) && (commands->count >= KITH_COMMANDS_MAX ||
                                     commands->size + size > KITH_COMMANDS_SIZE_MAX))
        return KITH_ELIMIT;
    return 0;
}

int kith_commands_push(struct kith_commands *commands, const struct kith_command *command,
                       kith_reply_cb *reply, void *ctx)
{
    size_t size = sizeof(struct item) + rest_size(command);
    int error = check(commands, command, size);
    if (error != 0)
        return error;
    struct item *item = malloc(size);
    if (item == NULL)
        return KITH_ENOMEM;
    *item = (struct item){.command = *command, .reply = reply, .ctx = ctx, .size = size};
    if (command->type == KITH_COMMAND_SEND) {
        copy_texts(item, command);
        item->cost = cost_of(command);
    } else if (command->type == KITH_COMMAND_LISTENING) {
        item->command.listening.addresses =
            copy_addresses(item, command->listening.addresses, command->listening.count);
    } else if (command->type == KITH_COMMAND_SEEK) {
        item->command.seek.addresses =
            copy_addresses(item, command->seek.addresses, command->seek.count);
    } else if (command->type == KITH_COMMAND_IMPORT) {
        copy_run(item, command);
    }
    kith_list_push(&commands->queued, &item->link);
    commands->count++;
    commands->size += size;
    return 0;
}

/* ---- answering ---- */

static void answer(struct kith_commands *commands, struct item *item,
                   const struct kith_notice *notice)
{
    commands->count--;
    commands->size -= item->size;
    if (item->reply != NULL)
        item->reply(item->ctx, notice);
    free(item);
}

/* The part of a shared run's reply that is this item's: its texts from `offset` on. */
static struct kith_notice part_of(const struct kith_notice *notice, size_t offset,
                                  size_t count)
{
    struct kith_notice part = *notice;
    if (notice->reply.error != 0 || notice->reply.ids == NULL)
        return part;
    part.reply.seq_first += offset;
    part.reply.hlc_first += offset;
    part.reply.ids += offset;
    part.reply.count = count;
    return part;
}

static void answer_batch(struct kith_commands *commands, struct batch *batch,
                         const struct kith_notice *notice)
{
    size_t offset = 0;
    kith_list_remove(&batch->link);
    while (!kith_list_is_empty(&batch->items)) {
        struct item *item = kith_list_item(batch->items.next, struct item, link);
        size_t count =
            item->command.type == KITH_COMMAND_SEND ? item->command.send.text_count : 0;
        struct kith_notice part = count > 0 ? part_of(notice, offset, count) : *notice;
        offset += count;
        kith_list_remove(&item->link);
        answer(commands, item, &part);
    }
    free(batch);
}

/* Commands that nobody waits for live until the core has taken them. */
static void forget_unanswered(struct kith_commands *commands)
{
    static const struct kith_notice nothing = {.type = KITH_NOTICE_REPLY};
    while (!kith_list_is_empty(&commands->unanswered))
        answer_batch(commands,
                     kith_list_item(commands->unanswered.next, struct batch, link),
                     &nothing);
}

/* ---- into the core ---- */

static struct item *first_queued(struct kith_commands *commands)
{
    return kith_list_item(commands->queued.next, struct item, link);
}

static bool same_room(const struct kith_command *a, const struct kith_command *b)
{
    if (a->type != KITH_COMMAND_SEND || b->type != KITH_COMMAND_SEND ||
        a->send.is_direct != b->send.is_direct)
        return false;
    return a->send.is_direct ? kith_id_equal(&a->send.peer, &b->send.peer)
                             : a->send.room_no == b->send.room_no;
}

static void add_texts(struct kith_commands *commands, const struct item *item,
                      size_t *count)
{
    memcpy(&commands->texts[*count], item->command.send.texts,
           item->command.send.text_count * sizeof(*commands->texts));
    *count += item->command.send.text_count;
}

/* Moves items of the first one's room into the batch, as long as they fit a run. */
static void gather(struct kith_commands *commands, struct batch *batch,
                   struct kith_command *out)
{
    size_t count = 0, cost = 0;
    while (!kith_list_is_empty(&commands->queued)) {
        struct item *item = first_queued(commands);
        if (!same_room(out, &item->command) || cost + item->cost > KITH_SEND_SIZE_MAX ||
            count + item->command.send.text_count > KITH_SEND_TEXTS_MAX)
            break;
        add_texts(commands, item, &count);
        cost += item->cost;
        kith_list_remove(&item->link);
        kith_list_push(&batch->items, &item->link);
    }
    out->send.texts = commands->texts;
    out->send.text_count = count;
}

bool kith_commands_pop(struct kith_commands *commands, struct kith_command *out)
{
    forget_unanswered(commands);
    if (kith_commands_is_empty(commands))
        return false;
    struct batch *batch = malloc(sizeof(*batch));
    if (batch == NULL)
        return false; /* tried again at the end of the next turn */
    struct item *first = first_queued(commands);
    kith_list_init(&batch->items);
    bool is_awaited = first->reply != NULL || first->command.type == KITH_COMMAND_SEND;
    batch->token = is_awaited ? commands->token_next++ : 0;
    *out = first->command;
    out->token = batch->token;
    if (out->type == KITH_COMMAND_SEND) {
        gather(commands, batch, out);
    } else {
        kith_list_remove(&first->link);
        kith_list_push(&batch->items, &first->link);
    }
    kith_list_push(is_awaited ? &commands->waiting : &commands->unanswered, &batch->link);
    return true;
}

/* ---- and back ---- */

void kith_commands_reply(struct kith_commands *commands, const struct kith_notice *notice)
{
    kith_list_each_safe (node, &commands->waiting) {
        struct batch *batch = kith_list_item(node, struct batch, link);
        if (batch->token != notice->reply.token)
            continue;
        answer_batch(commands, batch, notice);
        return;
    }
}

void kith_commands_abandon(struct kith_commands *commands, int error)
{
    struct kith_notice notice = {.type = KITH_NOTICE_REPLY, .reply = {.error = error}};
    forget_unanswered(commands);
    while (!kith_list_is_empty(&commands->waiting))
        answer_batch(commands, kith_list_item(commands->waiting.next, struct batch, link),
                     &notice);
    while (!kith_list_is_empty(&commands->queued)) {
        struct item *item = first_queued(commands);
        kith_list_remove(&item->link);
        answer(commands, item, &notice);
    }
}
