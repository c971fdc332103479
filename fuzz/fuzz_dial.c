/* SPDX-License-Identifier: MIT */
/* Who is dialled, a peer, a tracker or a relay, answers. A byte of options says how it is
 * dialled. For each connection that comes there is a byte that says how many steps of
 * what the dialler awaits are taken, and as whom; then pieces, with their sizes in front,
 * which are said behind these, as bare bytes or inside the TLS that there is. After an
 * empty one it hangs up. A dial ends once, up only if all steps were in order, and leaves
 * nothing behind; over a link frames go both ways. */
#include "fuzz.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/writer.h"
#include "door.h"
#include "kith/error.h"
#include "net/tls.h"

/* Of the dial. */
enum {
    OPTION_TICKET = 1,
    OPTION_IN_TLS = 2, /* the ticket, from the beginning */
    OPTION_LISTENER = 4,
    OPTION_EXPECTED = 8, /* who is there must be the first stranger */
    OPTION_RELAY = 16,   /* so must the relay */
};

/* Of a connection. The last two are of TLS with a relay; twice as much, of the link's. */
enum {
    ANSWER_STEPS = 3,
    ANSWER_SPOILT = 4, /* each record behind the steps */
    ANSWER_OTHER_KEY = 8,
    ANSWER_OTHER_PROTOCOL = 32,
};

enum step { STEP_NONE, STEP_RELAY, STEP_WORD, STEP_LINK };

#define DIAL       7
#define LAYERS_MAX 2 /* of TLS, one in the other */
#define SAID_MAX   (64 * 1024)
#define TURNS_MAX  1000
#define PIECES_MAX 64
#define SAY_TURNS  4 /* what was said has been heard then */

static const uint8_t ticket[KITH_TICKET_SIZE] = "the ticket has 32 bytes, no more";
static const uint8_t greeting[] = {0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'};

struct layer {
    struct kith_tls tls;
    struct kith_tls_sink sink;
    uint8_t room[KITH_TLS_RECORD_MAX + KITH_TLS_OVERHEAD_MAX];
    uint8_t heard[KITH_TLS_RECORD_MAX]; /* what `tls` reads from */
};

static struct world {
    struct door door;
    struct kith_tls_identity *identities[DOOR_STRANGERS];
    struct kith_address at; /* where it is dialled */
    int listener;
    int handles, free_fd; /* when nothing is left */
    uint8_t options;

    int connections; /* that have come */
    int fd;          /* the one that is answered */
    struct layer layers[LAYERS_MAX];
    int depth;      /* how many there are */
    enum step step; /* the last that was taken */
    bool is_spoilt;
    bool has_joined; /* the word came in the clear: nothing else is tried */

    const struct kith_id *peer; /* all is in order for a link with it; NULL: it is not */
    int refusal;                /* what the dial must fail with; 0: nothing yet */
    int failed;                 /* what it has failed with */
    bool is_up;
    int down; /* what the link has ended with */
    int due;  /* what it must end with, at the latest when its peer hangs up */
    size_t sent;
    struct kith_writer said, heard; /* frames, of the link */
} w;

/* ---- the node ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    (void)ctx;
    assert(!w.is_up && w.failed == 0 && w.peer && up->dial == DIAL);
    assert(kith_id_equal(&up->peer, w.peer));
    assert(up->is_dialler == !(w.options & OPTION_LISTENER));
    assert(up->is_relayed == ((w.options & OPTION_TICKET) != 0));
    w.is_up = true;
    kith_net_send(w.door.net, up->link, kith_bytes(greeting, sizeof(greeting)));
    kith_net_flush(w.door.net);
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    (void)ctx;
    assert(!w.is_up && w.failed == 0 && dial == DIAL && error < 0);
    w.failed = error;
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    (void)ctx, (void)link;
    assert(w.is_up && w.down == 0 && frame.size <= DOOR_FRAME_SIZE_MAX);
    kith_writer_u32(&w.heard, (uint32_t)frame.size);
    kith_writer_bytes(&w.heard, frame.data, frame.size);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    (void)ctx, (void)link;
    assert(w.is_up && w.down == 0 && error < 0);
    w.down = error;
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
    (void)ctx, (void)link;
    w.sent += sent;
    assert(w.is_up && w.sent <= sizeof(greeting));
}

static void on_handle(uv_handle_t *handle, void *ctx)
{
    (void)handle;
    ++*(int *)ctx;
}

static int count_handles(void)
{
    int count = 0;
    uv_walk(&w.door.loop, on_handle, &count);
    return count;
}

/* The lowest that is free: one that was left open takes its place. */
static int find_free_fd(void)
{
    const int fd = dup(w.listener), number = fd;
    assert(fd >= 0);
    close(fd);
    return number;
}

static void listen_here(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    w.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = bind(w.listener, (const struct sockaddr *)&at, size);
    assert(error == 0);
    error = listen(w.listener, 8);
    assert(error == 0);
    error = getsockname(w.listener, (struct sockaddr *)&at, &size);
    assert(error == 0);
    w.at = (struct kith_address){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
}

/* libuv opens one for itself, with the first of its streams. */
static void open_reserve(void)
{
    uv_tcp_t tcp;
    uv_tcp_init(&w.door.loop, &tcp);
    uv_close((uv_handle_t *)&tcp, NULL);
    door_turn(&w.door);
}

static void begin(void)
{
    static const struct kith_net_handler handler = {.up = on_up,
                                                    .frame = on_frame,
                                                    .down = on_down,
                                                    .dial_failed = on_dial_failed,
                                                    .drained = on_drained};
    door_open(&w.door, &handler);
    open_reserve();
    listen_here();
    for (int i = 0; i < DOOR_STRANGERS; i++) {
        int error = kith_tls_identity_new(door_strangers[i].seed, &door_strangers[i].id,
                                          DOOR_ALPN, &w.identities[i]);
        assert(error == 0);
    }
    for (int i = 0; i < LAYERS_MAX; i++)
        w.layers[i].sink = (struct kith_tls_sink){.data = w.layers[i].room,
                                                  .capacity = sizeof(w.layers[i].room)};
    w.handles = count_handles();
}

static void dial(void)
{
    const struct kith_id *first = &door_strangers[0].id;
    const struct kith_net_target target = {
        .addresses = &w.at,
        .count = 1,
        .expected = w.options & OPTION_EXPECTED ? first : NULL,
        .ticket = w.options & OPTION_TICKET ? ticket : NULL,
        .relay = w.options & OPTION_RELAY ? first : NULL,
        .is_in_tls = w.options & OPTION_IN_TLS,
        .is_listener = w.options & OPTION_LISTENER,
    };
    int error = kith_net_dial(w.door.net, DIAL, &target);
    assert(error == 0);
}

/* ---- layers: TLS in TLS ---- */

static void flush(int depth);

static void say_at(int depth, struct kith_bytes bytes)
{
    if (depth == 0 && bytes.size > 0)
        send(w.fd, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (depth > 0 && bytes.size > 0) {
        size_t size = bytes.size < KITH_TLS_RECORD_MAX ? bytes.size : KITH_TLS_RECORD_MAX;
        int error =
            kith_tls_write(&w.layers[depth - 1].tls, kith_bytes(bytes.data, size));
        assert(error == 0);
        if (w.is_spoilt && depth == w.depth)
            w.layers[depth - 1].sink.data[w.layers[depth - 1].sink.size - 1] ^= 1;
        flush(depth);
        bytes = kith_bytes(bytes.data + size, bytes.size - size);
    }
}

/* What the innermost of so many has made. */
static void flush(int depth)
{
    struct kith_tls_sink *sink = &w.layers[depth - 1].sink;
    say_at(depth - 1, kith_bytes(sink->data, sink->size));
    sink->size = 0;
}

static size_t hear_at(int depth, uint8_t out[static KITH_TLS_RECORD_MAX])
{
    if (depth == 0)
        return door_hear(w.fd, out, KITH_TLS_RECORD_MAX);
    struct layer *layer = &w.layers[depth - 1];
    if (layer->tls.input.size == 0)
        layer->tls.input = kith_bytes(layer->heard, hear_at(depth - 1, layer->heard));
    int size = kith_tls_read(&layer->tls, out);
    return size > 0 ? (size_t)size : 0;
}

static bool shake_hands(int depth)
{
    struct layer *layer = &w.layers[depth - 1];
    for (int i = 0; i < TURNS_MAX; i++) {
        int code = kith_tls_handshake(&layer->tls);
        flush(depth);
        if (code != KITH_TLS_AGAIN)
            return code == 0;
        door_turn(&w.door);
        layer->tls.input = kith_bytes(layer->heard, hear_at(depth - 1, layer->heard));
    }
    return false;
}

/* The dialler says this, and no more. */
static void hear_out(const void *bytes, size_t size)
{
    static uint8_t heard[2 * KITH_TLS_RECORD_MAX];
    size_t heard_size = 0;
    for (int i = 0; i < TURNS_MAX && heard_size < size; i++) {
        door_turn(&w.door);
        heard_size += hear_at(w.depth, heard + heard_size);
    }
    assert(heard_size == size && memcmp(heard, bytes, size) == 0);
}

/* ---- an answer ---- */

/* The ticket is shown in the clear and, if that was in vain, in a tunnel. */
static bool is_twofold(void)
{
    return (w.options & OPTION_TICKET) && !(w.options & OPTION_IN_TLS);
}

static bool is_clear(void)
{
    return is_twofold() && w.connections == 1;
}

static void take_word(void)
{
    static const uint8_t word = KITH_TICKET_ACCEPTED;
    uint8_t preamble[KITH_TICKET_MAGIC_SIZE + KITH_TICKET_SIZE] = KITH_TICKET_MAGIC;
    memcpy(preamble + KITH_TICKET_MAGIC_SIZE, ticket, sizeof(ticket));
    hear_out(preamble, sizeof(preamble));
    say_at(w.depth, kith_bytes(&word, 1));
    w.has_joined |= is_clear();
}

static void take_tls(bool is_link, uint8_t answer)
{
    bool is_other_key = answer & ANSWER_OTHER_KEY << is_link;
    bool is_other_protocol = answer & ANSWER_OTHER_PROTOCOL << is_link;
    bool is_expected = w.options & (is_link ? OPTION_EXPECTED : OPTION_RELAY);
    unsigned protocol = is_link != is_other_protocol ? KITH_TLS_LINK : KITH_TLS_RELAY;
    if (is_other_protocol)
        w.refusal = KITH_EHANDSHAKE;
    else if (is_other_key && is_expected)
        w.refusal = KITH_EIDENTITY;
    else if (is_link)
        w.peer = &door_strangers[is_other_key].id;
    struct layer *layer = &w.layers[w.depth];
    int error = kith_tls_init(&layer->tls, w.identities[is_other_key], &layer->sink,
                              is_link && (w.options & OPTION_LISTENER), protocol, NULL);
    assert(error == 0);
    bool is_done = shake_hands(++w.depth);
    assert(is_done || w.refusal != 0);
}

static enum step next_step(void)
{
    if (!(w.options & OPTION_TICKET))
        return STEP_LINK;
    return w.step == STEP_NONE && is_clear() ? STEP_WORD : w.step + 1;
}

/* As many as the answer says, up to what makes a link or is refused. */
static void take_steps(uint8_t answer)
{
    w.step = STEP_NONE;
    for (int i = answer & ANSWER_STEPS; i > 0 && !w.peer && w.refusal == 0; i--) {
        w.step = next_step();
        if (w.step == STEP_WORD)
            take_word();
        else
            take_tls(w.step == STEP_LINK, answer);
    }
    for (int i = 0; i < TURNS_MAX && w.peer && !w.is_up; i++)
        door_turn(&w.door);
    for (int i = 0; i < TURNS_MAX && w.refusal != 0 && w.failed == 0; i++)
        door_turn(&w.door);
    assert(w.is_up == (w.peer != NULL) && (w.refusal == 0 || w.failed == w.refusal));
    if (w.is_up)
        hear_out(greeting, sizeof(greeting));
}

static void say_pieces(struct kith_reader *in)
{
    for (int i = 0; i < PIECES_MAX; i++) {
        size_t size = kith_reader_u16(in) % KITH_TLS_RECORD_MAX;
        size = size < kith_reader_left(in) ? size : kith_reader_left(in);
        if (size == 0 || w.said.size + size > SAID_MAX)
            return;
        struct kith_bytes piece = kith_bytes(kith_reader_bytes(in, size), size);
        kith_writer_bytes(&w.said, piece.data, piece.size);
        if (w.refusal == 0)
            say_at(w.depth, piece);
        door_turn(&w.door);
    }
}

static bool is_next_there(void)
{
    struct pollfd entry = {.fd = w.listener, .events = POLLIN};
    return poll(&entry, 1, 0) > 0;
}

/* What was said in place of the word is refused before anybody hangs up. */
static void check_word(void)
{
    bool is_heard = w.said.size > 0 && !(w.is_spoilt && w.depth > 0);
    if (is_heard && w.said.data[0] == KITH_TICKET_ACCEPTED) {
        w.has_joined |= is_clear();
        return;
    }
    if (w.said.size == 0)
        return;
    for (int i = 0; i < TURNS_MAX && w.failed == 0 && !is_next_there(); i++)
        door_turn(&w.door);
    assert(is_clear() ? is_next_there() : w.failed != 0);
}

/* All frames that are whole and before a fault, and it ends only by one. */
static void check_link(void)
{
    size_t size = 0;
    int error = w.is_spoilt ? 0 : door_frames(kith_writer_view(&w.said), &size);
    if (w.is_spoilt && w.said.size > 0)
        error = KITH_EPROTO;
    for (int i = 0; i < TURNS_MAX && (w.heard.size < size || w.down != error); i++)
        door_turn(&w.door);
    w.due = error ? error : KITH_ECLOSED;
    assert(w.down == error && w.heard.size == size && w.sent == sizeof(greeting));
    assert(size == 0 || memcmp(w.heard.data, w.said.data, size) == 0);
}

static void answer(struct kith_reader *in)
{
    uint8_t how = kith_reader_u8(in);
    w.is_spoilt = false;
    kith_writer_clear(&w.said);
    take_steps(how);
    w.is_spoilt = how & ANSWER_SPOILT;
    say_pieces(in);
    for (int i = 0; i < SAY_TURNS; i++)
        door_turn(&w.door);
    if (w.is_up)
        check_link();
    else if (w.refusal == 0 && next_step() == STEP_WORD)
        check_word();
    close(w.fd);
    while (w.depth > 0)
        kith_tls_deinit(&w.layers[--w.depth].tls);
}

/* ---- */

static bool take_connection(void)
{
    w.fd = accept(w.listener, NULL, NULL);
    if (w.fd >= 0)
        door_set_options(w.fd);
    return w.fd >= 0;
}

/* Nothing is waited for: what is to be done once a connection is closed is done. */
static bool await_connection(void)
{
    for (int i = 0; i < TURNS_MAX && !w.is_up && w.failed == 0; i++) {
        if (take_connection()) {
            w.connections++;
            return true;
        }
        door_turn(&w.door);
    }
    return false;
}

static void leave(void)
{
    for (int i = 0; count_handles() > w.handles; i++) {
        assert(i < TURNS_MAX);
        door_turn(&w.door);
    }
    while (take_connection())
        close(w.fd);
    struct kith_net_counts counts = kith_net_counts(w.door.net);
    assert(counts.links + counts.handshakes + counts.dials == 0);
    assert(w.down == w.due && find_free_fd() == w.free_fd);
    kith_writer_deinit(&w.said);
    kith_writer_deinit(&w.heard);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    if (w.door.net == NULL)
        begin();
    w.options = kith_reader_u8(&in);
    w.connections = w.refusal = w.failed = w.down = w.due = 0;
    w.is_up = w.has_joined = false;
    w.peer = NULL;
    w.sent = 0;
    w.said = w.heard = kith_writer(&kith_alloc_heap);
    w.free_fd = find_free_fd();
    dial();
    while (await_connection())
        answer(&in);
    assert(w.connections == (is_twofold() && !w.has_joined ? 2 : 1));
    assert(w.is_up != (w.failed != 0));
    leave();
}
