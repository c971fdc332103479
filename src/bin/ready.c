/* SPDX-License-Identifier: MIT */
#include "bin/ready.h"

#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "base/socket_path.h"

static json_t *listen_json(const struct kith_runtime *runtime)
{
    const struct kith_address *addresses;
    size_t count = kith_runtime_listening(runtime, &addresses);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&addresses[i], text);
        json_array_append_new(array, json_string(text));
    }
    return array;
}

static bool print_json(const struct kith_cli *cli, const struct kith_runtime *runtime,
                       const char *id, const char *name)
{
    char *socket = NULL;
    const char *home = kith_runtime_home(runtime);
    if (asprintf(&socket, "%s/%s", home, KITH_CONTROL_NAME) < 0)
        return false;
    json_t *line =
        json_pack("{s:b, s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:s}", "ready", 1, "id", id,
                  "name", name, "network", kith_runtime_network(runtime).name, "home",
                  home, "listen", listen_json(runtime), "socket", socket, "pid",
                  (json_int_t)getpid(), "version", KITH_VERSION);
    free(socket);
    if (line == NULL)
        return false;
    json_dumpf(line, cli->out, JSON_COMPACT);
    fputc('\n', cli->out);
    json_decref(line);
    return true;
}

static void print_text(const struct kith_cli *cli, const struct kith_runtime *runtime,
                       const struct kith_id *id, const char *name)
{
    char id_short[KITH_ID_SHORT_SIZE];
    const struct kith_address *addresses;
    size_t count = kith_runtime_listening(runtime, &addresses);
    kith_id_format_short(id, id_short);
    fprintf(cli->out, "ready: %s %s listening on", name, id_short);
    for (size_t i = 0; i < count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&addresses[i], text);
        fprintf(cli->out, "%s %s", i > 0 ? "," : "", text);
    }
    fputc('\n', cli->out);
}

bool kith_ready_print(const struct kith_cli *cli, const struct kith_runtime *runtime)
{
    char id[KITH_ID_TEXT_SIZE];
    const struct kith_node *node = kith_runtime_node(runtime);
    const char *name = kith_node_name(node);
    kith_id_format(kith_node_id(node), id);
    if (!cli->is_json)
        print_text(cli, runtime, kith_node_id(node), name);
    else if (!print_json(cli, runtime, id, name))
        return false;
    return fflush(cli->out) == 0;
}
