/* SPDX-License-Identifier: MIT */
#include "net/conn.h"
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/conn_begin.h"
#include "net/error.h"
#include "net/keepalive.h"

/* Ciphertext the kernel did not take at once. */
struct write {
    uv_write_t request;
    size_t plain; /* plaintext that has left when this has */
    size_t size;
    uint8_t bytes[];
};

static void pump(struct kith_conn *conn);

/* ---- environment ---- */

static struct kith_conn *conn_of(struct kith_expiry_item *item)
{
    return kith_list_item(item, struct kith_conn, expiry);
}

static void on_handshake_expired(struct kith_expiry_item *item)
{
    kith_conn_abort(conn_of(item), KITH_ETIMEDOUT);
}

static void on_linger_expired(struct kith_expiry_item *item)
{
    kith_conn_abort(conn_of(item), KITH_ECLOSED);
}

void kith_conn_env_init(struct kith_conn_env *env, uv_loop_t *loop, uint64_t handshake_ms,
                        uint64_t linger_ms)
{
    env->loop = loop;
    kith_expiry_init(&env->handshakes, loop, handshake_ms, on_handshake_expired);
    kith_expiry_init(&env->dialled, loop, handshake_ms, on_handshake_expired);
    kith_expiry_init(&env->lingers, loop, linger_ms, on_linger_expired);
    kith_expiry_init(&env->silences, loop, KITH_CONN_SILENCE_MS,
                     kith_conn_begin_silence_expired);
    kith_list_init(&env->conns);
    kith_list_init(&env->dirty);
    env->sink = (struct kith_tls_sink){env->cipher, 0, sizeof env->cipher};
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct kith_expiry *expiry = handle->data;
    struct kith_conn_env *env = expiry->owner;
    if (--env->timers_open == 0)
        env->closed(env);
}

void kith_conn_env_close(struct kith_conn_env *env,
                         void (*closed)(struct kith_conn_env *env))
{
    if (env->closed)
        return;
    struct kith_expiry *const all[] = {&env->handshakes, &env->dialled, &env->lingers,
                                       &env->silences};
    env->closed = closed;
    env->timers_open = sizeof all / sizeof all[0];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->owner = env;
        kith_expiry_close(all[i], on_timer_closed);
    }
}

void kith_conn_env_deinit(struct kith_conn_env *env)
{
    kith_buffer_deinit(&env->spare);
}

/* ---- the end ---- */

static struct kith_expiry *expiry_of(struct kith_conn *conn)
{
    if (conn->state >= KITH_CONN_DRAINING)
        return &conn->env->lingers;
    return conn->is_accepted ? &conn->env->handshakes : &conn->env->dialled;
}

static void stop_expiry(struct kith_conn *conn)
{
    kith_expiry_remove(expiry_of(conn), &conn->expiry);
}

void kith_conn_start_expiry(struct kith_conn *conn)
{
    stop_expiry(conn);
    kith_expiry_add(expiry_of(conn), &conn->expiry);
}

static void on_closed(uv_handle_t *handle)
{
    struct kith_conn *conn = handle->data;
    kith_list_remove(&conn->all_node);
    conn->env->happenings->closed(conn, conn->error);
    kith_tls_deinit(&conn->tls);
    kith_framing_deinit(&conn->framing);
    kith_buffer_deinit(&conn->queue);
    free(conn);
}

/* The kernel would go on for minutes to deliver what is left, and as long nobody could
 * connect from the same port to the same peer again. Whose peer is silent, or has another
 * link, has nothing to deliver. */
static void drop_unsent(struct kith_conn *conn)
{
    static const struct linger none = {.l_onoff = 1};
    uv_os_fd_t fd;
    if ((conn->error == KITH_ETIMEDOUT || conn->error == KITH_EREPLACED) &&
        uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void kith_conn_abort(struct kith_conn *conn, int error)
{
    if (conn->state == KITH_CONN_CLOSED)
        return;
    stop_expiry(conn);
    kith_expiry_remove(&conn->env->silences, &conn->silence);
    conn->state = KITH_CONN_CLOSED;
    if (conn->error == 0)
        conn->error = error;
    kith_list_remove(&conn->dirty_node);
    drop_unsent(conn);
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct kith_conn *conn = request->handle->data;
    if (status < 0)
        kith_conn_abort(conn, kith_net_error(status));
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    struct kith_conn *conn = request->handle->data;
    struct write *write = (struct write *)request;
    conn->writes--;
    conn->cipher_queued -= write->size;
    if (status == 0)
        conn->sent += write->plain;
    free(write);
    if (status < 0)
        kith_conn_abort(conn, kith_net_error(status));
    else if (conn->state != KITH_CONN_CLOSED)
        pump(conn);
}

static int write_later(struct kith_conn *conn, struct kith_bytes cipher, size_t plain)
{
    struct write *write = malloc(sizeof *write + cipher.size);
    if (!write)
        return KITH_ENOMEM;
    write->plain = plain;
    write->size = cipher.size;
    memcpy(write->bytes, cipher.data, cipher.size);
    uv_buf_t buffer = uv_buf_init((char *)write->bytes, (unsigned)cipher.size);
    conn->writes++;
    conn->cipher_queued += cipher.size;
    int code =
        uv_write(&write->request, (uv_stream_t *)&conn->tcp, &buffer, 1, on_written);
    if (code == 0)
        return 0;
    conn->writes--;
    conn->cipher_queued -= cipher.size;
    free(write);
    return kith_net_error(code);
}

int kith_conn_write_out(struct kith_conn *conn, size_t plain)
{
    struct kith_tls_sink *sink = &conn->env->sink;
    struct kith_bytes cipher = kith_bytes(sink->data, sink->size);
    sink->size = 0;
    if (conn->writes == 0 && cipher.size > 0) {
        uv_buf_t buffer = uv_buf_init((char *)cipher.data, (unsigned)cipher.size);
        int written = uv_try_write((uv_stream_t *)&conn->tcp, &buffer, 1);
        if (written < 0 && written != UV_EAGAIN)
            return kith_net_error(written);
        if (written > 0)
            cipher = kith_bytes(cipher.data + written, cipher.size - (size_t)written);
    }
    if (cipher.size > 0)
        return write_later(conn, cipher, plain);
    conn->sent += plain;
    return 0;
}

/* Up to a chunk of the queue into the sink. */
static int encrypt(struct kith_conn *conn, size_t *out_plain)
{
    size_t plain = 0;
    for (int i = 0; i < KITH_CONN_CHUNK_RECORDS; i++) {
        struct kith_bytes rest = kith_buffer_view(&conn->queue);
        if (rest.size == 0)
            break;
        if (rest.size > KITH_TLS_RECORD_MAX)
            rest.size = KITH_TLS_RECORD_MAX;
        int error = kith_tls_write(&conn->tls, rest);
        if (error)
            return error;
        kith_buffer_take(&conn->queue, rest.size);
        plain += rest.size;
    }
    *out_plain = plain;
    return 0;
}

static void recycle(struct kith_conn *conn)
{
    struct kith_buffer *spare = &conn->env->spare;
    if (!spare->data && conn->queue.capacity <= KITH_CONN_SPARE_MAX) {
        *spare = conn->queue;
        conn->queue = (struct kith_buffer){0};
    } else {
        kith_buffer_deinit(&conn->queue);
    }
}

static void report_sent(struct kith_conn *conn)
{
    size_t sent = conn->sent;
    conn->sent = 0;
    if (sent > 0)
        conn->env->happenings->drained(conn, sent);
}

static int say_goodbye(struct kith_conn *conn)
{
    kith_tls_bye(&conn->tls);
    int error = kith_conn_write_out(conn, 0);
    if (error)
        return error;
    conn->state = KITH_CONN_LINGERING;
    int code =
        uv_shutdown(&conn->request.shutdown, (uv_stream_t *)&conn->tcp, on_shutdown);
    conn->is_paused = false;
    kith_conn_start_reading(conn);
    return kith_net_error(code);
}

static int pump_queue(struct kith_conn *conn)
{
    int error = 0;
    while (!error && conn->writes == 0 && kith_buffer_size(&conn->queue) > 0) {
        size_t plain = 0;
        error = encrypt(conn, &plain);
        if (!error)
            error = kith_conn_write_out(conn, plain);
    }
    return error;
}

/* Move what is queued towards the kernel, until it takes no more. */
static void pump(struct kith_conn *conn)
{
    int error = pump_queue(conn);
    bool is_empty = kith_buffer_size(&conn->queue) == 0;
    if (is_empty)
        recycle(conn);
    bool is_last = conn->state == KITH_CONN_DRAINING && is_empty && conn->writes == 0;
    if (!error && is_last)
        error = say_goodbye(conn);
    conn->env->sink.size = 0;
    report_sent(conn);
    if (error)
        kith_conn_abort(conn, error);
}

/* The rest waits for the flush, which also reports what left here. */
static void write_chunk(struct kith_conn *conn)
{
    size_t plain = 0;
    int error = encrypt(conn, &plain);
    if (!error)
        error = kith_conn_write_out(conn, plain);
    conn->env->sink.size = 0;
    if (error)
        kith_conn_abort(conn, error);
}

void kith_conn_send(struct kith_conn *conn, struct kith_bytes bytes)
{
    struct kith_conn_env *env = conn->env;
    if (conn->state != KITH_CONN_OPEN)
        return;
    if (!conn->queue.data && env->spare.data) {
        conn->queue = env->spare;
        env->spare = (struct kith_buffer){0};
    }
    if (kith_buffer_size(&conn->queue) + bytes.size > KITH_CONN_QUEUE_MAX)
        kith_conn_abort(conn, KITH_ELIMIT);
    else if (!kith_buffer_append(&conn->queue, bytes))
        kith_conn_abort(conn, KITH_ENOMEM);
    else if (kith_list_is_empty(&conn->dirty_node))
        kith_list_push(&env->dirty, &conn->dirty_node);
    if (conn->state == KITH_CONN_OPEN && conn->writes == 0 &&
        kith_buffer_size(&conn->queue) >= KITH_CONN_EARLY_SIZE)
        write_chunk(conn);
}

void kith_conn_flush_one(struct kith_conn *conn)
{
    if (kith_list_is_empty(&conn->dirty_node))
        return;
    kith_list_remove(&conn->dirty_node);
    pump(conn);
}

void kith_conn_flush(struct kith_conn_env *env)
{
    struct kith_list turn;
    kith_list_init(&turn);
    while (!kith_list_is_empty(&env->dirty)) {
        struct kith_list *node = env->dirty.next;
        kith_list_remove(node);
        kith_list_push(&turn, node);
    }
    while (!kith_list_is_empty(&turn))
        kith_conn_flush_one(kith_list_item(turn.next, struct kith_conn, dirty_node));
}

/* ---- reading ---- */

static bool on_frame(void *ctx, struct kith_bytes frame)
{
    struct kith_conn *conn = ctx;
    conn->env->happenings->frame(conn, frame);
    return conn->state == KITH_CONN_OPEN;
}

static int hear_plain(struct kith_conn *conn, struct kith_bytes bytes)
{
    if (!conn->is_outer)
        return kith_framing_feed(&conn->framing, bytes, on_frame, conn);
    conn->env->happenings->bytes(conn, bytes);
    return 0;
}

static void read_records(struct kith_conn *conn)
{
    while (conn->state == KITH_CONN_OPEN) {
        int size = kith_tls_read(&conn->tls, conn->env->plain);
        if (size == 0)
            return;
        int error = size;
        if (size > 0)
            error = hear_plain(conn, kith_bytes(conn->env->plain, (size_t)size));
        if (error)
            kith_conn_abort(conn, error);
    }
}

void kith_conn_handshake(struct kith_conn *conn)
{
    int code = kith_tls_handshake(&conn->tls);
    int error = kith_conn_write_out(conn, 0);
    if (code < 0 || error) {
        kith_conn_abort(conn, code < 0 ? code : error);
        return;
    }
    if (code == KITH_TLS_AGAIN)
        return;
    stop_expiry(conn);
    conn->state = KITH_CONN_OPEN;
    conn->is_outer = conn->tls.protocol == KITH_TLS_RELAY;
    conn->env->happenings->up(conn);
}

void kith_conn_hear(struct kith_conn *conn, struct kith_bytes bytes)
{
    conn->tls.input = bytes;
    if (conn->state == KITH_CONN_HANDSHAKE) {
        kith_expiry_remove(&conn->env->silences, &conn->silence);
        kith_conn_handshake(conn);
    }
    if (conn->state == KITH_CONN_OPEN)
        read_records(conn);
    conn->tls.input = kith_bytes(NULL, 0);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct kith_conn *conn = handle->data;
    size_t wanted = conn->state < KITH_CONN_HANDSHAKE ? kith_conn_begin_wants(conn)
                                                      : sizeof conn->env->read;
    *out = uv_buf_init((char *)conn->env->read, (unsigned)wanted);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct kith_conn *conn = stream->data;
    if (size < 0) {
        kith_conn_abort(conn, kith_net_error((int)size));
        return;
    }
    if (size == 0)
        return;
    struct kith_bytes bytes = kith_bytes(buffer->base, (size_t)size);
    if (conn->state < KITH_CONN_HANDSHAKE)
        kith_conn_begin_heard(conn, bytes);
    else
        kith_conn_hear(conn, bytes);
}

void kith_conn_start_reading(struct kith_conn *conn)
{
    int code = uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
    if (code != 0 && code != UV_EALREADY)
        kith_conn_abort(conn, kith_net_error(code));
}

void kith_conn_pause(struct kith_conn *conn, bool is_paused)
{
    if (conn->state != KITH_CONN_OPEN || conn->is_paused == is_paused)
        return;
    conn->is_paused = is_paused;
    if (is_paused)
        uv_read_stop((uv_stream_t *)&conn->tcp);
    else
        kith_conn_start_reading(conn);
}

/* ---- the beginning ---- */

struct kith_conn *kith_conn_new(struct kith_conn_env *env, enum kith_conn_state state)
{
    struct kith_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->env = env;
    conn->state = state;
    conn->framing.size_max = env->frame_size_initial;
    kith_list_init(&conn->dirty_node);
    kith_expiry_item_init(&conn->expiry);
    kith_expiry_item_init(&conn->silence);
    if (uv_tcp_init(env->loop, &conn->tcp) != 0) {
        free(conn);
        return NULL;
    }
    conn->tcp.data = conn;
    kith_list_push(&env->conns, &conn->all_node);
    return conn;
}

/* ---- the rest ---- */

void kith_conn_close(struct kith_conn *conn, int error)
{
    if (conn->state < KITH_CONN_OPEN || error == KITH_ETIMEDOUT)
        kith_conn_abort(conn, error);
    if (conn->state != KITH_CONN_OPEN)
        return;
    conn->error = error;
    conn->state = KITH_CONN_DRAINING;
    kith_conn_start_expiry(conn);
    if (kith_list_is_empty(&conn->dirty_node))
        kith_list_push(&conn->env->dirty, &conn->dirty_node);
}

bool kith_conn_remote(const struct kith_conn *conn, struct sockaddr_storage *out)
{
    int size = sizeof *out;
    if (conn->is_accepted || conn->is_inner) {
        *out = conn->remote;
        return true;
    }
    memset(out, 0, sizeof *out);
    return uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)out, &size) == 0;
}

void kith_conn_set_patience(struct kith_conn *conn, unsigned ms)
{
#ifdef TCP_USER_TIMEOUT
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
#endif
}

void kith_conn_keep_alive(struct kith_conn *conn, unsigned patience_ms)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0)
        kith_keepalive_set(fd, patience_ms);
}

size_t kith_conn_queued(const struct kith_conn *conn)
{
    return kith_buffer_size(&conn->queue) + conn->cipher_queued;
}
