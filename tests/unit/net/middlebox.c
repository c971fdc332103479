/* SPDX-License-Identifier: MIT */
#include "middlebox.h"

#include "lib/unit.h"

#include <stdlib.h>
#include "base/list.h"
#include "base/ticket.h"
#include "net/sockaddr.h"

struct way;

struct leg {
    uv_tcp_t tcp;
    struct way *way;
    uv_shutdown_t shutdown; /* of the other's writing, when this one has ended */
    bool has_ended;
    bool is_closed;
};

/* One connection: from who dialled the box, and on to where it leads. */
struct way {
    struct kith_list node;
    struct middlebox *box;
    struct leg legs[2];
    uv_connect_t connect;
    bool is_judged; /* by how it begins */
    bool is_to_be_cut;
    bool is_swallowed;
    bool is_over;
};

struct middlebox {
    uv_tcp_t listener;
    enum middlebox_does does;
    struct sockaddr_storage to;
    struct kith_list ways;
    struct middlebox_counts counts;
    bool is_deaf[2]; /* by leg */
    bool is_closed;
};

struct passing {
    uv_write_t request;
    struct leg *from;
    char bytes[];
};

static void begin_reading(struct leg *leg);

static void release(struct middlebox *box)
{
    if (box->is_closed && kith_list_is_empty(&box->ways))
        free(box);
}

static void on_leg_closed(uv_handle_t *handle)
{
    struct leg *leg = handle->data;
    struct way *way = leg->way;
    struct middlebox *box = way->box;
    leg->is_closed = true;
    if (!way->legs[0].is_closed || !way->legs[1].is_closed)
        return;
    box->counts.open--;
    kith_list_remove(&way->node);
    free(way);
    release(box);
}

static void end(struct way *way)
{
    if (way->is_over)
        return;
    way->is_over = true;
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&way->legs[i].tcp, on_leg_closed);
}

static struct leg *other_of(struct leg *leg)
{
    return &leg->way->legs[leg == &leg->way->legs[0]];
}

static void on_passed(uv_write_t *request, int status)
{
    struct passing *passing = (struct passing *)request;
    struct leg *from = passing->from;
    struct way *way = from->way;
    free(passing);
    if (way->is_over)
        return;
    if (status < 0 || way->is_to_be_cut)
        end(way);
    else
        begin_reading(from);
}

static void pass(struct leg *from, const char *bytes, size_t size)
{
    struct leg *to = other_of(from);
    struct passing *passing = malloc(sizeof *passing + size);
    assert_non_null(passing);
    passing->from = from;
    memcpy(passing->bytes, bytes, size);
    uv_buf_t buffer = uv_buf_init(passing->bytes, (unsigned)size);
    uv_read_stop((uv_stream_t *)&from->tcp);
    if (uv_write(&passing->request, (uv_stream_t *)&to->tcp, &buffer, 1, on_passed) !=
        0) {
        free(passing);
        end(from->way);
    }
}

/* It arrives in one piece, as it is written. */
static bool is_ticket(const char *bytes, size_t size)
{
    return size >= KITH_TICKET_MAGIC_SIZE &&
           memcmp(bytes, KITH_TICKET_MAGIC, KITH_TICKET_MAGIC_SIZE) == 0;
}

static void judge(struct leg *leg, const char *bytes, size_t size)
{
    struct middlebox *box = leg->way->box;
    leg->way->is_judged = true;
    if (!is_ticket(bytes, size)) {
        box->counts.others++;
        pass(leg, bytes, size);
        return;
    }
    box->counts.tickets++;
    leg->way->is_to_be_cut = box->does == MIDDLEBOX_CUTS;
    if (box->does == MIDDLEBOX_CLOSES)
        end(leg->way);
    else if (box->does == MIDDLEBOX_SWALLOWS)
        leg->way->is_swallowed = true;
    else
        pass(leg, bytes, size);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    static char block[65536];
    *out = uv_buf_init(block, sizeof block);
}

/* The end of one direction is passed on; of the second, it is over. */
static void on_end(struct leg *leg)
{
    struct leg *other = other_of(leg);
    leg->has_ended = true;
    uv_read_stop((uv_stream_t *)&leg->tcp);
    if (other->has_ended ||
        uv_shutdown(&leg->shutdown, (uv_stream_t *)&other->tcp, NULL) != 0)
        end(leg->way);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct leg *leg = stream->data;
    bool is_first = leg == &leg->way->legs[0] && !leg->way->is_judged;
    if (size == UV_EOF)
        on_end(leg);
    else if (size < 0)
        end(leg->way);
    else if (size > 0 && is_first)
        judge(leg, buffer->base, (size_t)size);
    else if (size > 0 && !leg->way->is_swallowed)
        pass(leg, buffer->base, (size_t)size);
}

static void begin_reading(struct leg *leg)
{
    if (!leg->way->box->is_deaf[leg - leg->way->legs])
        uv_read_start((uv_stream_t *)&leg->tcp, on_alloc, on_read);
}

static void on_connect(uv_connect_t *request, int status)
{
    struct leg *leg = request->handle->data;
    struct way *way = leg->way;
    if (way->is_over)
        return;
    if (status < 0) {
        end(way);
        return;
    }
    for (int i = 0; i < 2; i++) {
        uv_tcp_nodelay(&way->legs[i].tcp, 1);
        begin_reading(&way->legs[i]);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct middlebox *box = listener->data;
    struct way *way = calloc(1, sizeof *way);
    assert_true(status == 0 && way != NULL);
    way->box = box;
    kith_list_push(&box->ways, &way->node);
    box->counts.open++;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(uv_tcp_init(listener->loop, &way->legs[i].tcp), 0);
        way->legs[i].way = way;
        way->legs[i].tcp.data = &way->legs[i];
    }
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&way->legs[0].tcp), 0);
    assert_int_equal(uv_tcp_connect(&way->connect, &way->legs[1].tcp,
                                    (const struct sockaddr *)&box->to, on_connect),
                     0);
}

struct middlebox *middlebox_new(uv_loop_t *loop, enum middlebox_does does,
                                const struct kith_address *to,
                                struct kith_address *out_at)
{
    struct middlebox *box = calloc(1, sizeof *box);
    const struct kith_address any = {.host = "127.0.0.1"};
    struct sockaddr_storage at;
    int size = sizeof at;
    assert_non_null(box);
    box->does = does;
    kith_list_init(&box->ways);
    assert_true(kith_sockaddr_parse(to, &box->to) && kith_sockaddr_parse(&any, &at));
    assert_int_equal(uv_tcp_init(loop, &box->listener), 0);
    box->listener.data = box;
    assert_int_equal(uv_tcp_bind(&box->listener, (struct sockaddr *)&at, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&box->listener, 64, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&box->listener, (struct sockaddr *)&at, &size),
                     0);
    kith_sockaddr_format(&at, out_at);
    return box;
}

void middlebox_stop_reading(struct middlebox *box, int end)
{
    box->is_deaf[end] = true;
    kith_list_each (node, &box->ways) {
        struct way *way = kith_list_item(node, struct way, node);
        if (!way->is_over)
            uv_read_stop((uv_stream_t *)&way->legs[end].tcp);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct middlebox *box = handle->data;
    box->is_closed = true;
    release(box);
}

void middlebox_close(struct middlebox *box)
{
    kith_list_each (node, &box->ways)
        end(kith_list_item(node, struct way, node));
    uv_close((uv_handle_t *)&box->listener, on_listener_closed);
}

const struct middlebox_counts *middlebox_counts(const struct middlebox *box)
{
    return &box->counts;
}
