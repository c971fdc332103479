/* SPDX-License-Identifier: MIT */
/* A stranger with a key: what it says inside TLS. A byte of options, then pieces, each a
 * record, with their sizes in front. To a link they are frames, and each is heard as it
 * was said; to a relay a ticket and what is to be passed on, both ways. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/writer.h"
#include "door.h"
#include "kith/error.h"
#include "net/tls.h"

enum { OPTION_RELAY = 1, OPTION_TICKET = 2, OPTION_SPOILT = 4 };

#define PREAMBLE_SIZE (KITH_TICKET_MAGIC_SIZE + KITH_TICKET_SIZE)
#define SAID_MAX      (64 * 1024)
#define TURNS_MAX     1000
#define PIECES_MAX    64

/* RFC 8032 section 7.1, test 2. */
static const uint8_t seed[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda,
                                 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
                                 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24,
                                 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
static const struct kith_id id = {{0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a,
                                   0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
                                   0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c,
                                   0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c}};

static struct world {
    struct door door;
    struct kith_tls_identity *identity;
    struct kith_tls_sink sink;
    uint8_t room[KITH_TLS_RECORD_MAX + KITH_TLS_OVERHEAD_MAX];
    struct kith_tls tls;
    int fd;

    struct kith_writer said;  /* inside TLS */
    struct kith_writer heard; /* of it: frames with their sizes, or behind a ticket */
    bool is_up, is_down, is_spoilt;
    int taken; /* the end that came with the ticket; -1: none */
} w;

/* ---- the node ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    (void)ctx;
    assert(!w.is_up && !up->is_dialler && kith_id_equal(&up->peer, &id));
    w.is_up = true;
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    (void)ctx, (void)link;
    assert(w.is_up && !w.is_down && frame.size <= 1000);
    kith_writer_u32(&w.heard, (uint32_t)frame.size);
    kith_writer_bytes(&w.heard, frame.data, frame.size);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    (void)ctx, (void)link;
    assert(w.is_up && !w.is_down && error < 0);
    w.is_down = true;
}

static void on_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    (void)ctx;
    assert(w.taken < 0 && w.said.size >= PREAMBLE_SIZE);
    assert(memcmp(w.said.data, KITH_TICKET_MAGIC, KITH_TICKET_MAGIC_SIZE) == 0);
    assert(memcmp(w.said.data + KITH_TICKET_MAGIC_SIZE, ticket, KITH_TICKET_SIZE) == 0);
    w.taken = take_fd;
}

static void begin(void)
{
    static const struct kith_net_handler handler = {
        .up = on_up, .frame = on_frame, .down = on_down, .ticket = on_ticket};
    door_open(&w.door, &handler);
    int error = kith_tls_identity_new(seed, &id, DOOR_ALPN, &w.identity);
    assert(error == 0);
    w.sink = (struct kith_tls_sink){.data = w.room, .capacity = sizeof(w.room)};
}

/* ---- the stranger ---- */

static void flush(void)
{
    if (w.sink.size > 0)
        send(w.fd, w.sink.data, w.sink.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    w.sink.size = 0;
}

static void come(enum kith_tls_protocol protocol)
{
    static uint8_t bytes[KITH_TLS_RECORD_MAX];
    int error = kith_tls_init(&w.tls, w.identity, &w.sink, true, protocol, NULL);
    assert(error == 0);
    w.fd = door_knock(&w.door);
    for (int i = 0; (error = kith_tls_handshake(&w.tls)) == KITH_TLS_AGAIN; i++) {
        assert(i < TURNS_MAX);
        flush();
        door_turn(&w.door);
        w.tls.input = kith_bytes(bytes, door_hear(w.fd, bytes, sizeof(bytes)));
    }
    assert(error == 0);
    flush();
}

static void say(struct kith_bytes piece)
{
    if (piece.size == 0 || w.said.size + piece.size > SAID_MAX)
        return;
    kith_writer_bytes(&w.said, piece.data, piece.size);
    int error = kith_tls_write(&w.tls, piece);
    assert(error == 0);
    if (w.is_spoilt)
        w.sink.data[w.sink.size - 1] ^= 1;
    flush();
    door_turn(&w.door);
}

static void say_all(struct kith_reader *in)
{
    for (int i = 0; i < PIECES_MAX && kith_reader_left(in) > 0; i++) {
        size_t size = kith_reader_u16(in) % KITH_TLS_RECORD_MAX;
        size = size < kith_reader_left(in) ? size : kith_reader_left(in);
        say(kith_bytes(kith_reader_bytes(in, size), size));
    }
}

/* ---- what is heard ---- */

/* Beginning of what was said: all frames that are whole and not too long. */
static void check_frames(void)
{
    size_t size = 0;
    struct kith_reader in = kith_reader(kith_writer_view(&w.said));
    while (kith_reader_left(&in) >= 4) {
        uint32_t frame_size = kith_reader_u32(&in);
        if (frame_size == 0 || frame_size > 1000 || frame_size > kith_reader_left(&in))
            break;
        kith_reader_bytes(&in, frame_size);
        size += 4 + frame_size;
    }
    assert(w.heard.size <= size);
    assert(w.is_spoilt || w.is_down || w.heard.size == size);
    assert(w.heard.size == 0 || memcmp(w.heard.data, w.said.data, w.heard.size) == 0);
}

/* Bytes go through the tunnel both ways. */
static void check_tunnel(void)
{
    static uint8_t bytes[SAID_MAX], record[KITH_TLS_RECORD_MAX];
    static const char word[] = {KITH_TICKET_ACCEPTED, 'h', 'i'};
    size_t expected = w.said.size - PREAMBLE_SIZE, size = 0;
    ssize_t sent = send(w.taken, word, sizeof(word), MSG_DONTWAIT | MSG_NOSIGNAL);
    assert(sent == sizeof(word));
    for (int i = 0; i < 8 || (size < expected && i < TURNS_MAX); i++) {
        door_turn(&w.door);
        size += door_hear(w.taken, bytes + size, sizeof(bytes) - size);
    }
    assert(size == expected && memcmp(bytes, w.said.data + PREAMBLE_SIZE, size) == 0);
    w.tls.input = kith_bytes(bytes, door_hear(w.fd, bytes, sizeof(bytes)));
    int got = kith_tls_read(&w.tls, record);
    assert(got == sizeof(word) && memcmp(record, word, sizeof(word)) == 0);
}

/* ---- */

static bool is_anybody_there(void)
{
    struct kith_net_counts counts = kith_net_counts(w.door.net);
    return counts.links + counts.handshakes > 0;
}

static void leave(void)
{
    close(w.fd);
    if (w.taken >= 0)
        close(w.taken);
    kith_tls_deinit(&w.tls);
    for (int i = 0; is_anybody_there(); i++) {
        assert(i < TURNS_MAX);
        door_turn(&w.door);
    }
    assert(w.is_up == w.is_down);
    kith_writer_deinit(&w.said);
    kith_writer_deinit(&w.heard);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    static const char preamble[] = KITH_TICKET_MAGIC "the ticket has 32 bytes, no more";
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    if (w.door.net == NULL)
        begin();
    uint8_t options = kith_reader_u8(&in);
    bool is_relay = options & OPTION_RELAY;
    w.said = w.heard = kith_writer(&kith_alloc_heap);
    w.is_up = w.is_down = w.is_spoilt = false;
    w.taken = -1;
    come(is_relay ? KITH_TLS_RELAY : KITH_TLS_LINK);
    if (options & OPTION_TICKET)
        say(kith_bytes(preamble, PREAMBLE_SIZE));
    w.is_spoilt = options & OPTION_SPOILT;
    say_all(&in);
    for (int i = 0; i < 4; i++)
        door_turn(&w.door);
    assert(is_relay ? !w.is_up : w.taken < 0);
    if (!is_relay)
        check_frames();
    else if (w.taken >= 0 && !w.is_spoilt)
        check_tunnel();
    leave();
}
