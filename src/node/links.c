/* SPDX-License-Identifier: MIT */
#include "node/clock.h"
#include "node/inside.h"
#include "node/contact_relay.h"

#include <string.h>

#include "proto/frame.h"

_Static_assert(KITH_NET_EXPORTER_SIZE == KITH_EXPORTER_SIZE, "net hands over the core's");
_Static_assert(KITH_NET_FRAME_SIZE_MAX >= KITH_FRAME_SIZE_MAX, "every frame fits");

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct kith_input input = {
        .type = KITH_INPUT_LINK_UP,
        .link_up = {.link = up->link,
                    .dial = up->dial,
                    .role = up->is_dialler ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER,
                    .is_lan = up->is_lan,
                    .is_relayed = up->is_relayed,
                    .peer = up->peer,
                    .remote = up->remote}};
    memcpy(input.link_up.exporter_net, up->exporter_net, KITH_EXPORTER_SIZE);
    memcpy(input.link_up.exporter_room, up->exporter_room, KITH_EXPORTER_SIZE);
    kith_turn_input(ctx, &input);
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct kith_input input = {.type = KITH_INPUT_FRAME,
                               .frame = {.link = link, .bytes = frame}};
    kith_turn_input(ctx, &input);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    struct kith_input input = {.type = KITH_INPUT_LINK_DOWN,
                               .link_down = {.link = link, .error = error}};
    kith_turn_input(ctx, &input);
}

/* That a peer is away is no news worth a line each time; the first one is. */
static void log_dial_failed(struct kith_runtime *runtime, uint32_t dial, int error)
{
    char address[KITH_ADDRESS_TEXT_SIZE] = "?";
    unsigned held_back;
    size_t slot = dial % KITH_DIALS_REMEMBERED;
    if (!kith_logger_throttle_pass(&runtime->dial_throttle, runtime->turn.now.mono,
                                   KITH_MINUTE, &held_back))
        return;
    if (runtime->dials[slot].dial == dial)
        kith_address_format(&runtime->dials[slot].address, address);
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "net", "no link", "address",
                      address, "error", kith_error_name(error), "why",
                      kith_error_text(error), "held_back", KITH_LOGGER_NUMBER(held_back),
                      NULL);
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    struct kith_input input = {.type = KITH_INPUT_DIAL_FAILED,
                               .dial_failed = {.dial = dial, .error = error}};
    kith_turn_input(ctx, &input);
    log_dial_failed(ctx, dial, error);
}

/* Scanners and broken clients come often; one line a minute says so. */
static void on_stranger(void *ctx, int error)
{
    struct kith_runtime *runtime = ctx;
    unsigned held_back;
    if (!kith_logger_throttle_pass(&runtime->stranger_throttle, kith_clock_now().mono,
                                   KITH_MINUTE, &held_back))
        return;
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "net",
                      "something connected that is no kith, or gave up", "error",
                      kith_error_name(error), "why", kith_error_text(error), "held_back",
                      KITH_LOGGER_NUMBER(held_back), NULL);
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
    struct kith_runtime *runtime = ctx;
    struct kith_input input = {.type = KITH_INPUT_LINK_DRAINED,
                               .drained = {.link = link, .size = sent}};
    if (!runtime->turn.is_busy) {
        kith_turn_input(runtime, &input);
        return;
    }
    struct kith_backlog_item item = {.type = KITH_INPUT_LINK_DRAINED,
                                     .drained = {link, sent}}; /* from within the flush */
    kith_turn_defer(runtime, &item);
}

static void on_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    kith_contact_relay_take(ctx, ticket, take_fd);
}

struct kith_net_handler kith_links_handler(struct kith_runtime *runtime)
{
    return (struct kith_net_handler){.ctx = runtime,
                                     .ticket = on_ticket,
                                     .up = on_up,
                                     .frame = on_frame,
                                     .down = on_down,
                                     .dial_failed = on_dial_failed,
                                     .stranger = on_stranger,
                                     .drained = on_drained};
}
