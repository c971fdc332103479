/* SPDX-License-Identifier: MIT */
/* What is before a line `#env` is kith.conf in the home; what follows is KITH_PEER in the
 * environment. Whatever they say, either all of it is judged usable or one sentence says
 * what is not. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/settings.h"
#include "kith/error.h"
#include "scratch.h"

static void check(const struct kith_settings *settings)
{
    struct kith_name name;
    if (settings->name != NULL)
        assert(kith_name_parse(kith_bytes(settings->name, strlen(settings->name)), &name,
                               NULL) == 0);
    assert(settings->listen_count <= KITH_LISTEN_MAX);
    assert(settings->tracker_count <= KITH_TRACKERS_MAX);
    assert(settings->peer_count <= KITH_CONFIG_VALUES_MAX);
    for (size_t i = 0; i < settings->peer_count; i++)
        assert(settings->peers[i].host[0] != '\0' && settings->peers[i].port != 0);
    assert(settings->discovery_interval >= 0);
    assert(settings->discovery_interval <= 3600 * KITH_SECOND);
}

/* setenv would keep every value there ever was. `peers` stays in use until it is unset.
 */
static void set_environment(char *peers)
{
    char home[SCRATCH_PATH_SIZE];
    scratch_path("nobody", home); /* no configuration of a user */
    setenv("XDG_CONFIG_HOME", home, 1);
    putenv(peers);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    static const char mark[] = "#env\n";
    const char *at = memmem(data, size, mark, sizeof(mark) - 1);
    size_t file_size = at != NULL ? (size_t)(at - (const char *)data) : size;
    struct kith_bytes value =
        at != NULL ? kith_bytes(at + 5, size - file_size - 5) : kith_bytes("", 0);
    char *peers = NULL;
    if (asprintf(&peers, "KITH_PEER=%.*s", (int)value.size, (const char *)value.data) < 0)
        return;
    char why[KITH_CONFIG_WHY_SIZE] = "";
    struct kith_settings settings = {0};
    struct kith_cli cli = {.home = scratch_folder()};
    set_environment(peers);
    scratch_write("kith.conf", data, file_size);
    int error = kith_settings_read(&cli, &settings, why);
    assert((error == 0) == (why[0] == '\0'));
    assert(memchr(why, '\0', sizeof(why)) != NULL);
    if (error == 0)
        check(&settings);
    kith_settings_deinit(&settings);
    unsetenv("KITH_PEER");
    free(peers);
}
