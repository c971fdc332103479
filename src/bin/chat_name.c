/* SPDX-License-Identifier: MIT */
#include "bin/chat_name.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bin/settings.h"
#include "node/home.h"

static bool is_new(const char *home)
{
    char *identity = kith_home_file(home, KITH_HOME_IDENTITY);
    bool is_there = identity != NULL && access(identity, F_OK) == 0;
    free(identity);
    return !is_there;
}

bool kith_chat_name_is_wanted(const struct kith_cli *cli)
{
    struct kith_settings settings;
    char why[KITH_CONFIG_WHY_SIZE];
    if (!isatty(fileno(cli->in)) || !isatty(fileno(cli->out)) || !is_new(cli->home))
        return false;
    if (kith_settings_read(cli, &settings, why) != 0)
        return false; /* the node will say what is wrong */
    bool has_name = settings.name != NULL;
    kith_settings_deinit(&settings);
    return !has_name;
}

bool kith_chat_name_ask(const struct kith_cli *cli, const char *login,
                        struct kith_name *out)
{
    struct kith_name usual = kith_name_default(login);
    char *line = NULL;
    size_t capacity = 0;
    bool is_usable = false;
    while (!is_usable) {
        const char *why = "";
        fprintf(cli->out, "your name, as others will see it [%s]: ", usual.text);
        fflush(cli->out);
        ssize_t size = getline(&line, &capacity, cli->in);
        if (size < 0)
            break;
        if (line[strspn(line, " \t\r\n")] == '\0') {
            *out = usual;
            is_usable = true;
        } else {
            is_usable = kith_name_parse(kith_bytes(line, (size_t)size), out, &why) == 0;
        }
        if (!is_usable)
            fprintf(cli->out, "that cannot be a name: %s\n", why);
    }
    free(line);
    return is_usable;
}
