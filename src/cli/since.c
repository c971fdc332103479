/* SPDX-License-Identifier: MIT */
#include "cli/since.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOCAL_SIZE_MAX 40 /* 2026-11-21T01:02:03, and digits of a second */

/* The calendar's fields as if they were UTC. False: it has an offset, or is no date. */
static bool parse_local(const char *text, kith_time *out)
{
    static const char *const endings[] = {"Z", ":00Z"};
    char whole[LOCAL_SIZE_MAX + 8];
    size_t size = strlen(text);
    if (size < 10 || size > LOCAL_SIZE_MAX || text[4] != '-')
        return false;
    if (size == 10)
        return kith_time_parse(kith_bytes(text, size), 0, out);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(whole, sizeof whole, "%s%s", text, endings[i]);
        if (kith_time_parse(kith_bytes(whole, strlen(whole)), 0, out))
            return true;
    }
    return false;
}

const char *kith_cli_since(const struct kith_cli *cli,
                           char out[static KITH_TIME_TEXT_SIZE])
{
    const char *text = kith_cli_value(cli, "since");
    kith_time wall;
    struct tm fields;
    if (!text || !parse_local(text, &wall))
        return text;
    time_t seconds = (time_t)(wall / KITH_SECOND);
    gmtime_r(&seconds, &fields);
    fields.tm_isdst = -1;
    kith_time_format((kith_time)mktime(&fields) * KITH_SECOND + wall % KITH_SECOND, out);
    return out;
}
