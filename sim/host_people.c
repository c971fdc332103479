/* SPDX-License-Identifier: MIT */
/* The people at a host: what they ask of the node, what they are told. */
#include "host.h"

#include "checker.h"
#include "workload.h"
#include "world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- asking ---- */

static uint64_t command(struct sim_world *world, uint32_t host_no,
                        struct kith_command *command)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (host->node == NULL)
        return 0;
    command->token = ++world->token_next;
    struct kith_input input = {.type = KITH_INPUT_COMMAND, .command = *command};
    sim_host_step(world, host, &input);
    return command->token;
}

/* Of an open room; one that nobody has when this host was never in it. */
static uint32_t room_number(const struct sim_host *host, uint32_t room)
{
    struct kith_name name = sim_ledger_room(room);
    for (uint32_t no = 1; no <= host->disk.room_no_max; no++)
        if (host->disk.rooms[no].kind == KITH_ROOM_OPEN &&
            strcmp(host->disk.rooms[no].name.text, name.text) == 0)
            return no;
    return UINT32_MAX;
}

bool sim_host_was_in(const struct sim_host *host, uint32_t room)
{
    return room_number(host, room) != UINT32_MAX;
}

bool sim_host_is_in(const struct sim_host *host, uint32_t room)
{
    const uint32_t no = room_number(host, room);
    return no != UINT32_MAX && host->disk.rooms[no].is_joined;
}

uint32_t sim_host_say_many(struct sim_world *world, uint32_t host_no, uint32_t to,
                           const struct kith_bytes *tails, size_t count)
{
    struct sim_host *host = sim_world_host(world, host_no);
    if (host->node == NULL || count == 0 || count > KITH_SEND_TEXTS_MAX)
        return 0;
    struct kith_bytes texts[KITH_SEND_TEXTS_MAX];
    const uint32_t first = world->ledger.count + 1;
    for (size_t i = 0; i < count; i++) {
        const uint32_t no =
            sim_ledger_add(&world->ledger, host_no, to, world->token_next + 1, tails[i]);
        texts[i] = sim_ledger_text(&world->ledger, no)->bytes;
    }
    sim_world_say(world, host_no, "! say %" PRIu32 " and %zu more, to host %" PRIu32,
                  first, count - 1, to);
    const bool is_direct = sim_text_is_direct(sim_ledger_text(&world->ledger, first));
    struct kith_command send = {
        .type = KITH_COMMAND_SEND,
        .send = {.is_direct = is_direct, .texts = texts, .text_count = count}};
    if (to & SIM_ROOM)
        send.send.room_no = room_number(host, to);
    if (is_direct)
        send.send.peer = sim_world_host(world, to)->identity.id;
    command(world, host_no, &send);
    return first;
}

uint32_t sim_host_say(struct sim_world *world, uint32_t host, uint32_t to,
                      const char *tail)
{
    const struct kith_bytes bytes = kith_bytes(tail, strlen(tail));
    return sim_host_say_many(world, host, to, &bytes, 1);
}

uint64_t sim_host_connect(struct sim_world *world, uint32_t host, uint32_t to)
{
    sim_world_say(world, host, "! connect host %" PRIu32, to);
    struct kith_command connect = {.type = KITH_COMMAND_CONNECT,
                                   .connect = sim_wire_address(&world->wire, to)};
    return command(world, host, &connect);
}

void sim_host_keep_dialling(struct sim_world *world, uint32_t host_no, uint32_t to)
{
    struct sim_host *host = sim_world_host(world, host_no);
    struct kith_input input = {
        .type = KITH_INPUT_COMMAND,
        .command = {.type = KITH_COMMAND_CONNECT,
                    .connect = sim_wire_address(&world->wire, to)}};
    sim_host_step(world, host, &input);
}

uint64_t sim_host_disconnect(struct sim_world *world, uint32_t host, uint32_t from)
{
    sim_world_say(world, host, "! disconnect host %" PRIu32, from);
    struct kith_command disconnect = {.type = KITH_COMMAND_DISCONNECT,
                                      .disconnect =
                                          sim_world_host(world, from)->identity.id};
    return command(world, host, &disconnect);
}

uint64_t sim_host_rename(struct sim_world *world, uint32_t host, const char *name)
{
    sim_world_say(world, host, "! rename %s", name);
    struct kith_command rename = {.type = KITH_COMMAND_RENAME};
    snprintf(rename.rename.text, sizeof(rename.rename.text), "%s", name);
    return command(world, host, &rename);
}

static uint64_t change_room(struct sim_world *world, uint32_t host, uint32_t room,
                            enum kith_command_type type)
{
    struct kith_command change = {.type = type, .room = sim_ledger_room(room)};
    sim_world_say(world, host, "! %s %s", type == KITH_COMMAND_JOIN ? "join" : "leave",
                  change.room.text);
    return command(world, host, &change);
}

uint64_t sim_host_join(struct sim_world *world, uint32_t host, uint32_t room)
{
    return change_room(world, host, room, KITH_COMMAND_JOIN);
}

uint64_t sim_host_leave(struct sim_world *world, uint32_t host, uint32_t room)
{
    return change_room(world, host, room, KITH_COMMAND_LEAVE);
}

/* ---- being told ---- */

struct kith_id sim_host_peer_id(const struct sim_host *host, uint32_t no)
{
    struct kith_peer_view view;
    if (no == 0)
        return host->identity.id;
    if (host->node == NULL || !kith_node_peer(host->node, no, &view))
        return (struct kith_id){0};
    return view.id;
}

/* The first text that was asked for with this token, or NULL. */
static struct sim_text *text_of_token(struct sim_world *world, uint64_t token)
{
    for (uint32_t no = world->ledger.count; no > 0; no--) {
        struct sim_text *text = sim_ledger_text(&world->ledger, no);
        if (text->token > token)
            continue;
        if (text->token < token)
            return NULL;
        while (no > 1 && sim_ledger_text(&world->ledger, no - 1)->token == token)
            no--;
        return sim_ledger_text(&world->ledger, no);
    }
    return NULL;
}

static void settle(struct sim_world *world, struct sim_host *host, struct sim_text *first,
                   const struct kith_notice *notice)
{
    size_t count = 0;
    while (first->no + count <= world->ledger.count &&
           first[count].token == notice->reply.token)
        count++;
    if (notice->reply.error == 0 && notice->reply.count != count) {
        sim_world_fail(world, "reply",
                       "host %" PRIu32 " asked to send %zu texts, %zu are "
                       "said to be sent",
                       host->no, count, notice->reply.count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct sim_text *text = &first[i];
        if (text->state != SIM_TEXT_ASKED) {
            sim_world_fail(world, "reply",
                           "host %" PRIu32 " answers twice for text %" PRIu32, host->no,
                           text->no);
            return;
        }
        text->error = notice->reply.error;
        text->state = text->error == 0 ? SIM_TEXT_STORED : SIM_TEXT_REFUSED;
        if (text->error != 0)
            continue;
        text->log_no = notice->reply.log_no;
        text->seq = notice->reply.seq_first + i;
        text->id = notice->reply.ids[i];
    }
}

static void keep_notice(struct sim_world *world, struct sim_host *host,
                        const struct kith_notice *notice)
{
    struct sim_notice kept = {
        .at = world->now, .generation = host->generation, .type = notice->type};
    switch (notice->type) {
    case KITH_NOTICE_PEER: {
        struct kith_peer_view view;
        if (kith_node_peer(host->node, notice->peer.peer_no, &view)) {
            kept.peer = view.id;
            snprintf(kept.name.text, sizeof(kept.name.text), "%s", view.name);
        }
        kept.change = notice->peer.change;
        break;
    }
    case KITH_NOTICE_DELIVERY:
        kept.peer = sim_host_peer_id(host, notice->delivery.peer_no);
        kept.log_no = notice->delivery.log_no;
        kept.seq = notice->delivery.seq;
        break;
    case KITH_NOTICE_REPLY:
        kept.token = notice->reply.token;
        kept.error = notice->reply.error;
        kept.peer = sim_host_peer_id(host, notice->reply.peer_no);
        break;
    case KITH_NOTICE_WARNING:
        kept.warning = notice->warning.warning;
        kept.peer = notice->warning.peer;
        kept.error = notice->warning.error;
        break;
    case KITH_NOTICE_MESSAGE:
    case KITH_NOTICE_TRACKER:
        return;
    }
    host->notices = sim_grown(host->notices, &host->notice_capacity, host->notice_count,
                              sizeof(*host->notices));
    host->notices[host->notice_count++] = kept;
}

static void trace_notice(struct sim_world *world, const struct sim_host *host,
                         const struct kith_notice *notice)
{
    switch (notice->type) {
    case KITH_NOTICE_MESSAGE: {
        const struct kith_run *run = notice->message.run;
        const struct sim_host *author = sim_world_host_of(world, &run->author);
        sim_world_say(world, host->no,
                      "! message of host %" PRIu32 " log %" PRIu32
                      " (%02x%02x%02x%02x) seq %" PRIu64 " and %zu more",
                      author == NULL ? 0 : author->no, notice->message.log_no,
                      run->log.bytes[0], run->log.bytes[1], run->log.bytes[2],
                      run->log.bytes[3], run->seq_first, run->count - 1);
        break;
    }
    case KITH_NOTICE_PEER:
        sim_world_say(world, host->no, "! peer %" PRIu32 " change %d",
                      notice->peer.peer_no, (int)notice->peer.change);
        break;
    case KITH_NOTICE_DELIVERY:
        sim_world_say(
            world, host->no, "! delivery log %" PRIu32 " seq %" PRIu64 " peer %" PRIu32,
            notice->delivery.log_no, notice->delivery.seq, notice->delivery.peer_no);
        break;
    case KITH_NOTICE_REPLY:
        sim_world_say(world, host->no, "! reply %" PRIu64 " %s", notice->reply.token,
                      kith_error_name(notice->reply.error));
        break;
    case KITH_NOTICE_WARNING:
        sim_world_say(world, host->no, "! warning %d %s", (int)notice->warning.warning,
                      kith_error_name(notice->warning.error));
        break;
    case KITH_NOTICE_TRACKER:
        break; /* hosts here have none */
    }
}

static void count_notice(struct sim_world *world, const struct kith_notice *notice)
{
    const bool is_warning = notice->type == KITH_NOTICE_WARNING;
    const enum kith_warning warning = is_warning ? notice->warning.warning : 0;
    world->tally[SIM_TALLY_FORKS] += is_warning && warning == KITH_WARNING_FORK;
    world->tally[SIM_TALLY_COPIES] += is_warning && warning == KITH_WARNING_COPIED_HOME;
    world->tally[SIM_TALLY_ACCUSED] += is_warning && warning == KITH_WARNING_FAULT;
    world->tally[SIM_TALLY_DELIVERED] += notice->type == KITH_NOTICE_DELIVERY &&
                                         world->workload != NULL &&
                                         !world->workload->is_over;
}

void sim_host_tell(struct sim_world *world, struct sim_host *host,
                   const struct kith_notice *notice)
{
    trace_notice(world, host, notice);
    count_notice(world, notice);
    if (notice->type == KITH_NOTICE_REPLY) {
        struct sim_text *first = text_of_token(world, notice->reply.token);
        if (first != NULL) {
            settle(world, host, first, notice);
            return;
        }
    }
    sim_check_notice(world, host, notice);
    keep_notice(world, host, notice);
}

/* ---- questions ---- */

bool sim_host_has_text(const struct sim_world *world, uint32_t host, uint32_t text_no)
{
    return sim_disk_text_count(&sim_world_host(world, host)->disk, text_no) > 0;
}

bool sim_host_has_shown(const struct sim_world *world, uint32_t host_no, uint32_t text_no)
{
    const struct sim_host *host = sim_world_host(world, host_no);
    return text_no < host->shown_capacity && host->shown[text_no] > 0;
}

static bool find_peer(const struct sim_world *world, uint32_t host_no, uint32_t peer,
                      struct kith_peer_view *out)
{
    const struct sim_host *host = sim_world_host(world, host_no);
    const struct kith_id *id = &sim_world_host(world, peer)->identity.id;
    if (host->node == NULL)
        return false;
    for (uint32_t no = 1; no <= kith_node_peer_count(host->node); no++) {
        if (kith_node_peer(host->node, no, out) && kith_id_equal(&out->id, id))
            return true;
    }
    return false;
}

bool sim_host_sees(const struct sim_world *world, uint32_t host, uint32_t peer)
{
    struct kith_peer_view view;
    return find_peer(world, host, peer, &view) && view.is_online;
}

const char *sim_host_name_of(const struct sim_world *world, uint32_t host, uint32_t peer)
{
    struct kith_peer_view view;
    return find_peer(world, host, peer, &view) ? view.name : "";
}

bool sim_host_is_delivered(const struct sim_world *world, uint32_t text_no)
{
    const struct sim_text *text = sim_ledger_text(&world->ledger, text_no);
    const struct sim_host *host = sim_world_host(world, text->author);
    return host->node != NULL && text->state == SIM_TEXT_STORED &&
           kith_node_delivery(host->node, text->log_no, text->seq).is_delivered;
}

size_t sim_host_count_peer_notices(const struct sim_world *world, uint32_t host_no,
                                   uint32_t peer, enum kith_peer_change change)
{
    const struct sim_host *host = sim_world_host(world, host_no);
    size_t count = 0;
    for (size_t i = 0; i < host->notice_count; i++) {
        const struct sim_notice *notice = &host->notices[i];
        count += notice->type == KITH_NOTICE_PEER && notice->change == change &&
                 (peer == 0 || kith_id_equal(&notice->peer,
                                             &sim_world_host(world, peer)->identity.id));
    }
    return count;
}

size_t sim_host_count_warnings(const struct sim_world *world, uint32_t host_no,
                               enum kith_warning warning)
{
    const struct sim_host *host = sim_world_host(world, host_no);
    size_t count = 0;
    for (size_t i = 0; i < host->notice_count; i++)
        count += host->notices[i].type == KITH_NOTICE_WARNING &&
                 host->notices[i].warning == warning;
    return count;
}

const struct sim_notice *sim_host_reply(const struct sim_world *world, uint32_t host_no,
                                        uint64_t token)
{
    const struct sim_host *host = sim_world_host(world, host_no);
    for (size_t i = host->notice_count; i > 0; i--) {
        const struct sim_notice *notice = &host->notices[i - 1];
        if (notice->type == KITH_NOTICE_REPLY && notice->token == token)
            return notice;
    }
    return NULL;
}
