/* SPDX-License-Identifier: MIT */
/* What a lone node knew before it started, and where it is. */
#include "lone.h"

static void restore(struct lone *l, const struct kith_record *record)
{
    int error = kith_node_restore(l->node, record);
    if (error != 0)
        l->error = error;
}

void lone_restore_counts(struct lone *l, uint32_t peers)
{
    struct kith_record record = {.type = KITH_RECORD_META};
    record.meta.arrival_next = record.meta.room_no_next = record.meta.log_no_next = 1;
    record.meta.peer_no_next = peers + 1;
    restore(l, &record);
}

void lone_restore_peer(struct lone *l, uint32_t no, const char *host, bool is_contact)
{
    struct lone_key key;
    lone_key_make(&key, no);
    struct kith_record record = {.type = KITH_RECORD_PEER};
    record.peer.no = no;
    record.peer.id = key.id;
    record.peer.last_seen = l->now.wall - 24 * KITH_HOUR + (kith_time)no * KITH_SECOND;
    record.peer.is_contact = is_contact;
    record.peer.address.port = (uint16_t)(5000 + no);
    memcpy(record.peer.address.host, host, strlen(host) + 1);
    restore(l, &record);
}

void lone_listen(struct lone *l, const char *host)
{
    struct kith_address address = {.port = 4747};
    memcpy(address.host, host, strlen(host) + 1);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LISTENING;
    in.command.listening.addresses = &address;
    in.command.listening.count = 1;
    lone_step(l, in);
}
