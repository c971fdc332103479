/* SPDX-License-Identifier: MIT */
#include "net/relay_pair.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/error.h"
#include "net/keepalive.h"

/* Bytes are read into one block that all pairs share and written from it at once. splice
 * through a pipe was measured beside it, over loopback and in turns: a third less CPU
 * time (0.43 s against 0.61 s for 2 GiB), but no more bytes a second (1.4 to 1.6 GB/s
 * against 1.7) and no less delay. It would take two descriptors and a kernel pipe for
 * each direction whose receiver is slow, of which an unprivileged process gets 64 MiB
 * worth, and Linux. A tracker is bounded by its line and its descriptors before its CPU.
 */

#define BRAKE_MS   50 /* a pair past its bandwidth rests; then it has 1/20 s of it */
#define BURST_PART 4  /* of a second's bytes, after a rest */

static void on_poll(uv_poll_t *poll, int status, int events);

static struct kith_relay_side *other_of(struct kith_relay_side *side)
{
    struct kith_relay_pair *pair = side->pair;
    return side == &pair->sides[0] ? &pair->sides[1] : &pair->sides[0];
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct kith_relay_side *side = handle->data;
    struct kith_relay_pair *pair = side->pair;
    if (--pair->handles_open == 0)
        pair->shared->over(pair);
}

static void close_side(struct kith_relay_side *side)
{
    if (side->fd < 0)
        return;
    uv_close((uv_handle_t *)&side->poll, on_closed);
    close(side->fd);
    side->fd = -1;
    side->pair->shared->waiting_size -= kith_buffer_size(&side->waiting);
    kith_buffer_deinit(&side->waiting);
}

bool kith_relay_pair_end(struct kith_relay_pair *pair, int error)
{
    if (pair->is_over)
        return true;
    pair->is_over = true;
    pair->error = error;
    kith_expiry_remove(&pair->shared->halves, &pair->half);
    kith_expiry_remove(&pair->shared->brakes, &pair->brake);
    close_side(&pair->sides[0]);
    close_side(&pair->sides[1]);
    return pair->handles_open > 0;
}

/* ---- what is waited for ---- */

static bool is_braked(const struct kith_relay_pair *pair)
{
    return !kith_list_is_empty(&pair->brake.node);
}

static int events_of(struct kith_relay_side *side)
{
    int events = 0;
    if (!side->pair->is_joined)
        return side->has_come ? UV_DISCONNECT : 0;
    if (!side->has_ended && kith_buffer_size(&side->waiting) == 0 &&
        !is_braked(side->pair))
        events |= UV_READABLE;
    if (kith_buffer_size(&other_of(side)->waiting) > 0)
        events |= UV_WRITABLE;
    return events;
}

/* uv_poll_start asks the kernel each time: only on a change. */
static void watch(struct kith_relay_side *side)
{
    int events = side->fd < 0 ? 0 : events_of(side);
    if (side->fd < 0 || events == side->events)
        return;
    side->events = events;
    if (events == 0)
        uv_poll_stop(&side->poll);
    else
        uv_poll_start(&side->poll, events, on_poll);
}

static void watch_both(struct kith_relay_pair *pair)
{
    watch(&pair->sides[0]);
    watch(&pair->sides[1]);
}

/* ---- bytes ---- */

/* Nothing more comes from this side, and nothing of it waits: it is not read while
 * something does. */
static void pass_end_on(struct kith_relay_side *from)
{
    struct kith_relay_side *to = other_of(from);
    struct kith_relay_pair *pair = from->pair;
    from->has_ended = true;
    if (to->has_ended)
        kith_relay_pair_end(pair, 0);
    else if (shutdown(to->fd, SHUT_WR) != 0)
        kith_relay_pair_end(pair, kith_net_error_errno(errno));
    else
        kith_expiry_add(&pair->shared->halves, &pair->half);
}

/* What the socket takes of it, or a negative KITH_E…. */
static ssize_t write_some(struct kith_relay_side *to, struct kith_bytes bytes)
{
    ssize_t size = send(to->fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0)
        return size;
    return errno == EAGAIN || errno == EINTR ? 0 : kith_net_error_errno(errno);
}

static int keep(struct kith_relay_side *from, struct kith_bytes bytes)
{
    if (!kith_buffer_append(&from->waiting, bytes))
        return KITH_ENOMEM;
    from->pair->shared->waiting_size += bytes.size;
    return 0;
}

/* How much may be read from this pair now; at 0 it rests, or its turn has not come. */
static size_t allowance(struct kith_relay_pair *pair)
{
    struct kith_relay_shared *shared = pair->shared;
    uint64_t now_ms = uv_now(shared->loop);
    if (is_braked(pair))
        return 0;
    if (shared->turn_ms != now_ms)
        shared->turn_left = KITH_RELAY_TURN_SIZE_MAX;
    shared->turn_ms = now_ms;
    size_t size =
        shared->turn_left < shared->share_size ? shared->turn_left : shared->share_size;
    if (shared->bytes_per_s == 0)
        return size;
    uint64_t level = kith_bucket_level(&pair->bucket, now_ms);
    if (level == 0)
        kith_expiry_add(&shared->brakes, &pair->brake);
    return level < size ? (size_t)level : size;
}

static void account(struct kith_relay_side *from, size_t size)
{
    struct kith_relay_shared *shared = from->pair->shared;
    from->bytes += size;
    shared->bytes += size;
    shared->turn_left -= size;
    if (shared->bytes_per_s != 0)
        kith_bucket_spend(&from->pair->bucket, size);
}

/* One read from `from`, and one write to the other. */
static void carry(struct kith_relay_side *from)
{
    struct kith_relay_pair *pair = from->pair;
    uint8_t *block = pair->shared->block;
    size_t size_max = allowance(pair);
    if (size_max == 0)
        return;
    ssize_t size = recv(from->fd, block, size_max, MSG_DONTWAIT);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR)
            kith_relay_pair_end(pair, kith_net_error_errno(errno));
        return;
    }
    if (size == 0) {
        pass_end_on(from);
        return;
    }
    account(from, (size_t)size);
    ssize_t sent = write_some(other_of(from), kith_bytes(block, (size_t)size));
    int error = sent < 0 ? (int)sent : 0;
    if (!error && sent < size)
        error = keep(from, kith_bytes(block + sent, (size_t)(size - sent)));
    if (error)
        kith_relay_pair_end(pair, error);
}

/* What waited for `to`. */
static void carry_waiting(struct kith_relay_side *to)
{
    struct kith_relay_side *from = other_of(to);
    ssize_t sent = write_some(to, kith_buffer_view(&from->waiting));
    if (sent < 0) {
        kith_relay_pair_end(to->pair, (int)sent);
        return;
    }
    kith_buffer_take(&from->waiting, (size_t)sent);
    to->pair->shared->waiting_size -= (size_t)sent;
    if (kith_buffer_size(&from->waiting) == 0)
        kith_buffer_deinit(&from->waiting);
}

/* It hung up before the other came: its ticket may be shown again. The descriptor stays
 * until then or the end of the pair, as the handle does. */
static void leave(struct kith_relay_side *side)
{
    side->has_come = false;
    side->events = 0;
    uv_poll_stop(&side->poll);
}

static int socket_error(int fd)
{
    int number = 0;
    socklen_t size = sizeof number;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
    return number ? kith_net_error_errno(number) : KITH_ECLOSED;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct kith_relay_side *side = poll->data;
    struct kith_relay_pair *pair = side->pair;
    if (!pair->is_joined) {
        leave(side);
        return;
    }
    if (status < 0) {
        kith_relay_pair_end(pair, socket_error(side->fd));
        return;
    }
    if ((events & UV_WRITABLE) && kith_buffer_size(&other_of(side)->waiting) > 0)
        carry_waiting(side);
    if (!pair->is_over && (events & UV_READABLE))
        carry(side);
    if (!pair->is_over)
        watch_both(pair);
}

/* ---- limits of time ---- */

static void on_half_expired(struct kith_expiry_item *item)
{
    kith_relay_pair_end(kith_list_item(item, struct kith_relay_pair, half),
                        KITH_ETIMEDOUT);
}

static void on_brake_expired(struct kith_expiry_item *item)
{
    watch_both(kith_list_item(item, struct kith_relay_pair, brake));
}

void kith_relay_shared_init(struct kith_relay_shared *shared, uv_loop_t *loop)
{
    shared->loop = loop;
    kith_expiry_init(&shared->halves, loop, KITH_RELAY_HALF_MS, on_half_expired);
    kith_expiry_init(&shared->brakes, loop, BRAKE_MS, on_brake_expired);
}

/* ---- the beginning ---- */

static uint32_t burst_of(const struct kith_relay_shared *shared)
{
    uint32_t burst = shared->bytes_per_s / BURST_PART;
    return burst > shared->share_size ? burst : (uint32_t)shared->share_size;
}

struct kith_relay_pair *kith_relay_pair_new(struct kith_relay_shared *shared,
                                            uint64_t number)
{
    struct kith_relay_pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    pair->shared = shared;
    pair->number = number;
    kith_list_init(&pair->node);
    kith_expiry_item_init(&pair->awaited);
    kith_expiry_item_init(&pair->half);
    kith_expiry_item_init(&pair->brake);
    if (shared->bytes_per_s != 0)
        kith_bucket_init(&pair->bucket, shared->bytes_per_s, burst_of(shared),
                         uv_now(shared->loop));
    for (int i = 0; i < 2; i++) {
        pair->sides[i].pair = pair;
        pair->sides[i].fd = -1;
    }
    return pair;
}

void kith_relay_pair_free(struct kith_relay_pair *pair)
{
    free(pair);
}

static void set_options(int fd)
{
    static const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    kith_keepalive_set(fd, KITH_RELAY_PATIENCE_MS);
}

static void join(struct kith_relay_pair *pair)
{
    static const uint8_t word = KITH_TICKET_ACCEPTED;
    pair->is_joined = true;
    for (int i = 0; i < 2; i++)
        if (write_some(&pair->sides[i], kith_bytes(&word, 1)) != 1) {
            kith_relay_pair_end(pair, KITH_ECLOSED);
            return;
        }
}

static int open_first(struct kith_relay_side *side, int take_fd)
{
    int code = uv_poll_init_socket(side->pair->shared->loop, &side->poll, take_fd);
    if (code != 0) {
        close(take_fd);
        return kith_net_error(code);
    }
    side->poll.data = side;
    side->fd = take_fd;
    side->pair->handles_open++;
    return 0;
}

/* The handle knows its descriptor by the number, which stays. */
static int replace(struct kith_relay_side *side, int take_fd)
{
    leave(side);
    int code = dup3(take_fd, side->fd, O_CLOEXEC);
    close(take_fd);
    return code < 0 ? kith_net_error_errno(errno) : 0;
}

int kith_relay_pair_open(struct kith_relay_side *side, int take_fd)
{
    struct kith_relay_pair *pair = side->pair;
    assert(!pair->is_joined);
    int error = side->fd < 0 ? open_first(side, take_fd) : replace(side, take_fd);
    if (error)
        return error;
    set_options(side->fd);
    side->has_come = true;
    if (other_of(side)->has_come)
        join(pair);
    if (!pair->is_over)
        watch_both(pair);
    return 0;
}
