/* SPDX-License-Identifier: MIT */
/* Strangers at the door of a relay, before any TLS. Two connections come to a listener
 * that takes tickets, of which two are awaited; operations of a byte each say what is
 * sent, in which pieces, and who hangs up. Who shows a ticket hears the word and then
 * what the other sends, byte for byte, and nobody else does; in the end all of it, if
 * both are still there, though they may have ended. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reader.h"
#include "door.h"
#include "net/relay.h"

#define SIDES         2
#define PREAMBLE_SIZE (KITH_TICKET_MAGIC_SIZE + KITH_TICKET_SIZE)
#define SAID_MAX      2048 /* of a side */
#define TURNS_MAX     1000
#define COME_TURNS    4                /* what was said before has been heard then */
#define WAIT_MS       (60 * 60 * 1000) /* no input lasts so long */

static const char preambles[SIDES][PREAMBLE_SIZE + 1] = {
    KITH_TICKET_MAGIC "the first ticket has 32 bytes...",
    KITH_TICKET_MAGIC "the second one has as many bytes"};

struct side {
    int fd;
    uint8_t said[SAID_MAX], heard[SAID_MAX + 64];
    size_t said_size, heard_size;
    bool has_ended;
    bool is_cut; /* it had ended before the two were joined */
};

static struct world {
    struct door door;
    struct kith_relay *relay;
    struct side sides[SIDES];
    bool is_contested; /* both have shown the same ticket: one of them is hung up on */
    bool is_down;
} w;

/* ---- the relay ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    (void)ctx, (void)up;
    assert(false); /* nobody here has a key */
}

static void on_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    (void)ctx;
    kith_relay_take(w.relay, ticket, take_fd);
}

static void on_down(void *ctx)
{
    (void)ctx;
    w.is_down = true;
}

static void await_both(void)
{
    const struct kith_relay_config config = {.pairs_max = 1, .wait_ms = WAIT_MS};
    int error = kith_relay_new(&w.door.loop, &config, &w.relay);
    assert(error == 0);
    const char *a = preambles[0] + KITH_TICKET_MAGIC_SIZE;
    const char *b = preambles[1] + KITH_TICKET_MAGIC_SIZE;
    error = kith_relay_expect(w.relay, 1, (const uint8_t *)a, (const uint8_t *)b);
    assert(error == 0);
}

/* Until nothing is left of it; those at the door go with their connections. */
static void leave(void)
{
    w.is_down = false;
    kith_relay_shutdown(w.relay, on_down, NULL);
    for (int i = 0; !w.is_down || kith_net_counts(w.door.net).handshakes > 0; i++) {
        assert(i < TURNS_MAX);
        door_turn(&w.door);
    }
    kith_relay_free(w.relay);
}

/* ---- strangers ---- */

static void come(struct side *side)
{
    for (int i = 0; side->fd < 0 && side->said_size > 0 && i < COME_TURNS; i++)
        door_turn(&w.door);
    struct kith_relay_counts counts = kith_relay_counts(w.relay);
    if (side->fd >= 0 || counts.joined > 0 || counts.pairs == 0)
        return; /* nobody comes twice to one pair */
    *side = (struct side){.fd = -1};
    side->fd = door_knock(&w.door);
}

static void say(struct side *side, const void *bytes, size_t size)
{
    size = size < SAID_MAX - side->said_size ? size : SAID_MAX - side->said_size;
    if (side->fd < 0 || side->has_ended || size == 0 ||
        send(side->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return;
    memcpy(side->said + side->said_size, bytes, size);
    side->said_size += size;
}

static void hear(struct side *side)
{
    if (side->fd >= 0)
        side->heard_size += door_hear(side->fd, side->heard + side->heard_size,
                                      sizeof(side->heard) - side->heard_size);
}

/* Which ticket it has shown; -1: none of them. */
static int ticket_of(const struct side *side)
{
    for (int i = 0; i < SIDES; i++)
        if (side->said_size >= PREAMBLE_SIZE &&
            memcmp(side->said, preambles[i], PREAMBLE_SIZE) == 0)
            return i;
    return -1;
}

/* Without a ticket what is heard is TLS. */
static void check(const struct side *side, const struct side *other)
{
    int own = ticket_of(side), others = ticket_of(other);
    if (side->heard_size == 0)
        return;
    assert((own >= 0) == (side->heard[0] == KITH_TICKET_ACCEPTED));
    if (own < 0)
        return;
    assert(others >= 0 && own != others);
    size_t size = side->heard_size - 1;
    assert(size <= other->said_size - PREAMBLE_SIZE);
    assert(memcmp(side->heard + 1, other->said + PREAMBLE_SIZE, size) == 0);
}

static bool is_there(const struct side *side)
{
    return side->fd >= 0 && !side->is_cut && ticket_of(side) >= 0;
}

/* The word, and all that the other has said. */
static bool has_heard_all(const struct side *side, const struct side *other)
{
    return side->heard_size == 1 + other->said_size - PREAMBLE_SIZE;
}

/* Two with their tickets who stay are joined, and hear each other to the end. */
static void hear_out(void)
{
    struct side *a = &w.sides[0], *b = &w.sides[1];
    bool is_all = false;
    for (int i = 0; i < COME_TURNS; i++)
        door_turn(&w.door);
    bool is_joined = kith_relay_counts(w.relay).joined == 1;
    if (!is_there(a) || !is_there(b) || (w.is_contested && !is_joined))
        return;
    for (int i = 0; !is_all && i < TURNS_MAX; i++) {
        door_turn(&w.door);
        hear(a);
        hear(b);
        is_all = has_heard_all(a, b) && has_heard_all(b, a);
    }
    is_joined = kith_relay_counts(w.relay).joined == 1;
    assert(is_all && (is_joined || (a->has_ended && b->has_ended)));
}

/* What it has said stays, for the other to hear. */
static void go(struct side *side)
{
    if (side->fd >= 0)
        close(side->fd);
    side->fd = -1;
}

static void act(struct kith_reader *in)
{
    uint8_t op = kith_reader_u8(in);
    struct side *side = &w.sides[op >> 7];
    size_t size = (op >> 3 & 15) + 1;
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    switch (op & 7) {
    case 0:
        come(side);
        break;
    case 1: /* all of a ticket, or its beginning */
        say(side, preambles[op >> 6 & 1], PREAMBLE_SIZE);
        break;
    case 2:
        say(side, preambles[op >> 6 & 1], kith_reader_u8(in) % sizeof(preambles[0]));
        break;
    case 3:
    case 4:
        say(side, kith_reader_bytes(in, size), size);
        break;
    case 5:
        if (side->fd >= 0 && !side->has_ended)
            shutdown(side->fd, SHUT_WR);
        side->is_cut |= !side->has_ended && kith_relay_counts(w.relay).joined == 0;
        side->has_ended = side->fd >= 0;
        break;
    case 6:
        hear(&w.sides[0]);
        hear(&w.sides[1]);
        check(&w.sides[0], &w.sides[1]);
        check(&w.sides[1], &w.sides[0]);
        if (op & 0x40)
            go(side);
        break;
    default:
        door_turn(&w.door);
        break;
    }
}

void fuzz_input(const uint8_t *data, size_t size)
{
    static const struct kith_net_handler handler = {.up = on_up, .ticket = on_ticket};
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    if (w.door.net == NULL)
        door_open(&w.door, &handler);
    for (int i = 0; i < SIDES; i++)
        w.sides[i] = (struct side){.fd = -1};
    await_both();
    w.is_contested = false;
    while (kith_reader_left(&in) > 0) {
        act(&in);
        int tickets[SIDES] = {ticket_of(&w.sides[0]), ticket_of(&w.sides[1])};
        w.is_contested |= tickets[0] >= 0 && tickets[0] == tickets[1];
    }
    hear_out();
    for (int i = 0; i < SIDES; i++)
        hear(&w.sides[i]);
    for (int i = 0; i < SIDES; i++)
        check(&w.sides[i], &w.sides[1 - i]);
    for (int i = 0; i < SIDES; i++)
        go(&w.sides[i]);
    leave();
}
