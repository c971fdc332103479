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

static bool print_json(const struct kith_cli *cli, const struct kith_ready *ready)
{
    char id[KITH_ID_TEXT_SIZE];
    const struct kith_runtime *runtime = ready->runtime;
    const struct kith_node *node = kith_runtime_node(runtime);
    char *socket = NULL;
    const char *home = kith_runtime_home(runtime);
    kith_id_format(kith_node_id(node), id);
    if (asprintf(&socket, "%s/%s", home, KITH_CONTROL_NAME) < 0)
        return false;
    json_t *line =
        json_pack("{s:b, s:s, s:s, s:s, s:s, s:o, s:s?, s:s*, s:s, s:I, s:s}", "ready", 1,
                  "id", id, "name", kith_node_name(node), "network",
                  kith_runtime_network(runtime).name, "home", home, "listen",
                  listen_json(runtime), "http", ready->http, "page", ready->page,
                  "socket", socket, "pid", (json_int_t)getpid(), "version", KITH_VERSION);
    free(socket);
    if (line == NULL)
        return false;
    json_dumpf(line, cli->out, JSON_COMPACT);
    fputc('\n', cli->out);
    json_decref(line);
    return true;
}

static void print_text(const struct kith_cli *cli, const struct kith_ready *ready)
{
    const struct kith_runtime *runtime = ready->runtime;
    char id_short[KITH_ID_SHORT_SIZE];
    const struct kith_address *addresses;
    size_t count = kith_runtime_listening(runtime, &addresses);
    const struct kith_node *node = kith_runtime_node(runtime);
    kith_id_format_short(kith_node_id(node), id_short);
    fprintf(cli->out, "ready: %s %s listening on", kith_node_name(node), id_short);
    for (size_t i = 0; i < count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&addresses[i], text);
        fprintf(cli->out, "%s %s", i > 0 ? "," : "", text);
    }
    if (ready->http != NULL)
        fprintf(cli->out, ", serving %s", ready->page ? ready->page : ready->http);
    fputc('\n', cli->out);
}

bool kith_ready_print(const struct kith_cli *cli, const struct kith_ready *ready)
{
    if (!cli->is_json)
        print_text(cli, ready);
    else if (!print_json(cli, ready))
        return false;
    return fflush(cli->out) == 0;
}
