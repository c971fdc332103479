/* SPDX-License-Identifier: MIT */
/* The fake runtime's side of how it goes. */
#include "fake_runtime.h"

#include <stdio.h>

struct kith_lan_view kith_runtime_lan(const struct kith_runtime *runtime)
{
    return runtime->lan;
}

struct kith_mapping_view kith_runtime_mapping(const struct kith_runtime *runtime)
{
    return runtime->mapping;
}

size_t kith_runtime_interfaces(const struct kith_runtime *runtime,
                               struct kith_address *out, size_t out_max)
{
    for (size_t i = 0; i < runtime->interface_count && i < out_max; i++) {
        out[i] = (struct kith_address){0};
        snprintf(out[i].host, sizeof out[i].host, "10.0.0.%zu", i + 1);
    }
    return runtime->interface_count < out_max ? runtime->interface_count : out_max;
}

int kith_runtime_store_error(const struct kith_runtime *runtime)
{
    return runtime->store_error;
}

int kith_runtime_index_error(const struct kith_runtime *runtime)
{
    return runtime->index_error;
}

const char *kith_runtime_store_advice(int error)
{
    return error == KITH_EFULL ? "make room" : "look at the disk";
}

int kith_runtime_read_error(const struct kith_runtime *runtime)
{
    return runtime->read_error;
}

void kith_runtime_warn(struct kith_runtime *runtime, const char *area,
                       const char *message, const char *advice)
{
    (void)area;
    (void)advice;
    runtime->warning = message;
}

size_t kith_runtime_warnings(const struct kith_runtime *runtime, const char **out,
                             size_t out_max)
{
    if (runtime->warning == NULL || out_max == 0)
        return 0;
    *out = runtime->warning;
    return 1;
}
