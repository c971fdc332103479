/* SPDX-License-Identifier: MIT */
/* How it goes: what people are told who ask why nobody is found, or nothing is read. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "kith/error.h"
#include "net/datagrams.h"
#include "net/interfaces.h"
#include "node/inside.h"
#include "node/lan.h"
#include "node/reach.h"

struct kith_lan_view kith_runtime_lan(const struct kith_runtime *runtime)
{
    struct kith_lan_view view = {
        .is_wanted = runtime->lan_port != 0,
        .port = runtime->lan_port,
        .error = runtime->lan_error,
    };
    view.is_confined = true;
    for (size_t i = 0; i < runtime->listening_count; i++)
        view.is_confined &= kith_reach_is_loopback(&runtime->listening[i]);
    if (runtime->lan == NULL)
        return view;
    struct kith_datagrams_counts counts = kith_datagrams_counts(runtime->lan);
    view.error_ipv4 = counts.error_ipv4;
    view.error_ipv6 = counts.error_ipv6;
    view.sent = counts.sent;
    view.failed = counts.failed;
    view.received = counts.received;
    return view;
}

size_t kith_runtime_interfaces(const struct kith_runtime *runtime,
                               struct kith_address *out, size_t out_max)
{
    const struct kith_interfaces *now = kith_lan_interfaces(runtime);
    size_t count = 0;
    for (size_t i = 0; i < now->count && count < out_max; i++) {
        const struct kith_interface_address *interface = &now->addresses[i];
        struct kith_address address = {0};
        if (!interface->is_loopback && inet_ntop(interface->family, interface->address,
                                                 address.host, sizeof(address.host)))
            out[count++] = address;
    }
    return count;
}

int kith_runtime_store_error(const struct kith_runtime *runtime)
{
    return runtime->store_error;
}

int kith_runtime_index_error(const struct kith_runtime *runtime)
{
    return runtime->upkeep.index_error;
}

const char *kith_runtime_store_advice(int error)
{
    switch (error) {
    case KITH_EFULL:
        return "make room; it goes on by itself";
    case KITH_EREADONLY:
        return "make the home writable; it goes on by itself";
    case KITH_ECORRUPT:
        return "stop the node and restore the home from a backup";
    case KITH_ELIMIT:
        return "let the node have more files open (ulimit -n); it goes on by itself";
    case KITH_ENOMEM:
        return "let the node have more memory; it goes on by itself";
    default:
        return "look at the disk; if it does not go on by itself, start the node anew";
    }
}

int kith_runtime_read_error(const struct kith_runtime *runtime)
{
    return runtime->read_error;
}

int kith_health_read(struct kith_runtime *runtime, int result)
{
    unsigned held_back;
    if (result != KITH_ECORRUPT && result != KITH_EIO)
        return result;
    runtime->read_error = result;
    if (kith_logger_throttle_pass(&runtime->read_throttle, runtime->turn.now.mono,
                                  KITH_MINUTE, &held_back))
        kith_logger_write(runtime->log, KITH_LOGGER_ERROR, "store",
                          "a part of what was said cannot be read, nor sent to peers",
                          "error", kith_error_name(result), "why",
                          kith_store_detail(runtime->store), "do",
                          "stop the node and restore the home from a backup", "held_back",
                          KITH_LOGGER_NUMBER(held_back), NULL);
    return result;
}

/* `time level area …` */
static bool is_warning(const char *line)
{
    const char *level = strchr(line, ' ');
    return level != NULL &&
           (strncmp(level, " warn ", 6) == 0 || strncmp(level, " error ", 7) == 0);
}

size_t kith_runtime_warnings(const struct kith_runtime *runtime, const char **out,
                             size_t out_max)
{
    size_t count = 0;
    const char *line;
    for (size_t i = 0; runtime->log != NULL && out_max > 0 &&
                       (line = kith_logger_line(runtime->log, i)) != NULL;
         i++) {
        if (!is_warning(line))
            continue;
        if (count == out_max)
            memmove(out, out + 1, --count * sizeof(*out));
        out[count++] = line;
    }
    return count;
}

void kith_runtime_warn(struct kith_runtime *runtime, const char *area,
                       const char *message, const char *advice)
{
    kith_logger_write(runtime->log, KITH_LOGGER_WARN, area, message, "do", advice, NULL);
}
