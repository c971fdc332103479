/* SPDX-License-Identifier: MIT */
#include "bin/ready.h"

#include <stdlib.h>
#include <unistd.h>

#include "api/json.h"
#include "base/socket_path.h"

static void write_listening(struct kith_writer *w, const struct kith_runtime *runtime)
{
    const struct kith_address *addresses;
    size_t count = kith_runtime_listening(runtime, &addresses);
    kith_json_open(w, "listen", '[');
    for (size_t i = 0; i < count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&addresses[i], text);
        kith_json_string(w, NULL, text);
    }
    kith_json_close(w, ']');
}

static void write_line(struct kith_writer *w, const struct kith_ready *ready,
                       const char *socket)
{
    char id[KITH_ID_TEXT_SIZE];
    const struct kith_runtime *runtime = ready->runtime;
    const struct kith_node *node = kith_runtime_node(runtime);
    kith_id_format(kith_node_id(node), id);
    kith_json_open(w, NULL, '{');
    kith_json_bool(w, "ready", true);
    kith_json_string(w, "id", id);
    kith_json_string(w, "name", kith_node_name(node));
    kith_json_string(w, "network", kith_runtime_network(runtime).name);
    kith_json_string(w, "home", kith_runtime_home(runtime));
    write_listening(w, runtime);
    if (ready->http != NULL)
        kith_json_string(w, "http", ready->http);
    else
        kith_json_null(w, "http");
    if (ready->page != NULL)
        kith_json_string(w, "page", ready->page);
    kith_json_string(w, "socket", socket);
    kith_json_number(w, "pid", (uint64_t)getpid());
    kith_json_string(w, "version", KITH_VERSION);
    kith_json_close(w, '}');
    kith_writer_u8(w, '\n');
}

static bool print_json(const struct kith_cli *cli, const struct kith_ready *ready)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    char *socket = NULL;
    if (asprintf(&socket, "%s/%s", kith_runtime_home(ready->runtime), KITH_CONTROL_NAME) <
        0)
        return false;
    write_line(&w, ready, socket);
    free(socket);
    bool is_written = !w.failed && fwrite(w.data, 1, w.size, cli->out) == w.size;
    kith_writer_deinit(&w);
    return is_written;
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
