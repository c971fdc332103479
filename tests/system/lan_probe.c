/* SPDX-License-Identifier: MIT */
/* The datagrams of a node, without the node: says what it is told to, and what it hears.
 *
 *     lan_probe PORT
 *
 * Reads orders from stdin, a line each, and ends at its end:
 *     announce TEXT   send ADDR:PORT TEXT   counts
 * Prints what happens, a line each:
 *     ready   received ADDR:PORT on|off TEXT   changed
 *     counts SENT FAILED RECEIVED TOO_LONG ADDRESSES ERROR_IPV4 ERROR_IPV6 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/address.h"
#include "kith/error.h"
#include "net/datagrams.h"

#define ORDER_SIZE_MAX 4096

struct probe {
    uv_loop_t loop;
    uv_pipe_t orders;
    struct kith_datagrams *datagrams;
    size_t line_size;
    char line[ORDER_SIZE_MAX];
    char read[ORDER_SIZE_MAX];
};

static void print_line(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static void on_received(void *ctx, const struct kith_address *from, bool is_on_link,
                        struct kith_bytes bytes)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(from, text);
    printf("received %s %s ", text, is_on_link ? "on" : "off");
    fwrite(bytes.data, 1, bytes.size, stdout);
    print_line("");
}

static void on_changed(void *ctx)
{
    print_line("changed");
}

static void print_counts(const struct probe *probe)
{
    struct kith_datagrams_counts counts = kith_datagrams_counts(probe->datagrams);
    printf("counts %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu %s %s\n",
           counts.sent, counts.failed, counts.received, counts.too_long, counts.addresses,
           kith_error_name(counts.error_ipv4), kith_error_name(counts.error_ipv6));
    fflush(stdout);
}

static void send_to(struct probe *probe, const char *where, const char *text)
{
    struct kith_address to;
    if (kith_address_parse(kith_bytes(where, strlen(where)), 0, false, &to, NULL) == 0)
        kith_datagrams_send(probe->datagrams, &to, kith_bytes(text, strlen(text)));
}

static char *cut_word(char *text)
{
    char *rest = strchr(text, ' ');
    if (!rest)
        return text + strlen(text);
    *rest = '\0';
    return rest + 1;
}

static void obey(struct probe *probe, char *order)
{
    char *rest = cut_word(order);
    if (strcmp(order, "announce") == 0) {
        kith_datagrams_announce(probe->datagrams, kith_bytes(rest, strlen(rest)));
    } else if (strcmp(order, "send") == 0) {
        char *text = cut_word(rest);
        send_to(probe, rest, text);
    } else if (strcmp(order, "counts") == 0) {
        print_counts(probe);
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct probe *probe = stream->data;
    if (size < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        kith_datagrams_close(probe->datagrams, NULL, NULL);
        return;
    }
    for (ssize_t i = 0; i < size; i++) {
        if (buf->base[i] != '\n') {
            if (probe->line_size + 1 < ORDER_SIZE_MAX)
                probe->line[probe->line_size++] = buf->base[i];
            continue;
        }
        probe->line[probe->line_size] = '\0';
        probe->line_size = 0;
        obey(probe, probe->line);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct probe *probe = handle->data;
    *buf = uv_buf_init(probe->read, sizeof probe->read);
}

int main(int argc, char **argv)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (argc < 2 || !probe)
        return 2;
    const struct kith_datagrams_config config = {
        .port = (uint16_t)strtoul(argv[1], NULL, 10),
        .received = on_received,
        .changed = on_changed,
    };
    uv_loop_init(&probe->loop);
    int error = kith_datagrams_new(&probe->loop, &config, &probe->datagrams);
    if (error) {
        fprintf(stderr, "lan_probe: %s\n", kith_error_name(error));
        return 1;
    }
    uv_pipe_init(&probe->loop, &probe->orders, 0);
    probe->orders.data = probe;
    uv_pipe_open(&probe->orders, 0);
    uv_read_start((uv_stream_t *)&probe->orders, on_alloc, on_read);
    print_line("ready");
    int left = uv_run(&probe->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&probe->loop);
    free(probe);
    return left || busy;
}
