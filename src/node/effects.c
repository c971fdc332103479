/* SPDX-License-Identifier: MIT */
#include "node/inside.h"
#include "node/lan.h"
#include "node/contact_relay.h"
#include "node/trackers.h"

#include <string.h>

/* ---- rows ---- */

/* The marker comes alone: its sync may fail behind the commit, and what is there then is
 * to be none of the rows that somebody is told were not stored. */
static int put(struct kith_runtime *runtime, const struct kith_record *record)
{
    int error = kith_store_is_dirty(runtime->store)
                    ? 0
                    : kith_store_mark(runtime->store, runtime->marker);
    return error == 0 ? kith_store_put(runtime->store, record) : error;
}

static void store(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    struct kith_pending *pending = &runtime->pending;
    const struct kith_record *record = &effect->store.record;
    if (pending->error != 0)
        return; /* rolled back; the core puts it again once it knows */
    int error = put(runtime, record);
    if (error != 0) {
        kith_turn_store_failed(runtime, error);
        return;
    }
    pending->store_no = effect->store.store_no;
    if (record->type == KITH_RECORD_RUN)
        pending->arrival = record->run.arrival_first + record->run.run->count;
}

static void load(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    kith_turn_defer(runtime, &(struct kith_backlog_item){
                                 .type = KITH_INPUT_LOADED,
                                 .load = {.load_no = effect->load.load_no,
                                          .log_no = effect->load.log_no,
                                          .seq_from = effect->load.seq_from,
                                          .seq_last = effect->load.seq_last,
                                          .bytes_max = effect->load.bytes_max}});
}

static void verify(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    struct kith_verify_task task = {.verify_no = effect->verify.verify_no,
                                    .author = effect->verify.author};
    memcpy(task.message, effect->verify.message, sizeof(task.message));
    memcpy(task.signature, effect->verify.signature, sizeof(task.signature));
    if (kith_verifier_add(&runtime->verifier, &task) != 0)
        kith_turn_broke(runtime, KITH_ENOMEM);
}

/* ---- the net ---- */

static void log_dial(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    char address[KITH_ADDRESS_TEXT_SIZE];
    size_t slot = effect->dial.dial % KITH_DIALS_REMEMBERED;
    runtime->dials[slot].dial = effect->dial.dial;
    runtime->dials[slot].address = effect->dial.addresses[0];
    if (runtime->log == NULL || runtime->log->level < KITH_LOGGER_DEBUG)
        return;
    kith_address_format(&effect->dial.addresses[0], address);
    kith_logger_write(runtime->log, KITH_LOGGER_DEBUG, "net", "dialling", "address",
                      address, NULL);
}

static void dial(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    log_dial(runtime, effect);
    const struct kith_net_target target = {
        .addresses = effect->dial.addresses,
        .count = effect->dial.address_count,
        .expected = effect->dial.has_expected ? &effect->dial.expected : NULL,
        .ticket = effect->dial.ticket,
        .relay = effect->dial.ticket != NULL ? &effect->dial.relay : NULL,
        .is_in_tls = effect->dial.is_in_tls,
        .is_listener = effect->dial.role == KITH_ROLE_LISTENER,
        .from_port = effect->dial.is_meeting ? kith_trackers_port(runtime) : 0,
        .is_meeting = effect->dial.is_meeting,
    };
    int error = kith_net_dial(runtime->net, effect->dial.dial, &target);
    if (error != 0)
        kith_turn_defer(runtime,
                        &(struct kith_backlog_item){.type = KITH_INPUT_DIAL_FAILED,
                                                    .down = {effect->dial.dial, error}});
}

static void carry_out(struct kith_runtime *runtime, const struct kith_effect *effect)
{
    switch (effect->type) {
    case KITH_EFFECT_SEND:
        kith_net_send(runtime->net, effect->send.link, effect->send.bytes);
        break;
    case KITH_EFFECT_DIAL:
        dial(runtime, effect);
        break;
    case KITH_EFFECT_CLOSE:
        kith_net_close(runtime->net, effect->close.link, effect->close.error);
        break;
    case KITH_EFFECT_TRUST:
        kith_net_limit(runtime->net, effect->trust.link, KITH_NET_FRAME_SIZE_MAX);
        break;
    case KITH_EFFECT_PAUSE:
        kith_net_pause(runtime->net, effect->pause.link, effect->pause.is_paused);
        break;
    case KITH_EFFECT_STORE:
        store(runtime, effect);
        break;
    case KITH_EFFECT_LOAD:
        load(runtime, effect);
        break;
    case KITH_EFFECT_VERIFY:
        verify(runtime, effect);
        break;
    case KITH_EFFECT_DATAGRAM:
        kith_lan_carry_out(runtime, effect);
        break;
    case KITH_EFFECT_RELAY:
        kith_contact_relay_carry_out(runtime, effect);
        break;
    case KITH_EFFECT_TRACKER_DIAL:
    case KITH_EFFECT_TRACKER_SEND:
    case KITH_EFFECT_TRACKER_CLOSE:
        kith_trackers_carry_out(runtime, effect);
        break;
    case KITH_EFFECT_TELL:
        kith_notices_tell(runtime, &effect->tell);
        break;
    }
}

void kith_effects_carry_out(struct kith_runtime *runtime,
                            const struct kith_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++)
        carry_out(runtime, &effects->items[i]);
}
