/* SPDX-License-Identifier: MIT */
/* A stranger with a key, one of two: what it says inside TLS. A byte of options, then
 * pieces, each a record, with their sizes in front. To a link they are frames, and each
 * is heard as it was said; to a relay a ticket and what is to be passed on, both ways. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/writer.h"
#include "door.h"
#include "kith/error.h"
#include "net/tls.h"

enum { OPTION_RELAY = 1, OPTION_TICKET = 2, OPTION_SPOILT = 4, OPTION_OTHER = 8 };

#define PREAMBLE_SIZE (KITH_TICKET_MAGIC_SIZE + KITH_TICKET_SIZE)
#define SAID_MAX      (64 * 1024)
#define TURNS_MAX     1000
#define PIECES_MAX    64

static struct world {
    struct door door;
    struct kith_tls_identity *identities[DOOR_STRANGERS];
    const struct door_stranger *stranger;
    struct kith_tls_sink sink;
    uint8_t room[KITH_TLS_RECORD_MAX + KITH_TLS_OVERHEAD_MAX];
    struct kith_tls tls;
    int fd;

    struct kith_writer said;  /* inside TLS, up to the first record that is spoilt */
    struct kith_writer heard; /* of it: frames with their sizes, or behind a ticket */
    bool is_up, is_spoilt;
    bool has_spoilt; /* a record: nothing behind it counts */
    int error;       /* that the link ended with; 0: none */
    int taken;       /* the end that came with the ticket; -1: none */
} w;

/* ---- the node ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    (void)ctx;
    assert(!w.is_up && !up->is_dialler && kith_id_equal(&up->peer, &w.stranger->id));
    w.is_up = true;
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    (void)ctx, (void)link;
    assert(w.is_up && w.error == 0 && frame.size <= DOOR_FRAME_SIZE_MAX);
    kith_writer_u32(&w.heard, (uint32_t)frame.size);
    kith_writer_bytes(&w.heard, frame.data, frame.size);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    (void)ctx, (void)link;
    assert(w.is_up && w.error == 0 && error < 0);
    w.error = error;
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
    for (int i = 0; i < DOOR_STRANGERS; i++) {
        int error = kith_tls_identity_new(door_strangers[i].seed, &door_strangers[i].id,
                                          DOOR_ALPN, &w.identities[i]);
        assert(error == 0);
    }
    w.sink = (struct kith_tls_sink){.data = w.room, .capacity = sizeof(w.room)};
}

/* ---- the stranger ---- */

static void flush(void)
{
    if (w.sink.size > 0)
        send(w.fd, w.sink.data, w.sink.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    w.sink.size = 0;
}

static void come(int which, enum kith_tls_protocol protocol)
{
    static uint8_t bytes[KITH_TLS_RECORD_MAX];
    int error = kith_tls_init(&w.tls, w.identities[which], &w.sink, true, protocol, NULL);
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
    w.has_spoilt |= w.is_spoilt;
    if (!w.has_spoilt)
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

/* All frames that are whole and before a fault, and the link ends only by one. */
static void check_link(void)
{
    size_t size;
    int error = door_frames(kith_writer_view(&w.said), &size);
    if (error == 0 && w.has_spoilt)
        error = KITH_EPROTO;
    for (int i = 0; i < TURNS_MAX && (w.heard.size < size || w.error != error); i++)
        door_turn(&w.door);
    assert(w.is_up && w.taken < 0 && w.error == error && w.heard.size == size);
    assert(size == 0 || memcmp(w.heard.data, w.said.data, size) == 0);
}

/* A ticket that is whole is handed over. */
static void check_ticket(void)
{
    bool is_whole = w.said.size >= PREAMBLE_SIZE &&
                    memcmp(w.said.data, KITH_TICKET_MAGIC, KITH_TICKET_MAGIC_SIZE) == 0;
    for (int i = 0; i < TURNS_MAX && is_whole && w.taken < 0; i++)
        door_turn(&w.door);
    assert(!w.is_up && (w.taken >= 0) == is_whole);
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
    assert(w.is_up == (w.error != 0));
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
    int which = options & OPTION_OTHER ? 1 : 0;
    w.said = w.heard = kith_writer(&kith_alloc_heap);
    w.is_up = w.is_spoilt = w.has_spoilt = false;
    w.error = 0;
    w.taken = -1;
    w.stranger = &door_strangers[which];
    come(which, is_relay ? KITH_TLS_RELAY : KITH_TLS_LINK);
    if (options & OPTION_TICKET)
        say(kith_bytes(preamble, PREAMBLE_SIZE));
    w.is_spoilt = options & OPTION_SPOILT;
    say_all(&in);
    for (int i = 0; i < 4; i++)
        door_turn(&w.door);
    if (is_relay)
        check_ticket();
    else
        check_link();
    if (w.taken >= 0 && !w.has_spoilt)
        check_tunnel();
    leave();
}
