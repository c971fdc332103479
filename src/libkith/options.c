/* SPDX-License-Identifier: MIT */
#include "libkith/options.h"

#include <stdlib.h>
#include <string.h>

#include "cli/config.h"

struct kith_options *kith_options_new(void)
{
    return calloc(1, sizeof(struct kith_options));
}

void kith_options_free(struct kith_options *options)
{
    if (!options)
        return;
    for (size_t i = 0; i < options->given_count; i++)
        free((char *)options->given[i].value);
    free(options->given);
    kith_passphrase_deinit(&options->passphrase);
    free(options);
}

int kith_options_set(struct kith_options *options, const char *knob, const char *value)
{
    const struct kith_knob *known = kith_knob_find(knob);
    if (!known)
        return KITH_ENOTFOUND;
    if (options->given_count == KITH_OPTIONS_MAX)
        return KITH_ELIMIT;
    struct kith_cli_given *grown =
        reallocarray(options->given, options->given_count + 1, sizeof *grown);
    if (!grown)
        return KITH_ENOMEM;
    options->given = grown;
    grown += options->given_count;
    *grown = (struct kith_cli_given){known->name, strdup(value)};
    if (!grown->value)
        return KITH_ENOMEM;
    options->given_count++;
    return 0;
}

int kith_options_passphrase(struct kith_options *options, const char *passphrase,
                            size_t size)
{
    return kith_passphrase_parse(kith_bytes(passphrase, size), &options->passphrase,
                                 NULL);
}

void kith_options_log(struct kith_options *options, kith_log_cb *line, void *ctx)
{
    options->log = line;
    options->log_ctx = ctx;
}
