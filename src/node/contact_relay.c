/* SPDX-License-Identifier: MIT */
#include "node/contact_relay.h"

#include <unistd.h>

#include "node/inside.h"

static int make(struct kith_runtime *runtime)
{
    struct kith_relay_config config = {.pairs_max = KITH_CONTACT_RELAY_PAIRS_MAX,
                                       .bytes_per_s = KITH_CONTACT_RELAY_BYTES_PER_S};
    return kith_relay_new(runtime->loop, &config, &runtime->contact_relay.relay);
}

void kith_contact_relay_carry_out(struct kith_runtime *runtime,
                                  const struct kith_effect *effect)
{
    struct kith_contact_relay *own = &runtime->contact_relay;
    int error = own->relay == NULL ? make(runtime) : 0;
    if (error == 0)
        error = kith_relay_expect(own->relay, ++own->pair_last, effect->relay.tickets[0],
                                  effect->relay.tickets[1]);
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "relay",
                      error == 0 ? "two contacts are relayed"
                                 : "two contacts cannot be relayed",
                      "error", kith_error_name(error), NULL);
}

void kith_contact_relay_take(struct kith_runtime *runtime, const uint8_t *ticket,
                             int take_fd)
{
    if (runtime->contact_relay.relay != NULL && !runtime->is_stopping)
        kith_relay_take(runtime->contact_relay.relay, ticket, take_fd);
    else
        close(take_fd);
}

static void on_closed(void *ctx)
{
    struct kith_runtime *runtime = ctx;
    runtime->contact_relay.is_closing = false;
    kith_runtime_settle(runtime);
}

void kith_contact_relay_stop(struct kith_runtime *runtime)
{
    if (runtime->contact_relay.relay == NULL)
        return;
    runtime->contact_relay.is_closing = true;
    kith_relay_shutdown(runtime->contact_relay.relay, on_closed, runtime);
}

bool kith_contact_relay_is_down(const struct kith_runtime *runtime)
{
    return !runtime->contact_relay.is_closing;
}

void kith_contact_relay_free(struct kith_runtime *runtime)
{
    kith_relay_free(runtime->contact_relay.relay);
}
