/* SPDX-License-Identifier: MIT */
/* A long wire: what comes in at one interface leaves at the other, later.
 *
 *     delay_line NEAR FAR SEED
 *
 * Reads orders from stdin, a line each, and ends at its end:
 *     DELAY_US JITTER_US   each frame waits DELAY_US and up to JITTER_US more; at first 0
 * 0 Prints `ready`, and after each order `set`; at its end the frames it carried and
 * those that it had no room for.
 *
 * It stands in for the kernel's netem, which a test machine may lack. Jitter does not
 * change the order of frames: a wire never does, and TCP would take it for loss.
 *
 * Frames come and go by packet sockets, together with the header that tells of
 * offloading: so a segment of 64 KiB passes in one piece, and a checksum that was left to
 * the hardware stays so. A TUN device would need /dev/net/tun, which a test without root
 * may not open. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The largest segment that one host hands to the next, its headers included. */
#define FRAME_SIZE_MAX (sizeof(struct virtio_net_hdr) + ETH_HLEN + 65536)
/* Bytes under way in one direction: a gigabit per second for half a second. At the brim
 * the newcomer is dropped, as a router does. */
#define WAY_SIZE_MAX (64u * 1024 * 1024)
/* Frames taken in before those that are due have their turn. */
#define TURN_FRAMES_MAX 64
#define DELAY_US_MAX    60000000u
#define ORDER_SIZE_MAX  128

struct frame {
    struct frame *next;
    uint64_t due_us;
    size_t size;
    uint8_t bytes[];
};

/* One direction. Frames are owned, the next one due first. */
struct way {
    int from;
    int to;
    struct frame *first;
    struct frame *last;
    size_t size; /* bytes of all frames */
};

struct line {
    struct way ways[2];
    uint64_t delay_us;
    uint64_t jitter_us;
    uint64_t random; /* state of the generator; never 0 */
    uint64_t carried;
    uint64_t dropped;
    size_t order_size;
    char order[ORDER_SIZE_MAX];
    uint8_t buffer[FRAME_SIZE_MAX];
};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* xorshift64: the jitter of a seed is the same each time. */
static uint64_t draw(struct line *line)
{
    line->random ^= line->random << 13;
    line->random ^= line->random >> 7;
    line->random ^= line->random << 17;
    return line->random;
}

/* A socket on an interface, bound to it before it hears anything; negative on failure. */
static int open_end(const char *interface)
{
    const struct sockaddr_ll where = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)if_nametoindex(interface),
    };
    const int yes = 1;
    const int size = 8 * 1024 * 1024; /* as much of it as the machine allows */
    int end = where.sll_ifindex ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) : -1;
    if (end < 0)
        return -1;
    setsockopt(end, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (setsockopt(end, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) == 0 &&
        setsockopt(end, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) == 0 &&
        bind(end, (const struct sockaddr *)&where, sizeof where) == 0)
        return end;
    int error = errno;
    close(end);
    errno = error;
    return -1;
}

/* Put `size` bytes of the buffer at the end of the way. Frames keep their order whatever
 * their jitter. */
static void hold(struct line *line, struct way *way, size_t size)
{
    struct frame *frame =
        way->size + size <= WAY_SIZE_MAX ? malloc(sizeof *frame + size) : NULL;
    if (!frame) {
        line->dropped++;
        return;
    }
    frame->next = NULL;
    frame->size = size;
    frame->due_us = now_us() + line->delay_us;
    if (line->jitter_us)
        frame->due_us += draw(line) % (line->jitter_us + 1);
    if (way->first && frame->due_us < way->last->due_us)
        frame->due_us = way->last->due_us;
    memcpy(frame->bytes, line->buffer, size);
    if (way->first)
        way->last->next = frame;
    else
        way->first = frame;
    way->last = frame;
    way->size += size;
}

static void take_in(struct line *line, struct way *way)
{
    for (int i = 0; i < TURN_FRAMES_MAX; i++) {
        ssize_t size =
            recv(way->from, line->buffer, sizeof line->buffer, MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0)
            return; /* nothing more, or the interface is down: the next poll tells */
        if ((size_t)size > sizeof line->buffer)
            line->dropped++;
        else
            hold(line, way, (size_t)size);
    }
}

static void let_out(struct line *line, struct way *way)
{
    uint64_t now = now_us();
    while (way->first && way->first->due_us <= now) {
        struct frame *frame = way->first;
        if (send(way->to, frame->bytes, frame->size, 0) == (ssize_t)frame->size)
            line->carried++;
        else
            line->dropped++; /* the interface is down: so would a wire */
        way->first = frame->next;
        way->size -= frame->size;
        free(frame);
    }
}

/* What to wait for: NULL for ever, else `out` filled in. */
static const struct timespec *until_due(const struct line *line, struct timespec *out)
{
    uint64_t due = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
        const struct frame *first = line->ways[i].first;
        if (first && first->due_us < due)
            due = first->due_us;
    }
    if (due == UINT64_MAX)
        return NULL;
    uint64_t now = now_us();
    uint64_t left = due > now ? due - now : 0;
    *out = (struct timespec){(time_t)(left / 1000000), (long)(left % 1000000 * 1000)};
    return out;
}

static bool answer(const char *order, struct line *line)
{
    uint64_t delay, jitter;
    if (strcmp(order, "counts\n") == 0) {
        printf("counts %" PRIu64 " %" PRIu64 "\n", line->carried, line->dropped);
    } else if (sscanf(order, "%" SCNu64 " %" SCNu64, &delay, &jitter) == 2 &&
               delay <= DELAY_US_MAX && jitter <= DELAY_US_MAX) {
        line->delay_us = delay;
        line->jitter_us = jitter;
        printf("set\n");
    } else {
        fprintf(stderr, "delay_line: no order: %s", order);
        return false;
    }
    return fflush(stdout) == 0;
}

/* False at the end of orders, or at one that makes no sense. */
static bool read_orders(struct line *line)
{
    char text[ORDER_SIZE_MAX];
    ssize_t size = read(STDIN_FILENO, text, sizeof text);
    if (size <= 0)
        return false;
    for (ssize_t i = 0; i < size; i++) {
        if (line->order_size + 1 == sizeof line->order)
            return false;
        line->order[line->order_size++] = text[i];
        if (text[i] != '\n')
            continue;
        line->order[line->order_size] = '\0';
        line->order_size = 0;
        if (!answer(line->order, line))
            return false;
    }
    return true;
}

static void carry(struct line *line)
{
    struct pollfd polled[] = {
        {.fd = line->ways[0].from, .events = POLLIN},
        {.fd = line->ways[1].from, .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN},
    };
    for (;;) {
        struct timespec left;
        if (ppoll(polled, 3, until_due(line, &left), NULL) < 0 && errno != EINTR)
            return;
        if (polled[2].revents && !read_orders(line))
            return;
        for (int i = 0; i < 2; i++) {
            if (polled[i].revents)
                take_in(line, &line->ways[i]);
            let_out(line, &line->ways[i]);
        }
    }
}

static void drop_all(struct way *way)
{
    while (way->first) {
        struct frame *frame = way->first;
        way->first = frame->next;
        free(frame);
    }
}

int main(int argc, char **argv)
{
    struct line *line = calloc(1, sizeof *line);
    if (argc != 4 || !line) {
        fprintf(stderr, "usage: delay_line NEAR FAR SEED\n");
        return 2;
    }
    line->random = strtoull(argv[3], NULL, 10) | 1;
    int near = open_end(argv[1]);
    int far = open_end(argv[2]);
    if (near < 0 || far < 0) {
        perror("delay_line");
        return 1;
    }
    line->ways[0] = (struct way){.from = near, .to = far};
    line->ways[1] = (struct way){.from = far, .to = near};
    printf("ready\n");
    fflush(stdout);
    carry(line);
    for (int i = 0; i < 2; i++)
        drop_all(&line->ways[i]);
    close(near);
    close(far);
    free(line);
    return 0;
}
